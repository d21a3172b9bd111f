#include "remotemedia/graph/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace remotemedia {
namespace {

std::string replace_all(std::string text,
                        const std::vector<std::pair<std::string_view, std::string_view>>& pairs) {
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t taken = 1;
    std::string_view by = std::string_view(text).substr(i, 1);
    for (const auto& [from, to] : pairs) {
      if (std::string_view(text).substr(i).starts_with(from)) {
        taken = from.size();
        by = to;
        break;
      }
    }
    result += by;
    i += taken;
  }
  return result;
}

// The id, the type, then each parameter that is not its default.
std::vector<std::string> label_lines(const GraphNode& node) {
  std::vector<std::string> lines{node.id, node.type.name};
  for (const auto& [name, value] : node.parameters.values()) {
    const auto spec = std::ranges::find(node.type.parameters, name, &ParameterSpec::name);
    const bool is_default =
        spec != node.type.parameters.end() && spec->default_value.value_or(Value()) == value;
    if (!is_default) lines.push_back(fmt::format("{}={}", name, to_json(value)));
  }
  if (node.runtime == Runtime::python) lines.emplace_back("python");
  return lines;
}

// What is known of the audio on an edge, and the ports that are not the default ones.
std::string edge_label(const Graph& graph, const Edge& edge) {
  const GraphNode& from = graph.nodes()[edge.from];
  const GraphNode& to = graph.nodes()[edge.to];
  std::string label;
  if (edge.output_port != 0 || edge.input_port != 0) {
    label = fmt::format("{} to {}", from.type.outputs[edge.output_port].name,
                        to.type.inputs[edge.input_port].name);
  } else if (from.output.rate > 0) {
    label = fmt::format("{} Hz", from.output.rate);
    if (from.output.sample_format_known)
      label += fmt::format(" {}", to_string(from.output.sample_format));
  }
  return label;
}

std::string join_lines(const std::vector<std::string>& lines, std::string_view separator,
                       const std::vector<std::pair<std::string_view, std::string_view>>& escapes) {
  std::string text;
  for (const std::string& line : lines) {
    if (!text.empty()) text += separator;
    text += replace_all(line, escapes);
  }
  return text;
}

}  // namespace

std::string to_mermaid(const Graph& graph) {
  std::string text = "flowchart LR\n";
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    const std::string label =
        join_lines(label_lines(graph.nodes()[i]), "<br/>",
                   {{"\"", "#quot;"}, {"<", "#lt;"}, {">", "#gt;"}, {"#", "#35;"}});
    text += fmt::format("  n{}[\"{}\"]\n", i, label);
  }
  for (const GraphNode& node : graph.nodes()) {
    for (const Edge& edge : node.outgoing) {
      const std::string label = edge_label(graph, edge);
      text += label.empty() ? fmt::format("  n{} --> n{}\n", edge.from, edge.to)
                            : fmt::format("  n{} -->|\"{}\"| n{}\n", edge.from, label, edge.to);
    }
  }
  return text;
}

std::string to_dot(const Graph& graph) {
  const std::vector<std::pair<std::string_view, std::string_view>> escapes{{"\\", "\\\\"},
                                                                           {"\"", "\\\""}};
  std::string text =
      fmt::format("digraph \"{}\" {{\n  rankdir=LR;\n  node [shape=box, style=rounded];\n",
                  replace_all(graph.name(), escapes));
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    text += fmt::format("  n{} [label=\"{}\"];\n", i,
                        join_lines(label_lines(graph.nodes()[i]), "\\n", escapes));
  }
  for (const GraphNode& node : graph.nodes()) {
    for (const Edge& edge : node.outgoing) {
      text += fmt::format("  n{} -> n{} [label=\"{}\"];\n", edge.from, edge.to,
                          replace_all(edge_label(graph, edge), escapes));
    }
  }
  return text + "}\n";
}

}  // namespace remotemedia
