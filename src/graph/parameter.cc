#include "remotemedia/graph/parameter.h"

#include "graph/ascii.h"
#include "graph/shown.h"
#include "remotemedia/base/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace remotemedia {
namespace {

template <typename T>
const T& expect(const T* value, std::string_view name) {
  if (value == nullptr) {
    throw std::logic_error(fmt::format("parameter '{}' was read as another type", name));
  }
  return *value;
}

bool same_text(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, ascii_lower, ascii_lower);
}

std::string expectation(const ParameterSpec& spec) {
  std::string text;
  if (!spec.choices.empty()) {
    text = fmt::format("one of {}", fmt::join(spec.choices, ", "));
  } else if (spec.minimum && spec.maximum) {
    text = fmt::format("{}..{}", *spec.minimum, *spec.maximum);
  } else if (spec.minimum) {
    text = fmt::format("at least {}", *spec.minimum);
  } else if (spec.maximum) {
    text = fmt::format("at most {}", *spec.maximum);
  } else {
    text = fmt::format("a value of type {}", to_string(spec.type));
  }
  if (!spec.unit.empty()) text += " " + spec.unit;
  if (spec.nullable) text += ", or null";
  return text;
}

// The system would take the part before a NUL for the name of another file.
bool can_be_path(std::string_view text) {
  return !text.empty() && text.find('\0') == std::string_view::npos;
}

// The value as the table's type, if it can be.
std::optional<Value> converted(const ParameterSpec& spec, const Value& given) {
  if (given.is_null() && spec.nullable) return given;
  switch (spec.type) {
    case ParameterType::any:
      return given;
    case ParameterType::boolean:
      if (given.as_bool() != nullptr) return given;
      return std::nullopt;
    case ParameterType::integer: {
      if (given.as_int() != nullptr) return given;
      const double* number = given.as_double();
      // Beyond 2^53 a double no longer says which integer was meant.
      if (number != nullptr && std::trunc(*number) == *number && std::fabs(*number) < 9e15) {
        return static_cast<std::int64_t>(*number);
      }
      return std::nullopt;
    }
    case ParameterType::number:
      if (given.is_number() && std::isfinite(given.number())) return given.number();
      return std::nullopt;
    case ParameterType::string:
    case ParameterType::path: {
      const String* text = given.as_string();
      if (text == nullptr || (spec.type == ParameterType::path && !can_be_path(*text))) {
        return std::nullopt;
      }
      if (spec.choices.empty()) return given;
      const auto choice = std::ranges::find_if(
          spec.choices, [&](const std::string& c) { return same_text(c, *text); });
      if (choice == spec.choices.end()) return std::nullopt;
      return Value(*choice);
    }
  }
  return std::nullopt;
}

bool in_range(const ParameterSpec& spec, const Value& value) {
  if (!value.is_number()) return true;
  const double number = value.number();
  if (spec.minimum && number < *spec.minimum) return false;
  if (spec.maximum && number > *spec.maximum) return false;
  // Node code reads integers as int.
  return spec.type != ParameterType::integer ||
         std::fabs(number) <= std::numeric_limits<int>::max();
}

const ParameterSpec* find_spec(const std::vector<ParameterSpec>& table, std::string_view name) {
  const auto it = std::ranges::find_if(table, [&](const ParameterSpec& spec) {
    return spec.name == name || std::ranges::find(spec.aliases, name) != spec.aliases.end();
  });
  return it == table.end() ? nullptr : &*it;
}

ParameterProblem unknown_parameter(const std::vector<ParameterSpec>& table,
                                   const std::vector<RefusedParameter>& refused,
                                   const std::string& name) {
  ParameterProblem problem{name, fmt::format("unknown parameter '{}'", name), {}};
  const auto known_mistake = std::ranges::find(refused, name, &RefusedParameter::name);
  if (known_mistake != refused.end()) {
    problem.hint = known_mistake->hint;
  } else if (table.empty()) {
    problem.hint = "this node type takes no parameters";
  } else {
    std::vector<std::string> names;
    for (const ParameterSpec& spec : table) names.push_back(spec.name);
    problem.hint = did_you_mean(name, names);
  }
  return problem;
}

// `name` is the second name of the parameter in `given`; one of the two is an alias.
ParameterProblem given_twice(const ParameterSpec& spec, const Object& given,
                             const std::string& name) {
  const auto first = std::ranges::find_if(given, [&](const Object::Member& member) {
    return std::ranges::find(spec.aliases, std::string_view(member.first)) != spec.aliases.end();
  });
  return {name,
          fmt::format("'{}' is given twice, as '{}' too", spec.name,
                      name == spec.name ? std::string_view(first->first) : name),
          fmt::format("keep {}", spec.name)};
}

std::optional<ParameterProblem> take_given(const std::vector<ParameterSpec>& table,
                                           const std::vector<RefusedParameter>& refused,
                                           const Object& given, Object& checked) {
  for (const auto& [given_name, value] : given) {
    const std::string name(given_name);
    const ParameterSpec* spec = find_spec(table, name);
    if (spec == nullptr) return unknown_parameter(table, refused, name);
    if (checked.contains(spec->name)) return given_twice(*spec, given, name);
    const std::optional<Value> accepted = converted(*spec, value);
    if (!accepted || !in_range(*spec, *accepted)) {
      return ParameterProblem{
          name, fmt::format("{} is {}, expected {}", name, shown(value), expectation(*spec)), {}};
    }
    checked.set(spec->name, *accepted);
  }
  return std::nullopt;
}

}  // namespace

Value limit_value(const ParameterSpec& spec, double limit) {
  return spec.type == ParameterType::integer ? Value(static_cast<std::int64_t>(limit))
                                             : Value(limit);
}

const char* to_string(ParameterType type) {
  static constexpr const char* kNames[] = {"boolean", "integer", "number", "string", "path", "any"};
  return kNames[static_cast<std::size_t>(type)];
}

bool Parameters::boolean(std::string_view name) const {
  return expect(value(name).as_bool(), name);
}

int Parameters::integer(std::string_view name) const {
  return static_cast<int>(expect(value(name).as_int(), name));
}

double Parameters::number(std::string_view name) const {
  return expect(value(name).as_double(), name);
}

std::string Parameters::string(std::string_view name) const {
  return std::string(expect(value(name).as_string(), name));
}

const Value& Parameters::value(std::string_view name) const {
  return expect(values_.find(name), name);
}

std::optional<Parameters> check_parameters(const std::vector<ParameterSpec>& table,
                                           const std::vector<RefusedParameter>& refused,
                                           const Object& given, ParameterProblem* problem) {
  Object checked;
  if (auto found = take_given(table, refused, given, checked)) {
    *problem = *std::move(found);
    return std::nullopt;
  }
  Object complete;  // in the order of the table
  for (const ParameterSpec& spec : table) {
    if (const Value* value = checked.find(spec.name)) {
      complete.set(spec.name, *value);
    } else if (spec.default_value || spec.nullable) {
      const Value absent = spec.default_value.value_or(nullptr);
      complete.set(spec.name, converted(spec, absent).value_or(absent));  // 2 as a number is 2.0
    } else {
      *problem = {spec.name, fmt::format("parameter '{}' is missing", spec.name),
                  fmt::format("{}; expected {}", spec.description, expectation(spec))};
      return std::nullopt;
    }
  }
  return Parameters(std::move(complete));
}

namespace {

Value spec_schema(const ParameterSpec& spec) {
  Object schema;
  if (spec.type != ParameterType::any) {
    const char* type = spec.type == ParameterType::path ? "string" : to_string(spec.type);
    schema.set("type", spec.nullable ? Value(Value::Array{type, "null"}) : Value(type));
  }
  schema.set("description", spec.description);
  if (!spec.choices.empty()) {
    Value::Array choices(spec.choices.begin(), spec.choices.end());
    if (spec.nullable) choices.emplace_back(nullptr);
    schema.set("enum", std::move(choices));
  }
  if (spec.minimum) schema.set("minimum", limit_value(spec, *spec.minimum));
  if (spec.maximum) schema.set("maximum", limit_value(spec, *spec.maximum));
  if (spec.default_value) schema.set("default", *spec.default_value);
  return schema;
}

}  // namespace

Value parameter_schema(const std::vector<ParameterSpec>& table) {
  Object properties;
  Value::Array required;
  for (const ParameterSpec& spec : table) {
    properties.set(spec.name, spec_schema(spec));
    for (const std::string& alias : spec.aliases) {
      Value schema = spec_schema(spec);
      schema.as_object()->set("description", fmt::format("Alias of {}.", spec.name));
      properties.set(alias, std::move(schema));
    }
    if (!spec.default_value && !spec.nullable && spec.aliases.empty()) {
      required.emplace_back(spec.name);
    }
  }
  Object schema{{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) schema.set("required", std::move(required));
  schema.set("additionalProperties", false);
  return schema;
}

}  // namespace remotemedia
