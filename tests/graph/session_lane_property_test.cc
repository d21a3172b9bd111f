// Random graphs whose nodes keep state, drop, multiply and hold back: each output's results are the
// same with lanes as without, whatever the capacity of the queues and the speed of the threads.

#include "graph/awaiting_node.h"
#include "graph/dice.h"
#include "graph/fakes.h"
#include "remotemedia/base/worker_pool.h"
#include "remotemedia/graph/graph.h"
#include "remotemedia/graph/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace remotemedia {
namespace {

constexpr unsigned kLaneGraphs = 150;

using test::Dice;
using LaneResults = std::vector<std::vector<std::string>>;  ///< per output

/// Writes its id and the number of the call; every fifth packet vanishes, every third one leaves
/// twice, and what a flush gives tells how many came.
test::Behaviour counting() {
  struct State {
    std::string id;
    int calls = 0;
  };
  auto state = std::make_shared<State>();
  return {.initialize = [state](const NodeContext& context) { state->id = context.node_id; },
          .process =
              [state](const Packet& packet, Emitter& out) {
                const int call = ++state->calls;
                if (call % 5 == 0) return;
                if (call % 7 == 0) std::this_thread::yield();  // other threads may get ahead
                const std::string text =
                    test::content(packet) + ">" + state->id + std::to_string(call);
                out.emit(test::text_packet(text));
                if (call % 3 == 0) out.emit(test::text_packet(text + "'"));
              },
          .flush =
              [state](Emitter& out) {
                out.emit(test::text_packet(state->id + "=" + std::to_string(state->calls)));
              }};
}

NodeRegistry lane_types() {
  NodeType direct = test::type_of("Direct", [](const Parameters&) { return counting(); });
  NodeType offloaded = direct;
  offloaded.name = "Offloaded";
  offloaded.offloaded = true;
  NodeType awaiting = offloaded;
  awaiting.name = "Awaiting";
  awaiting.make = [](const Parameters&) {
    return std::make_unique<test::AwaitingFake>(
        counting(), [](AwaitingNode::Resume resume) { run_on_worker(std::move(resume)); });
  };
  return test::registry_of({direct, offloaded, awaiting});
}

std::shared_ptr<const Graph> random_lane_graph(Dice& dice) {
  const std::size_t count = 1 + dice.below(9);
  std::vector<ManifestNode> nodes;
  std::vector<ManifestConnection> connections;
  for (std::size_t to = 0; to < count; ++to) {
    const std::string id(1, static_cast<char>('a' + to));
    const char* offloaded = dice.one_in(2) ? "Offloaded" : "Awaiting";
    nodes.push_back(test::node(id, dice.one_in(2) ? offloaded : "Direct"));
    for (std::size_t from = 0; from < to; ++from) {
      if (dice.one_in(3)) {
        connections.push_back(test::wire(std::string(1, static_cast<char>('a' + from)), id));
      }
    }
  }
  dice.shuffle(nodes);
  dice.shuffle(connections);
  return Graph::build(test::manifest_of(std::move(nodes), std::move(connections)), lane_types());
}

LaneResults run_graph(const std::shared_ptr<const Graph>& graph, SessionOptions options) {
  LaneResults results(graph->outputs().size());
  Session session(graph, std::move(options), [&](const Output& output) {
    results[output.index].push_back(test::content(output.packet));
  });
  for (int i = 0; i < 12; ++i) {
    session.push(test::number_packet(i));
    if (i == 7) session.flush();
  }
  session.finish();
  return results;
}

TEST(RandomGraphsWithLanes, GiveWhatTheyGiveWithoutLanes) {
  for (unsigned seed = 0; seed < kLaneGraphs && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice(seed);
    const std::shared_ptr<const Graph> graph = random_lane_graph(dice);
    const LaneResults expected = run_graph(graph, {});
    for (const std::size_t capacity : {std::size_t{1}, std::size_t{3}, std::size_t{64}}) {
      SCOPED_TRACE("capacity " + std::to_string(capacity));
      const bool parallel = dice.one_in(2);
      EXPECT_EQ(run_graph(graph, {.lanes = true,
                                  .parallel_branches = parallel,
                                  .queue = {.capacity = capacity}}),
                expected);
    }
  }
}

}  // namespace
}  // namespace remotemedia
