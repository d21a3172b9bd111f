#include "cli/graph_source.h"

#include "cli/text_input.h"
#include "remotemedia/graph/document.h"
#include "remotemedia/nodes/builtin.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <utility>

namespace remotemedia::cli {
namespace {

Value format_to_value(const StreamFormat& format) {
  const auto known = [](int number) { return number == 0 ? Value() : Value(number); };
  return Object{
      {"kind", format.kind == PayloadKind::none ? Value() : Value(to_string(format.kind))},
      {"sample_rate", known(format.rate)},
      {"channels", known(format.channels)},
      {"sample_format",
       format.sample_format_known ? Value(to_string(format.sample_format)) : Value()}};
}

Value node_to_value(const GraphNode& node) {
  return Object{{"id", node.id},
                {"node_type", node.type.name},
                {"runtime", to_string(node.runtime)},
                {"runtime_reason", node.runtime_reason},
                {"params", node.parameters.values()},
                {"input", format_to_value(node.input)},
                {"output", format_to_value(node.output)}};
}

Value edge_to_value(const Graph& graph, const Edge& edge) {
  const GraphNode& from = graph.nodes()[edge.from];
  const GraphNode& to = graph.nodes()[edge.to];
  return Object{{"from", from.id},
                {"to", to.id},
                {"output_port", from.type.outputs[edge.output_port].name},
                {"input_port", to.type.inputs[edge.input_port].name}};
}

Value ids(const Graph& graph, const std::vector<std::size_t>& indices) {
  Value::Array names;
  for (const std::size_t index : indices) names.emplace_back(graph.nodes()[index].id);
  return names;
}

}  // namespace

void add_graph_argument(CLI::App& command, std::string& path) {
  command.add_option("GRAPH", path, "Manifest of the graph, JSON or YAML; - reads standard input")
      ->required()
      ->option_text(" ");
}

GraphSource load_graph(const std::string& path, Program& program) {
  const std::string text = read_manifest_text(path);
  program.subject = path == "-" ? "standard input" : path;
  GraphSource source;
  source.manifest = parse_manifest(text, guess_format(path, text));
  // Before the graph is built: they may explain why it cannot be.
  for (const std::string& warning : source.manifest.warnings) report_warning(warning);
  source.graph = Graph::build(source.manifest, builtin_nodes());
  program.subject.clear();
  return source;
}

Object graph_to_value(const Graph& graph) {
  Value::Array nodes;
  Value::Array connections;
  for (const GraphNode& node : graph.nodes()) {
    nodes.push_back(node_to_value(node));
    for (const Edge& edge : node.outgoing) connections.push_back(edge_to_value(graph, edge));
  }
  Value::Array warnings(graph.warnings().begin(), graph.warnings().end());
  return Object{{"name", graph.name()},
                {"nodes", std::move(nodes)},
                {"connections", std::move(connections)},
                {"execution_order", ids(graph, graph.order())},
                {"inputs", ids(graph, graph.inputs())},
                {"sources", ids(graph, graph.sources())},
                {"outputs", ids(graph, graph.outputs())},
                {"continuous", graph.continuous()},
                {"warnings", std::move(warnings)}};
}

std::string describe_format(const StreamFormat& format) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (format.rate != 0) add(fmt::format("{} Hz", format.rate));
  if (format.channels != 0) add(counted(static_cast<std::uint64_t>(format.channels), "channel"));
  if (format.sample_format_known) add(to_string(format.sample_format));
  if (text.empty() && format.kind != PayloadKind::none) add(to_string(format.kind));
  return text;
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace remotemedia::cli
