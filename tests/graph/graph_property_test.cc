// 1,000 random graphs against oracles: the order that the definition asks for, and all paths.

#include "graph/dice.h"
#include "graph/fakes.h"
#include "remotemedia/base/error.h"
#include "remotemedia/graph/graph.h"
#include "remotemedia/graph/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia {
namespace {

constexpr unsigned kGraphs = 1'000;

using test::Dice;

using Successors = std::map<std::string, std::vector<std::string>>;

/// A manifest, and what an oracle needs to know of it.
struct RandomGraph {
  Manifest manifest;
  Successors successors;
  std::map<std::string, std::size_t> predecessors;  ///< how many
};

// Edges lead from a lower to a higher number, so there is no cycle; the manifest shows neither.
RandomGraph random_graph(Dice& dice) {
  RandomGraph graph;
  const std::size_t count = 1 + dice.below(12);
  const std::size_t density = 1 + dice.below(4);
  std::vector<ManifestNode> nodes;
  std::vector<ManifestConnection> connections;
  for (std::size_t to = 0; to < count; ++to) {
    const std::string id = "n" + std::to_string(to);
    graph.predecessors[id] = 0;
    for (std::size_t from = 0; from < to; ++from) {
      if (dice.below(4) >= density || dice.below(3) == 0) continue;
      const std::string source = "n" + std::to_string(from);
      connections.push_back(test::wire(source, id));
      graph.successors[source].push_back(id);
      ++graph.predecessors[id];
    }
    const bool starts = graph.predecessors[id] == 0 && dice.below(4) == 0;
    nodes.push_back(test::node(id, starts ? "Source" : "Trace"));
  }
  dice.shuffle(nodes);
  dice.shuffle(connections);
  graph.manifest = test::manifest_of(std::move(nodes), std::move(connections));
  return graph;
}

/// Trace nodes, and a source that does the same with a text of its own; all write what they sent.
NodeRegistry tracing_types(std::vector<std::string>& journal) {
  const auto behave = [&journal](const Parameters&) -> test::Behaviour {
    auto id = std::make_shared<std::string>();
    return {.initialize = [id](const NodeContext& context) { *id = context.node_id; },
            .process =
                [&journal, id](const Packet& packet, Emitter& out) {
                  const std::string* text = packet.text();
                  journal.push_back((text == nullptr ? "source" : *text) + ">" + *id);
                  out.emit(packet.with(journal.back()));
                }};
  };
  return test::registry_of({test::type_of("Trace", behave),
                            test::with_ports(test::type_of("Source", behave), {}, {Port{}})});
}

// The definition: again and again the first node of the manifest whose predecessors have all run.
std::vector<std::string> expected_order(const RandomGraph& graph) {
  std::map<std::string, std::size_t> waiting = graph.predecessors;
  std::vector<std::string> order;
  while (order.size() < graph.manifest.nodes.size()) {
    const auto next = std::ranges::find_if(graph.manifest.nodes, [&](const ManifestNode& node) {
      return waiting.contains(node.id) && waiting.at(node.id) == 0;
    });
    order.push_back(next->id);
    waiting.erase(next->id);
    const auto successors = graph.successors.find(next->id);
    if (successors == graph.successors.end()) continue;
    for (const std::string& successor : successors->second) --waiting.at(successor);
  }
  return order;
}

void follow(const RandomGraph& graph, const std::string& trace, const std::string& id,
            std::multiset<std::string>& traces) {
  const std::string here = trace + ">" + id;
  traces.insert(here);
  const auto successors = graph.successors.find(id);
  if (successors == graph.successors.end()) return;
  for (const std::string& successor : successors->second) follow(graph, here, successor, traces);
}

// One trace per path from a start to any node.
std::multiset<std::string> expected_traces(const RandomGraph& graph) {
  std::multiset<std::string> traces;
  for (const ManifestNode& node : graph.manifest.nodes) {
    if (graph.predecessors.at(node.id) > 0) continue;
    follow(graph, node.node_type == "Source" ? "source" : "x", node.id, traces);
  }
  return traces;
}

std::vector<std::string> order_of(const Graph& graph) {
  std::vector<std::string> ids;
  for (const std::size_t index : graph.order()) ids.push_back(graph.nodes()[index].id);
  return ids;
}

void expect_causal(const std::vector<std::string>& journal) {
  std::set<std::string> sent = {"x", "source"};
  for (const std::string& trace : journal) {
    EXPECT_TRUE(sent.contains(trace.substr(0, trace.rfind('>')))) << trace << " came too early";
    sent.insert(trace);
  }
}

std::multiset<std::string> run(const std::shared_ptr<const Graph>& graph) {
  std::multiset<std::string> results;
  Session session(graph, {}, [&](const Output& output) {
    results.insert(*output.packet.text());
    const GraphNode& node = graph->nodes()[graph->outputs()[output.index]];
    EXPECT_TRUE(output.packet.text()->ends_with(">" + node.id));
  });
  if (!graph->inputs().empty()) session.push(test::text_packet("x"));
  session.run_sources();
  session.finish();
  return results;
}

bool leads_nowhere(const RandomGraph& graph, const std::string& trace) {
  return !graph.successors.contains(trace.substr(trace.rfind('>') + 1));
}

TEST(RandomGraphs, RunInTheDefinedOrderAlongEveryPathOnce) {
  for (unsigned seed = 0; seed < kGraphs && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice(seed);
    const RandomGraph random = random_graph(dice);
    std::vector<std::string> journal;
    const auto graph = Graph::build(random.manifest, tracing_types(journal));
    EXPECT_EQ(order_of(*graph), expected_order(random));

    const std::multiset<std::string> results = run(graph);
    expect_causal(journal);
    std::multiset<std::string> traces = expected_traces(random);
    EXPECT_EQ(std::multiset<std::string>(journal.begin(), journal.end()), traces);
    std::erase_if(traces, [&](const std::string& trace) { return !leads_nowhere(random, trace); });
    EXPECT_EQ(results, traces);
  }
}

TEST(RandomGraphs, WrittenAndReadAgainInEitherFormatRunTheSame) {
  for (unsigned seed = 0; seed < kGraphs / 10 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice(seed);
    const RandomGraph random = random_graph(dice);
    std::vector<std::string> first;
    run(Graph::build(random.manifest, tracing_types(first)));
    const std::string text = to_json(manifest_to_value(random.manifest));
    for (const TextFormat format : {TextFormat::json, TextFormat::yaml}) {
      std::vector<std::string> again;
      run(Graph::build(parse_manifest(text, format), tracing_types(again)));
      EXPECT_EQ(again, first);
    }
  }
}

TEST(RandomGraphs, WithOneEdgeTurnedRoundReportACycleThatIsThere) {
  unsigned cycles = 0;
  for (unsigned seed = 0; seed < kGraphs && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice(seed);
    RandomGraph random = random_graph(dice);
    if (random.manifest.connections.empty()) continue;
    const ManifestConnection& edge =
        random.manifest.connections[dice.below(random.manifest.connections.size())];
    random.manifest.connections.push_back(test::wire(edge.to, edge.from));
    for (ManifestNode& node : random.manifest.nodes) node.node_type = "Trace";
    std::set<std::string> edges;
    for (const auto& [from, to, o, i, p, l] : random.manifest.connections)
      edges.insert(from + ">" + to);
    std::vector<std::string> journal;
    try {
      Graph::build(random.manifest, tracing_types(journal));
      ADD_FAILURE() << "no cycle was found";
    } catch (const ManifestError& error) {
      ++cycles;
      std::string path = error.message().substr(error.message().find("detected: ") + 10);
      for (std::size_t arrow = path.find(" -> "); arrow != std::string::npos;
           arrow = path.find(" -> ")) {
        const std::string from = path.substr(0, arrow);
        path = path.substr(arrow + 4);
        EXPECT_TRUE(edges.contains(from + ">" + path.substr(0, path.find(' ')))) << error.what();
      }
    }
  }
  EXPECT_GT(cycles, kGraphs / 2);
}

}  // namespace
}  // namespace remotemedia
