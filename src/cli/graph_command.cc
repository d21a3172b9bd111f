// remotemedia graph: a picture of a graph.

#include "cli/graph_drawing.h"
#include "cli/graph_source.h"
#include "cli/program.h"
#include "cli/terminal.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>
#include <string>

namespace remotemedia::cli {
namespace {

constexpr const char* kGraphExamples = R"(Examples:
  remotemedia graph speech.yaml
  remotemedia graph speech.yaml --mermaid          for a Markdown page
  remotemedia graph speech.yaml --dot | dot -Tsvg > speech.svg)";

struct PictureOptions {
  std::string path;
  bool mermaid = false;
  bool dot = false;
};

void print_drawing(const Graph& graph) {
  const Terminal terminal(stdout);
  fmt::print("{}, {}\n\n{}", terminal.strong(graph.name()), counted(graph.nodes().size(), "node"),
             draw_graph(graph, terminal));
}

int draw(const PictureOptions& options, Program& program) {
  if (int{options.mermaid} + int{options.dot} + int{program.json} > 1) {
    throw UsageError("--mermaid, --dot and --json exclude each other", "give one of them");
  }
  const GraphSource source = load_graph(options.path, program);
  if (options.mermaid) {
    fmt::print("{}", to_mermaid(*source.graph));
  } else if (options.dot) {
    fmt::print("{}", to_dot(*source.graph));
  } else if (program.json) {
    fmt::print("{}\n", to_json(graph_to_value(*source.graph), 2));
  } else {
    print_drawing(*source.graph);
  }
  return success;
}

}  // namespace

void add_graph_command(CLI::App& app, Program& program) {
  CLI::App* command = app.add_subcommand("graph", "Draw a graph");
  command->group("Commands")->footer(kGraphExamples);
  const auto options = std::make_shared<PictureOptions>();
  add_graph_argument(*command, options->path);
  command->add_flag("--mermaid", options->mermaid, "Print a Mermaid flowchart");
  command->add_flag("--dot", options->dot, "Print a Graphviz digraph");
  command->add_flag("--json", program.json, "Print nodes, connections and formats as JSON");
  command->callback([options, &program] {
    program.command = [options, &program] { return draw(*options, program); };
  });
}

}  // namespace remotemedia::cli
