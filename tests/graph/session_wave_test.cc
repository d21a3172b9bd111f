// How many packets wait inside a session, and how deep its calls nest, whatever the nodes emit.

#include "graph/fake_types.h"
#include "graph/fakes.h"
#include "remotemedia/graph/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia {
namespace {

using test::Behaviour;
using test::manifest_of;
using test::node;
using test::registry_of;
using test::text_packet;
using test::wire;

constexpr auto kLimit = static_cast<long>(Session::kWaveLimit);

/// What a session's nodes had waiting between them, and how many process calls were open at once.
struct Load {
  std::map<std::string, long> waiting;  ///< emitted to, less processed by, a node
  long most_waiting = 0;
  int open_calls = 0;
  int most_open_calls = 0;
};

/// Emits every packet `count` times, to the node `next` ("" = out of the graph).
NodeType load_type(const std::shared_ptr<Load>& load) {
  NodeType type = test::type_of("Load", [load](const Parameters& parameters) -> Behaviour {
    auto id = std::make_shared<std::string>();
    return {.initialize = [id](const NodeContext& context) { *id = context.node_id; },
            .process =
                [load, id, next = parameters.string("next"), count = parameters.integer("count")](
                    const Packet& packet, Emitter& out) {
                  --load->waiting[*id];
                  load->most_open_calls = std::max(load->most_open_calls, ++load->open_calls);
                  for (int i = 0; i < count; ++i) {
                    long& waiting = load->waiting[next];
                    if (!next.empty()) load->most_waiting = std::max(load->most_waiting, ++waiting);
                    out.emit(packet);
                  }
                  --load->open_calls;
                }};
  });
  type.parameters = {{.name = "next", .type = ParameterType::string, .default_value = ""},
                     {.name = "count", .type = ParameterType::integer, .default_value = 1}};
  return type;
}

/// A chain of nodes that emit `counts[i]` packets per packet.
struct Chain {
  explicit Chain(const std::vector<int>& counts) {
    std::vector<ManifestNode> nodes;
    std::vector<ManifestConnection> connections;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const std::string id = "n" + std::to_string(i);
      const std::string next = i + 1 < counts.size() ? "n" + std::to_string(i + 1) : "";
      nodes.push_back(node(id, "Load", {{"next", next}, {"count", counts[i]}}));
      if (!next.empty()) connections.push_back(wire(id, next));
    }
    graph = Graph::build(manifest_of(std::move(nodes), std::move(connections)),
                         registry_of({load_type(load)}));
  }

  long push() {
    long results = 0;
    Session session(graph, {}, [&](const Output&) { ++results; });
    load->waiting["n0"] = 1;
    session.push(text_packet("x"));
    return results;
  }

  std::shared_ptr<Load> load = std::make_shared<Load>();
  std::shared_ptr<const Graph> graph;
};

TEST(SessionWave, OneCallThatEmitsManyPacketsKeepsFewWaiting) {
  Chain chain({20'000, 1, 1});
  EXPECT_EQ(chain.push(), 20'000);
  EXPECT_LE(chain.load->most_waiting, kLimit);
  EXPECT_GT(chain.load->most_waiting, kLimit / 2) << "waves are not packet by packet";
}

TEST(SessionWave, ManyCallsThatEmitSomePacketsKeepFewWaiting) {
  Chain chain({60, 60, 20, 1});
  EXPECT_EQ(chain.push(), 60 * 60 * 20);
  EXPECT_LT(chain.load->most_waiting, 2 * kLimit);
}

TEST(SessionWave, NodesThatMultiplyOneAfterAnotherKeepFewWaiting) {
  Chain chain({100, 3, 100, 2, 1});
  EXPECT_EQ(chain.push(), 100 * 3 * 100 * 2);
  EXPECT_LT(chain.load->most_waiting, 2 * kLimit);
}

TEST(SessionWave, ALongChainDoesNotNestItsCalls) {
  std::vector<int> counts(1'000, 1);
  counts[0] = 200;
  Chain chain(counts);
  EXPECT_EQ(chain.push(), 200);
  EXPECT_LE(chain.load->most_open_calls, 2) << "the first node, and one behind it";
}

TEST(SessionWave, CallsNestOnlyBelowNodesThatFillAWaveInOneCall) {
  Chain chain({50, 50, 10, 1});
  chain.push();
  EXPECT_EQ(chain.load->most_open_calls, 1);
  Chain full({64, 1, 64, 1});
  full.push();
  EXPECT_EQ(full.load->most_open_calls, 3) << "n0, n2 inside its wave, n3 inside that of n2";
}

TEST(SessionWave, OrderIsKeptAcrossWaves) {
  NodeType count =
      test::type_of("Count", Behaviour{.process = [](const Packet& packet, Emitter& out) {
                      for (int i = 0; i < 1'000; ++i) out.emit(packet.with(Value(i)));
                    }});
  test::TestSession run(registry_of({count, test::type_of("Pass")}),
                        manifest_of({node("c", "Count"), node("p", "Pass"), node("q", "Pass")},
                                    {wire("c", "p"), wire("p", "q")}));
  run->push(text_packet("x"));
  ASSERT_EQ(run.results().size(), 1'000U);
  for (std::size_t i = 0; i < 1'000; ++i) EXPECT_EQ(run.results()[i], "q:" + std::to_string(i));
}

TEST(SessionWave, EveryBranchGetsEveryPacketInOrder) {
  NodeType count =
      test::type_of("Count", Behaviour{.process = [](const Packet& packet, Emitter& out) {
                      for (int i = 0; i < 500; ++i) out.emit(packet.with(Value(i)));
                    }});
  std::map<std::size_t, std::vector<std::int64_t>> results;
  Session session(
      Graph::build(manifest_of({node("c", "Count"), node("a", "Pass"), node("b", "Repeat"),
                                node("d", "Pass")},
                               {wire("c", "a"), wire("c", "b"), wire("a", "d"), wire("c", "d")}),
                   registry_of({count, test::type_of("Pass"), test::repeat_type()})),
      {}, [&](const Output& output) {
        results[output.index].push_back(*output.packet.json()->as_int());
      });
  session.push(text_packet("x"));
  ASSERT_EQ(results[0].size(), 1'000U) << "b, twice each";
  for (std::size_t i = 0; i < 1'000; ++i) EXPECT_EQ(results[0][i], static_cast<long>(i / 2));
  ASSERT_EQ(results[1].size(), 1'000U) << "d, from two connections";
  std::vector<std::int64_t> sorted = results[1];
  std::ranges::sort(sorted);
  for (std::size_t i = 0; i < 1'000; ++i) EXPECT_EQ(sorted[i], static_cast<long>(i / 2));
}

// Lengths of the runs of equal entries.
std::vector<std::size_t> run_lengths(const std::vector<std::string>& entries) {
  std::vector<std::size_t> lengths;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i == 0 || entries[i] != entries[i - 1]) lengths.push_back(0);
    ++lengths.back();
  }
  return lengths;
}

TEST(SessionWave, BranchesAlternateWaveByWave) {
  test::TestSession run(
      registry_of({test::type_of("Pass"), test::repeat_type(), test::trace_type()}),
      manifest_of({node("r", "Repeat", {{"count", 128}}), node("a", "Trace"), node("b", "Trace"),
                   node("end", "Pass")},
                  {wire("r", "a"), wire("r", "b"), wire("a", "end"), wire("b", "end")}));
  run->push(text_packet("x"));
  EXPECT_EQ(run_lengths(run.results()), std::vector<std::size_t>(8, 32))
      << "each packet waits twice, so 32 of them are a wave of 64";
}

TEST(SessionWave, AFlushIsBoundedToo) {
  auto waiting = std::make_shared<long>(0);
  auto most = std::make_shared<long>(0);
  NodeType hold = test::type_of("Hold", Behaviour{.process = [](const Packet&, Emitter&) {},
                                                  .flush =
                                                      [=](Emitter& out) {
                                                        for (int i = 0; i < 10'000; ++i) {
                                                          *most = std::max(*most, ++*waiting);
                                                          out.emit(text_packet("x"));
                                                        }
                                                      }});
  NodeType take = test::type_of("Take", Behaviour{.process = [=](Packet packet, Emitter& out) {
                                  --*waiting;
                                  out.emit(std::move(packet));
                                }});
  test::TestSession run(registry_of({hold, take}),
                        manifest_of({node("h", "Hold"), node("t", "Take")}, {wire("h", "t")}));
  run->finish();
  EXPECT_EQ(run.results().size(), 10'000U);
  EXPECT_LE(*most, kLimit);
}

}  // namespace
}  // namespace remotemedia
