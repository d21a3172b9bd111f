// Nodes that may block, on threads of their own: who waits for whom, what a full queue does, and
// how sessions with lanes are cancelled, stopped and closed.

#include "graph/fake_types.h"
#include "graph/fakes.h"
#include "graph/lanes.h"
#include "graph/refusals.h"
#include "remotemedia/base/error.h"
#include "remotemedia/graph/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace remotemedia {
namespace {

using test::Behaviour;
using test::content;
using test::graph_of;
using test::node;
using test::number_packet;
using test::Results;
using test::text_packet;
using test::type_of;
using test::wire;
using testing::AnyOf;
using testing::ElementsAre;
using testing::IsEmpty;

/// Nodes of type "Gate" wait in each call until they are let through, and say that they wait.
struct Gate {
  std::counting_semaphore<> entered{0};
  std::counting_semaphore<> pass{0};

  NodeType type() {
    NodeType gate = type_of("Gate", Behaviour{.process = [this](Packet packet, Emitter& out) {
                              entered.release();
                              pass.acquire();
                              out.emit(std::move(packet));
                            }});
    gate.offloaded = true;
    return gate;
  }
};

NodeType offloaded(NodeType type) {
  type.offloaded = true;
  return type;
}

std::shared_ptr<const Graph> gate_alone(Gate& gate) {
  return graph_of({gate.type()}, {node("g", "Gate")});
}

NodeMetrics metrics_of(const Session& session, std::size_t index = 0) {
  return session.metrics().nodes[index];
}

TEST(SessionLane, ANodeThatBlocksDoesNotHoldUpItsNeighbours) {
  Gate gate;
  Results results;
  Session session(graph_of({gate.type(), type_of("Pass")},
                           {node("p", "Pass"), node("g", "Gate"), node("q", "Pass")},
                           {wire("p", "g"), wire("p", "q")}),
                  {.lanes = true}, results.sink());
  session.push(text_packet("x"));
  session.push(text_packet("y"));
  EXPECT_THAT(results.all(), ElementsAre("1:x", "1:y")) << "push has returned, the gate is shut";
  gate.pass.release(2);
  session.finish();
  EXPECT_THAT(results.all(), ElementsAre("1:x", "1:y", "0:x", "0:y"));
}

TEST(SessionLane, WithoutLanesEverythingRunsOnTheCallersThread) {
  std::vector<std::thread::id> threads;
  NodeType noting =
      offloaded(type_of("Noting", Behaviour{.process = [&](Packet packet, Emitter& out) {
                          threads.push_back(std::this_thread::get_id());
                          out.emit(std::move(packet));
                        }}));
  Results results;
  Session session(graph_of({noting}, {node("n", "Noting")}), {}, results.sink());
  session.push(text_packet("x"));
  EXPECT_THAT(threads, ElementsAre(std::this_thread::get_id()));
}

TEST(SessionLane, TheProducerWaitsAtAFullQueue) {
  Gate gate;
  Results results;
  Session session(gate_alone(gate), {.lanes = true, .queue = {.capacity = 2}}, results.sink());
  session.push(number_packet(0));
  gate.entered.acquire();  // one at work
  session.push(number_packet(1));
  session.push(number_packet(2));  // two wait
  Packet more = number_packet(3);
  EXPECT_FALSE(session.try_push(more));
  EXPECT_EQ(content(more), "3") << "it is still ours";
  std::future<void> pushed = std::async(std::launch::async, [&] { session.push(more); });
  gate.pass.release(4);
  pushed.get();
  session.finish();
  EXPECT_THAT(results.all(), ElementsAre("0:0", "0:1", "0:2", "0:3"));
  const QueueMetrics queue = *metrics_of(session).queue;
  EXPECT_EQ(queue.dropped, 0U);
  EXPECT_EQ(queue.peak_depth, 2U);
  EXPECT_EQ(queue.depth, 0U);
  EXPECT_EQ(queue.wait.bucket_counts.size(), kLatencyBounds.size() + 1);
  EXPECT_GE(queue.total, queue.max);
  EXPECT_GT(queue.max, Time{0});
}

TEST(SessionLane, AFullQueueLosesItsOldestPacketIfItMay) {
  Gate gate;
  Results results;
  Session session(gate_alone(gate),
                  {.lanes = true, .queue = {.capacity = 2, .policy = QueuePolicy::drop_oldest}},
                  results.sink());
  session.push(number_packet(0));
  gate.entered.acquire();
  for (int i = 1; i <= 5; ++i) session.push(number_packet(i));
  gate.pass.release(3);
  session.finish();
  EXPECT_THAT(results.all(), ElementsAre("0:0", "0:4", "0:5"));
  EXPECT_EQ(metrics_of(session).queue->dropped, 3U);
}

TEST(SessionLane, ACoalescingQueueKeepsTheLatestPacket) {
  Gate gate;
  Results results;
  Session session(gate_alone(gate), {.lanes = true, .queue = {.policy = QueuePolicy::coalesce}},
                  results.sink());
  session.push(number_packet(0));
  gate.entered.acquire();
  for (int i = 1; i <= 5; ++i) session.push(number_packet(i));
  gate.pass.release(2);
  session.finish();
  EXPECT_THAT(results.all(), ElementsAre("0:0", "0:5"));
  EXPECT_EQ(metrics_of(session).queue->dropped, 4U);
}

TEST(SessionLane, ANodeMayAskForAQueueOfItsOwn) {
  const auto kept = [](SessionOptions options, NodeQueue asked) {
    Gate gate;
    Results results;
    ManifestNode asking = node("g", "Gate");
    asking.policy.queue = asked;
    options.lanes = true;
    Session session(graph_of({gate.type()}, {asking}), std::move(options), results.sink());
    session.push(number_packet(0));
    gate.entered.acquire();
    for (int i = 1; i <= 5; ++i) session.push(number_packet(i));
    gate.pass.release(6);
    session.finish();
    EXPECT_EQ(metrics_of(session).queue->dropped + results.all().size(), 6U);
    return results.all().size();
  };
  constexpr auto kOldest = QueuePolicy::drop_oldest;
  EXPECT_EQ(kept({}, {.capacity = 2, .policy = kOldest}), 3U);
  EXPECT_EQ(kept({.queue = {.capacity = 3}}, {.policy = kOldest}), 4U) << "the session's capacity";
  EXPECT_EQ(kept({.queue = {.policy = kOldest}}, {.capacity = 4}), 5U) << "the session's policy";
  EXPECT_EQ(kept({.node_queues = false}, {.capacity = 2, .policy = kOldest}), 6U);
}

TEST(SessionLane, AQueueOfNothingIsRefused) {
  const auto graph = graph_of({type_of("Pass")}, {node("p", "Pass")});
  const auto start = [&] { Session(graph, {.queue = {.capacity = 0}}, [](const Output&) {}); };
  EXPECT_STREQ(test::misuse(start).what(), "queue.capacity is 0, expected 1 or more packets");
}

// The join takes nothing before the slow branch has answered; the queue of the fast branch fills
// meanwhile, and waiting for room there would be waiting for oneself.
TEST(SessionLane, ABurstInFrontOfAJoinDoesNotBlockItself) {
  Results results;
  Session session(
      graph_of({test::repeat_type(), offloaded(type_of("Slow")), type_of("Pass")},
               {node("r", "Repeat", {{"count", 50}}), node("s", "Slow"), node("j", "Pass")},
               {wire("r", "s"), wire("s", "j"), wire("r", "j")}),
      {.lanes = true, .queue = {.capacity = 1}}, results.sink());
  for (int i = 0; i < 4; ++i) session.push(number_packet(i));
  session.finish();
  EXPECT_EQ(results.all().size(), 400U);
}

TEST(SessionLane, BranchesRunAtTheSameTimeIfTheyMay) {
  // Each waits for the other: one after the other they would never end.
  std::binary_semaphore first{0};
  std::binary_semaphore second{0};
  const auto meeting = [](std::string name, std::binary_semaphore& mine,
                          std::binary_semaphore& other) {
    return type_of(std::move(name), Behaviour{.process = [&](Packet packet, Emitter& out) {
                     mine.release();
                     other.acquire();
                     out.emit(std::move(packet));
                   }});
  };
  Results results;
  Session session(
      graph_of({type_of("Pass"), meeting("A", first, second), meeting("B", second, first)},
               {node("p", "Pass"), node("a", "A"), node("b", "B"), node("j", "Pass")},
               {wire("p", "a"), wire("p", "b"), wire("a", "j"), wire("b", "j")}),
      {.lanes = true, .parallel_branches = true}, results.sink());
  session.push(text_packet("x"));
  session.finish();
  EXPECT_THAT(results.all(), ElementsAre("0:x", "0:x"));
}

TEST(SessionLane, AFailureReachesTheNextCallAndTheListener) {
  std::promise<std::string> told;
  std::binary_semaphore pushed{0};
  NodeType failing = offloaded(type_of("Failing", Behaviour{.process = [&](Packet, Emitter&) {
                                         pushed.acquire();
                                         throw std::runtime_error("the disk is full");
                                       }}));
  Session session(graph_of({failing}, {node("f", "Failing")}),
                  {.lanes = true,
                   .on_failure =
                       [&](const std::exception_ptr& failure) {
                         try {
                           std::rethrow_exception(failure);
                         } catch (const NodeError& error) {
                           told.set_value(error.node_id());
                         }
                       }},
                  [](const Output&) {});
  session.push(text_packet("x"));
  pushed.release();
  EXPECT_EQ(told.get_future().get(), "f");
  EXPECT_THROW(session.push(text_packet("y")), NodeError);
  EXPECT_EQ(std::string(test::misuse([&] { session.finish(); }).what()),
            "the session is finished, expected running; start another one");
  EXPECT_EQ(metrics_of(session).error_count, 1U);
}

TEST(SessionLane, AFailureComesAfterTheResultsOfWhatWasBefore) {
  Gate gate;
  NodeType picky = type_of("Picky", Behaviour{.process = [](Packet packet, Emitter& out) {
                             if (content(packet) == "bad") throw std::runtime_error("no");
                             out.emit(std::move(packet));
                           }});
  Results results;
  Session session(
      graph_of({picky, gate.type()}, {node("p", "Picky"), node("g", "Gate")}, {wire("p", "g")}),
      {.lanes = true}, results.sink());
  session.push(text_packet("good"));
  gate.entered.acquire();  // the gate has not answered when the other node fails
  std::future<void> pushed =
      std::async(std::launch::async, [&] { session.push(text_packet("bad")); });
  gate.pass.release();
  EXPECT_THROW(pushed.get(), NodeError);
  EXPECT_THAT(results.all(), ElementsAre("0:good"));
}

TEST(SessionLane, FinishReportsAFailureOfALane) {
  Session session(
      graph_of({offloaded(test::failing_type())}, {node("f", "Failing", {{"stage", "flush"}})}),
      {.lanes = true}, [](const Output&) {});
  session.push(text_packet("x"));
  EXPECT_THROW(session.finish(), NodeError);
}

TEST(SessionLane, FailuresOfSeveralNodesAreToldTogether) {
  // The second in graph order fails first.
  std::binary_semaphore has_failed{0};
  NodeType late = offloaded(type_of("Late", Behaviour{.process = [&](Packet, Emitter&) {
                                      has_failed.acquire();
                                      throw std::runtime_error("no answer");
                                    }}));
  NodeType early = offloaded(type_of("Early", Behaviour{.process = [&](Packet, Emitter&) {
                                       has_failed.release();
                                       throw std::runtime_error("no disk");
                                     }}));
  const auto expect_both = [](const auto& call) {
    try {
      call();
      ADD_FAILURE() << "nothing was thrown";
    } catch (const NodeErrors& errors) {
      EXPECT_EQ(errors.node_id(), "l");
      EXPECT_EQ(errors.failures().size(), 2U);
      EXPECT_STREQ(errors.what(),
                   "Execution error: node 'l' (Late) failed in process: no answer; also Execution "
                   "error: node 'e' (Early) failed in process: no disk");
    }
  };
  std::promise<void> told;
  Session session(graph_of({type_of("Pass"), late, early},
                           {node("p", "Pass"), node("l", "Late"), node("e", "Early")},
                           {wire("p", "l"), wire("p", "e")}),
                  {.lanes = true,
                   .on_failure =
                       [&](const std::exception_ptr& failure) {
                         expect_both([&] { std::rethrow_exception(failure); });
                         told.set_value();
                       }},
                  [](const Output&) {});
  expect_both([&] {
    session.push(text_packet("x"));
    session.finish();
  });
  told.get_future().wait();
}

TEST(SessionLane, AnErrorOfTheSinkIsNoNodesFault) {
  Session session(graph_of({offloaded(type_of("Pass"))}, {node("p", "Pass")}), {.lanes = true},
                  [](const Output&) { throw std::logic_error("the receiver is gone"); });
  const auto push_and_finish = [&] {
    session.push(text_packet("x"));
    session.finish();
  };
  EXPECT_THROW(push_and_finish(), std::logic_error);
  EXPECT_EQ(metrics_of(session).error_count, 0U);
}

TEST(SessionLane, CallsFromASinkOnALaneAreRefused) {
  std::string refusal;
  Session* inside = nullptr;
  Session session(graph_of({offloaded(type_of("Pass"))}, {node("p", "Pass")}), {.lanes = true},
                  [&](const Output&) {
                    refusal = test::misuse([&] { inside->push(text_packet("y")); }).what();
                  });
  inside = &session;
  session.push(text_packet("x"));
  session.finish();
  EXPECT_EQ(refusal, "the session is busy, expected idle; do not call it from its own sink");
}

TEST(SessionCancel, DropsWhatWaitsAndGoesOn) {
  Gate gate;
  std::vector<std::string> results;
  std::mutex mutex;
  Session session(gate_alone(gate), {.lanes = true}, [&](const Output& output) {
    const std::lock_guard lock(mutex);
    results.push_back(std::to_string(output.packet.generation) + content(output.packet));
  });
  session.push(text_packet("a"));
  gate.entered.acquire();
  session.push(text_packet("b"));
  session.cancel();
  session.push(text_packet("c"));
  gate.pass.release(2);
  session.finish();
  EXPECT_THAT(results, ElementsAre("1c"));
}

TEST(SessionCancel, FreesTheQueueOfANodeThatIsBusy) {
  Gate gate;
  Results results;
  Session session(gate_alone(gate), {.lanes = true, .queue = {.capacity = 1}}, results.sink());
  session.push(number_packet(0));
  gate.entered.acquire();
  session.push(number_packet(1));
  session.cancel();
  session.push(number_packet(2));  // returns, although the gate is still shut
  gate.pass.release(2);
  session.finish();
  EXPECT_THAT(results.all(), ElementsAre("0:2"));
}

TEST(SessionCancel, TellsWhoWaitsWhichGenerationBeginsAndOfTheEndThatNoneDoes) {
  Gate gate;
  Results results;
  std::vector<std::optional<std::uint32_t>> told;
  Session session(gate_alone(gate),
                  {.lanes = true,
                   .on_cancel = [&](std::optional<std::uint32_t> begun) { told.push_back(begun); }},
                  results.sink());
  session.cancel();
  session.cancel();
  EXPECT_THAT(told, ElementsAre(std::optional(1U), std::optional(2U)));
  told.clear();
  session.close();
  EXPECT_THAT(told, testing::Contains(std::nullopt));
  EXPECT_THAT(told, testing::Each(std::nullopt));
}

TEST(SessionCancel, EndsAPushThatWaits) {
  Gate gate;
  Results results;
  Session session(gate_alone(gate), {.lanes = true, .queue = {.capacity = 1}}, results.sink());
  session.push(number_packet(0));
  gate.entered.acquire();
  session.push(number_packet(1));
  std::future<void> pushed =
      std::async(std::launch::async, [&] { session.push(number_packet(2)); });
  while (pushed.wait_for(std::chrono::seconds(0)) != std::future_status::ready) session.cancel();
  gate.pass.release(2);
  session.finish();
  // The push waited and was cancelled, or began after a cancel had made room.
  EXPECT_THAT(results.all(), AnyOf(IsEmpty(), ElementsAre("0:2")));
}

TEST(SessionCancel, NodesForgetWhatTheyHeldBack) {
  NodeType holding = type_of("Holding", [](const Parameters&) -> Behaviour {
    auto held = std::make_shared<std::string>();
    return {.process = [held](const Packet& packet, Emitter&) { *held += content(packet); },
            .flush = [held](Emitter& out) { out.emit(text_packet(std::exchange(*held, ""))); }};
  });
  for (const bool is_offloaded : {false, true}) {
    NodeType type = holding;
    type.offloaded = is_offloaded;
    Results results;
    Session session(graph_of({type}, {node("h", "Holding")}), {.lanes = true}, results.sink());
    session.push(text_packet("old"));
    session.cancel();
    session.push(text_packet("new"));
    session.finish();
    EXPECT_THAT(results.all(), ElementsAre("0:new"));
  }
}

TEST(SessionCancel, EndsANodeThatEmitsForEver) {
  std::binary_semaphore running{0};
  NodeType endless =
      offloaded(type_of("Endless", Behaviour{.process = [&](const Packet& packet, Emitter& out) {
                          while (out.emit(packet)) running.release();
                        }}));
  std::atomic<int> taken{0};
  Session session(graph_of({endless}, {node("e", "Endless")}), {.lanes = true},
                  [&](const Output&) { ++taken; });
  session.push(text_packet("x"));
  running.acquire();
  session.cancel();
  session.finish();  // returns
  EXPECT_GT(taken.load(), 0);
}

TEST(SessionFlush, EndsAStreamAndTheSessionGoesOn) {
  NodeType collecting = offloaded(type_of("Collecting", [](const Parameters&) -> Behaviour {
    auto held = std::make_shared<std::string>();
    return {.process = [held](const Packet& packet, Emitter&) { *held += content(packet); },
            .flush = [held](Emitter& out) { out.emit(text_packet(std::exchange(*held, ""))); }};
  }));
  Results results;
  Session session(graph_of({collecting, type_of("Pass")},
                           {node("c", "Collecting"), node("p", "Pass")}, {wire("c", "p")}),
                  {.lanes = true}, results.sink());
  session.push(text_packet("a"));
  session.push(text_packet("b"));
  session.flush();
  EXPECT_THAT(results.all(), ElementsAre("0:ab")) << "there when flush returns";
  session.push(text_packet("c"));
  session.finish();
  EXPECT_THAT(results.all(), ElementsAre("0:ab", "0:c"));
}

TEST(SessionClose, LeavesACallBehindThatDoesNotEnd) {
  auto gate = std::make_unique<Gate>();
  std::promise<void> cleaned;
  {
    NodeType type =
        offloaded(type_of("Gate", Behaviour{.process =
                                                [&gate](Packet packet, Emitter& out) {
                                                  gate->entered.release();
                                                  gate->pass.acquire();
                                                  out.emit(std::move(packet));
                                                },
                                            .cleanup = [&cleaned] { cleaned.set_value(); }}));
    Results results;
    Session session(graph_of({type}, {node("g", "Gate")}), {.lanes = true}, results.sink());
    session.push(text_packet("x"));
    gate->entered.acquire();
    EXPECT_FALSE(session.close(Time{0}));
  }
  std::future<void> cleanup = cleaned.get_future();
  EXPECT_EQ(cleanup.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  gate->pass.release();
  cleanup.get();  // by the thread that was left
}

TEST(SessionClose, WaitsForTheCallsOfLanes) {
  Gate gate;
  Results results;
  Session session(gate_alone(gate), {.lanes = true}, results.sink());
  session.push(text_packet("x"));
  gate.entered.acquire();
  session.stop();
  std::future<bool> closed = std::async(std::launch::async, [&] { return session.close(); });
  gate.pass.release();
  EXPECT_TRUE(closed.get());
  EXPECT_TRUE(session.close()) << "repeatable";
  EXPECT_THAT(results.all(), IsEmpty()) << "a closed session gives nothing more";
}

TEST(SessionClose, ManySessionsAtOnceEndWithoutATrace) {
  std::atomic<int> alive{0};
  NodeType counted =
      offloaded(type_of("Counted", Behaviour{.initialize = [&](const NodeContext&) { ++alive; },
                                             .cleanup = [&] { --alive; }}));
  const auto graph = graph_of({counted}, {node("c", "Counted")});
  {
    std::vector<std::unique_ptr<Session>> sessions;
    for (int i = 0; i < 1'000; ++i) {
      sessions.push_back(
          std::make_unique<Session>(graph, SessionOptions{.lanes = true}, [](const Output&) {}));
      sessions.back()->push(text_packet("x"));
      if (i % 3 == 0) sessions.back()->cancel();
    }
    EXPECT_EQ(alive.load(), 1'000);
  }
  EXPECT_EQ(alive.load(), 0);
}

}  // namespace
}  // namespace remotemedia
