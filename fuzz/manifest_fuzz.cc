// Any text either gives an error of ours or a graph that could run.

#include "fuzz/expect.h"
#include "remotemedia/base/error.h"
#include "remotemedia/graph/graph.h"
#include "remotemedia/nodes/builtin.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace remotemedia::fuzz {
namespace {

void check_order(const Graph& graph) {
  std::vector<std::size_t> position(graph.nodes().size(), graph.nodes().size());
  for (std::size_t i = 0; i < graph.order().size(); ++i) position[graph.order()[i]] = i;
  expect(graph.order().size() == graph.nodes().size(), "every node is in the order once");
  expect(std::ranges::find(position, graph.nodes().size()) == position.end(),
         "no node is in the order twice");
  for (const GraphNode& node : graph.nodes()) {
    for (const Edge& edge : node.outgoing) {
      expect(position[edge.from] < position[edge.to], "a node runs after those it hears from");
      expect(edge.output_port < node.type.outputs.size(), "an edge leaves by a port");
      expect(edge.input_port < graph.nodes()[edge.to].type.inputs.size(), "it ends at a port");
    }
  }
}

void check_ends(const Graph& graph) {
  const auto is_in = [](const std::vector<std::size_t>& list, std::size_t i) {
    return std::ranges::find(list, i) != list.end();
  };
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    const GraphNode& node = graph.nodes()[i];
    expect(is_in(graph.sources(), i) == node.type.is_source(), "the sources have no input");
    const bool fed = !node.incoming.empty() || node.type.is_source();
    expect(is_in(graph.inputs(), i) != fed, "a node is fed by the session, or by others");
    for (const ParameterSpec& spec : node.type.parameters) {
      expect(node.parameters.values().contains(spec.name), "every parameter has a value");
    }
  }
}

// A graph is written as v1, whatever it was read from, and that text means the same graph.
void check_text_form(const Manifest& manifest, const Graph& graph) {
  const std::string text = to_json(manifest_to_value(manifest));
  if (text.size() > kMaxDocumentBytes) return;
  const auto again = Graph::build(parse_manifest(text, TextFormat::json), builtin_nodes());
  expect(again->name() == graph.name() && again->order() == graph.order(), "the text is the graph");
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    expect(again->nodes()[i].parameters.values() == graph.nodes()[i].parameters.values(),
           "the text keeps parameters");
  }
}

void check(std::string_view text) {
  Manifest manifest;
  std::shared_ptr<const Graph> graph;
  try {
    manifest = parse_manifest(text, guess_format("", text));
    graph = Graph::build(manifest, builtin_nodes());
  } catch (const Error& error) {
    expect(error.what() != std::string_view(), "an error says what is wrong");
    return;
  }
  check_order(*graph);
  check_ends(*graph);
  check_text_form(manifest, *graph);
  expect(!to_mermaid(*graph).empty() && !to_dot(*graph).empty(), "a graph can be drawn");
}

}  // namespace
}  // namespace remotemedia::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  remotemedia::fuzz::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
