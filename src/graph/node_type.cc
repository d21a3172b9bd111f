#include "remotemedia/graph/node_type.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace remotemedia {

void NodeRegistry::add(NodeType type) {
  const auto is_taken = [&](const std::string& name) {
    return types_.contains(name) || aliases_.contains(name);
  };
  if (is_taken(type.name)) throw std::logic_error("node type registered twice: " + type.name);
  for (const std::string& alias : type.aliases) {
    if (is_taken(alias) || alias == type.name) {
      throw std::logic_error("node alias registered twice: " + alias);
    }
    aliases_.emplace(alias, type.name);
  }
  std::string name = type.name;
  types_.emplace(std::move(name), std::move(type));
}

const NodeType* NodeRegistry::find(std::string_view name) const {
  if (const auto it = types_.find(name); it != types_.end()) return &it->second;
  const auto alias = aliases_.find(name);
  return alias == aliases_.end() ? nullptr : &types_.find(alias->second)->second;
}

std::vector<const NodeType*> NodeRegistry::types() const {
  std::vector<const NodeType*> all;
  for (const auto& [name, type] : types_) all.push_back(&type);
  return all;
}

std::vector<std::string> NodeRegistry::names() const {
  std::vector<std::string> all;
  for (const auto& [name, type] : types_) all.push_back(name);
  for (const auto& [alias, name] : aliases_) all.push_back(alias);
  std::ranges::sort(all);
  return all;
}

namespace {

const char* to_string(MetadataMerge merge) {
  static constexpr const char* kNames[] = {"last", "any", "sum", "concat", "concat_intervals"};
  return kNames[static_cast<std::size_t>(merge)];
}

Value names_of(const std::vector<std::string>& names) {
  return Value::Array(names.begin(), names.end());
}

Value describe(const std::vector<Port>& ports) {
  Value::Array list;
  for (const Port& port : ports) {
    Value::Array kinds;
    for (const PayloadKind kind : port.kinds) kinds.emplace_back(remotemedia::to_string(kind));
    list.emplace_back(Object{{"name", port.name}, {"kinds", std::move(kinds)}});
  }
  return list;
}

Value describe(const ParameterSpec& spec) {
  Object object{
      {"name", spec.name}, {"type", to_string(spec.type)}, {"description", spec.description}};
  if (spec.default_value) object.set("default", *spec.default_value);
  if (spec.minimum) object.set("minimum", limit_value(spec, *spec.minimum));
  if (spec.maximum) object.set("maximum", limit_value(spec, *spec.maximum));
  if (!spec.choices.empty()) object.set("choices", names_of(spec.choices));
  if (!spec.unit.empty()) object.set("unit", spec.unit);
  if (!spec.aliases.empty()) object.set("aliases", names_of(spec.aliases));
  if (spec.nullable) object.set("nullable", true);
  return object;
}

}  // namespace

Value describe_node_type(const NodeType& type) {
  Value::Array parameters;
  for (const ParameterSpec& spec : type.parameters) parameters.push_back(describe(spec));
  Value::Array refused;
  for (const RefusedParameter& parameter : type.refused_parameters) {
    refused.emplace_back(Object{{"name", parameter.name}, {"hint", parameter.hint}});
  }
  Value::Array metadata;
  for (const MetadataField& field : type.metadata) {
    metadata.emplace_back(Object{{"name", field.name},
                                 {"description", field.description},
                                 {"merge", to_string(field.merge)},
                                 {"counts_from_clip", field.counts_from_clip}});
  }
  Value::Array runtimes;
  if (type.make) runtimes.emplace_back("native");
  if (type.has_python) runtimes.emplace_back("python");
  return Object{{"name", type.name},
                {"summary", type.summary},
                {"category", type.category},
                {"aliases", names_of(type.aliases)},
                {"inputs", describe(type.inputs)},
                {"outputs", describe(type.outputs)},
                {"parameters", std::move(parameters)},
                {"refused_parameters", std::move(refused)},
                {"metadata", std::move(metadata)},
                {"continuous", type.continuous},
                {"streaming", type.streaming},
                {"offloaded", type.offloaded},
                {"repeatable", type.repeatable},
                {"runtimes", std::move(runtimes)}};
}

}  // namespace remotemedia
