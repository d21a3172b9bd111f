// remotemedia nodes: what the graphs can be made of.

#include "cli/program.h"
#include "cli/table.h"
#include "remotemedia/base/nearest.h"
#include "remotemedia/graph/graph.h"
#include "remotemedia/nodes/builtin.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia::cli {
namespace {

constexpr const char* kNodesExamples = R"(Examples:
  remotemedia nodes list
  remotemedia nodes describe AudioResampleNode
  remotemedia nodes schema > manifest.v1.schema.json)";

std::string describe_ports(const std::vector<Port>& ports) {
  std::vector<std::string> texts;
  for (const Port& port : ports) {
    std::vector<std::string> kinds;
    for (const PayloadKind kind : port.kinds) kinds.emplace_back(to_string(kind));
    const std::string what =
        kinds.empty() ? "anything" : fmt::format("{}", fmt::join(kinds, " or "));
    texts.push_back(port.name == "default" ? what : fmt::format("{}: {}", port.name, what));
  }
  return texts.empty() ? "none" : fmt::format("{}", fmt::join(texts, ", "));
}

/// What a parameter may be: its choices, or its range with the unit.
std::string describe_values(const ParameterSpec& spec) {
  if (!spec.choices.empty()) return fmt::format("{}", fmt::join(spec.choices, " | "));
  std::string text;
  const auto limit = [&](double value) { return to_json(limit_value(spec, value)); };
  if (spec.minimum && spec.maximum) {
    text = fmt::format("{}..{}", limit(*spec.minimum), limit(*spec.maximum));
  } else if (spec.minimum) {
    text = fmt::format("from {}", limit(*spec.minimum));
  } else if (spec.maximum) {
    text = fmt::format("up to {}", limit(*spec.maximum));
  }
  if (!spec.unit.empty()) text += (text.empty() ? "" : " ") + spec.unit;
  return text;
}

std::string describe_default(const ParameterSpec& spec) {
  if (spec.default_value) return to_json(*spec.default_value);
  return spec.nullable ? "null" : "required";
}

std::string describe_parameter(const ParameterSpec& spec) {
  if (spec.aliases.empty()) return spec.description;
  return fmt::format("{} Also: {}.", spec.description, fmt::join(spec.aliases, ", "));
}

void print_parameters(const NodeType& type, const Terminal& terminal) {
  if (type.parameters.empty()) {
    fmt::print("\nNo parameters.\n");
    return;
  }
  Table table({{"parameter"}, {"type"}, {"default"}, {"values"}, {"meaning"}});
  for (const ParameterSpec& spec : type.parameters) {
    table.add({spec.name, to_string(spec.type), describe_default(spec), describe_values(spec),
               describe_parameter(spec)});
  }
  fmt::print("\n{}", table.text(terminal));
}

void print_type(const NodeType& type) {
  const Terminal terminal(stdout);
  fmt::print("{}\n{}\n\n", terminal.strong(type.name),
             wrapped(type.summary, terminal.columns(), 0));
  Table facts({{""}, {""}});
  facts.add({"category", type.category});
  if (!type.aliases.empty()) {
    facts.add({"aliases", fmt::format("{}", fmt::join(type.aliases, ", "))});
  }
  facts.add({"input", describe_ports(type.inputs)});
  facts.add({"output", describe_ports(type.outputs)});
  facts.add({"runtimes", !type.make ? "python" : type.has_python ? "native, python" : "native"});
  fmt::print("{}", facts.text(terminal));
  print_parameters(type, terminal);
  if (type.metadata.empty()) return;
  Table metadata({{"metadata"}, {"meaning"}});
  for (const MetadataField& field : type.metadata) metadata.add({field.name, field.description});
  fmt::print("\n{}", metadata.text(terminal));
}

Value describe_all() {
  Value::Array types;
  for (const NodeType* type : builtin_nodes().types()) types.push_back(describe_node_type(*type));
  return types;
}

int list(bool json) {
  if (json) {
    Value::Array rows;
    for (const NodeType* type : builtin_nodes().types()) {
      rows.emplace_back(
          Object{{"name", type->name}, {"category", type->category}, {"summary", type->summary}});
    }
    fmt::print("{}\n", to_json(rows, 2));
    return success;
  }
  Table table({{"type"}, {"category"}, {"what it does"}});
  for (const NodeType* type : builtin_nodes().types()) {
    table.add({type->name, type->category, type->summary});
  }
  fmt::print("{}", table.text(Terminal(stdout)));
  return success;
}

int describe(const std::string& name, bool json) {
  const NodeType* type = builtin_nodes().find(name);
  if (type == nullptr) {
    throw UsageError(fmt::format("unknown node type '{}'", name),
                     did_you_mean(name, builtin_nodes().names()));
  }
  if (json) {
    fmt::print("{}\n", to_json(describe_node_type(*type), 2));
  } else {
    print_type(*type);
  }
  return success;
}

int describe_every(bool json) {
  if (json) {
    fmt::print("{}\n", to_json(describe_all(), 2));
    return success;
  }
  const char* separator = "";
  for (const NodeType* type : builtin_nodes().types()) {
    fmt::print("{}", std::exchange(separator, "\n\n"));
    print_type(*type);
  }
  return success;
}

void add_describe(CLI::App& nodes, Program& program) {
  CLI::App* command = nodes.add_subcommand("describe", "Ports, parameters and metadata of a type");
  command->group("Commands");
  const auto name = std::make_shared<std::string>();
  const auto all = std::make_shared<bool>(false);
  command->add_option("NAME", *name, "Node type")->option_text(" ");
  command->add_flag("--all", *all, "Every type");
  command->add_flag("--json", program.json, "Print JSON");
  command->callback([name, all, &program] {
    program.command = [name, all, &program] {
      if (name->empty() != *all) throw UsageError("nodes describe takes a NAME or --all");
      return *all ? describe_every(program.json) : describe(*name, program.json);
    };
  });
}

}  // namespace

void add_nodes_command(CLI::App& app, Program& program) {
  CLI::App* nodes = app.add_subcommand("nodes", "List and describe the node types");
  nodes->group("Commands")->footer(kNodesExamples);
  CLI::App* all = nodes->add_subcommand("list", "One line per node type");
  all->group("Commands");
  all->add_flag("--json", program.json, "Print JSON");
  all->callback([&program] { program.command = [&program] { return list(program.json); }; });
  add_describe(*nodes, program);
  CLI::App* schema = nodes->add_subcommand("schema", "JSON Schema of the manifest");
  schema->group("Commands");
  schema->add_flag("--json", program.json, "Is JSON anyway");
  schema->callback([&program] {
    program.command = [] {
      fmt::print("{}\n", to_json(manifest_schema(builtin_nodes()), 2));
      return success;
    };
  });
}

}  // namespace remotemedia::cli
