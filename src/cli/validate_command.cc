// remotemedia validate: everything about a graph that can be known before it runs.

#include "cli/graph_source.h"
#include "cli/program.h"
#include "cli/table.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>
#include <string>

namespace remotemedia::cli {
namespace {

constexpr const char* kValidateExamples = R"(Examples:
  remotemedia validate speech.yaml
  remotemedia validate speech.yaml --json | jq .execution_order

Exit code 0 if the graph can run here, 1 if not.)";

void print_json(const Graph& graph) {
  Object result{{"status", "ok"}};
  result.set("node_count", graph.nodes().size());
  const Object facts = graph_to_value(graph);
  for (const auto& [name, value] : facts) result.set(name, value);
  fmt::print("{}\n", to_json(result, 2));
}

void print_text(const Graph& graph) {
  const Terminal terminal(stdout);
  fmt::print("{}: graph '{}', {}\n\n", terminal.good("ok"), graph.name(),
             counted(graph.nodes().size(), "node"));
  Table table({{"order", Table::Align::right}, {"node"}, {"type"}, {"runtime"}, {"output"}});
  for (std::size_t i = 0; i < graph.order().size(); ++i) {
    const GraphNode& node = graph.nodes()[graph.order()[i]];
    table.add({std::to_string(i + 1), node.id, node.type.name, to_string(node.runtime),
               describe_format(node.output)});
  }
  fmt::print("{}", table.text(terminal));
}

}  // namespace

void add_validate_command(CLI::App& app, Program& program) {
  CLI::App* command = app.add_subcommand("validate", "Check a graph without running it");
  command->group("Commands")->footer(kValidateExamples);
  const auto path = std::make_shared<std::string>();
  add_graph_argument(*command, *path);
  command->add_flag("--json", program.json, "Print one JSON object");
  command->callback([path, &program] {
    program.command = [path, &program] {
      const GraphSource source = load_graph(*path, program);
      program.json ? print_json(*source.graph) : print_text(*source.graph);
      return success;
    };
  });
}

}  // namespace remotemedia::cli
