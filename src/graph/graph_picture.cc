#include "graph/shown.h"
#include "remotemedia/graph/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace remotemedia {
namespace {

/// What stands for a character that the picture's language reads as its own.
using Escapes = std::map<char, std::string_view>;

const Escapes& mermaid_escapes() {
  static const Escapes escapes{{'"', "#quot;"}, {'<', "#lt;"}, {'>', "#gt;"}, {'#', "#35;"}};
  return escapes;
}

const Escapes& dot_escapes() {
  static const Escapes escapes{{'\\', "\\\\"}, {'"', "\\\""}};
  return escapes;
}

std::string escaped(std::string_view text, const Escapes& escapes) {
  std::string result;
  for (const char c : text) {
    const auto escape = escapes.find(c);
    if (escape == escapes.end()) {
      result += c;
    } else {
      result += escape->second;
    }
  }
  return result;
}

// A default of 2 is the same as the 2.0 that checking made of it.
bool is_default(const ParameterSpec& spec, const Value& value) {
  const Value absent = spec.default_value.value_or(nullptr);
  if (absent.is_number() && value.is_number()) return absent.number() == value.number();
  return absent == value;
}

// The id, the type, then each parameter that is not its default.
std::vector<std::string> label_lines(const GraphNode& node) {
  std::vector<std::string> lines{node.id, node.type.name};
  for (const auto& [name, value] : node.parameters.values()) {
    const auto spec =
        std::ranges::find(node.type.parameters, std::string_view(name), &ParameterSpec::name);
    if (spec != node.type.parameters.end() && is_default(*spec, value)) continue;
    lines.push_back(fmt::format("{}={}", name, shown(value)));
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
    if (from.output.sample_format_known) {
      label += fmt::format(" {}", to_string(from.output.sample_format));
    }
  }
  return label;
}

std::string join_lines(const std::vector<std::string>& lines, std::string_view separator,
                       const Escapes& escapes) {
  std::string text;
  for (const std::string& line : lines) {
    if (!text.empty()) text += separator;
    text += escaped(line, escapes);
  }
  return text;
}

}  // namespace

std::string to_mermaid(const Graph& graph) {
  std::string text = "flowchart LR\n";
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    const std::string label = join_lines(label_lines(graph.nodes()[i]), "<br/>", mermaid_escapes());
    text += fmt::format("  n{}[\"{}\"]\n", i, label);
  }
  for (const GraphNode& node : graph.nodes()) {
    for (const Edge& edge : node.outgoing) {
      const std::string label = escaped(edge_label(graph, edge), mermaid_escapes());
      text += label.empty() ? fmt::format("  n{} --> n{}\n", edge.from, edge.to)
                            : fmt::format("  n{} -->|\"{}\"| n{}\n", edge.from, label, edge.to);
    }
  }
  return text;
}

std::string to_dot(const Graph& graph) {
  std::string text =
      fmt::format("digraph \"{}\" {{\n  rankdir=LR;\n  node [shape=box, style=rounded];\n",
                  escaped(graph.name(), dot_escapes()));
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    text += fmt::format("  n{} [label=\"{}\"];\n", i,
                        join_lines(label_lines(graph.nodes()[i]), "\\n", dot_escapes()));
  }
  for (const GraphNode& node : graph.nodes()) {
    for (const Edge& edge : node.outgoing) {
      text += fmt::format("  n{} -> n{} [label=\"{}\"];\n", edge.from, edge.to,
                          escaped(edge_label(graph, edge), dot_escapes()));
    }
  }
  return text + "}\n";
}

}  // namespace remotemedia
