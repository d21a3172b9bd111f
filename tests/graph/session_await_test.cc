// Nodes whose calls wait without a thread: what a session does meanwhile, and how a wait ends.

#include "graph/awaiting_node.h"
#include "graph/fake_types.h"
#include "graph/fakes.h"
#include "graph/lanes.h"
#include "remotemedia/base/error.h"
#include "remotemedia/base/worker_pool.h"
#include "remotemedia/graph/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace remotemedia {
namespace {

using test::awaiting_type;
using test::Behaviour;
using test::graph_of;
using test::node;
using test::number_packet;
using test::Results;
using test::text_packet;
using test::type_of;
using test::Waits;
using test::wire;
using testing::ElementsAre;
using testing::IsEmpty;

std::shared_ptr<const Graph> awaiting_alone(Waits& waits, Behaviour behaviour = {}, int parts = 1) {
  return graph_of({awaiting_type(waits, std::move(behaviour), parts)}, {node("a", "Awaiting")});
}

/// Begins to finish; the future is ready when the session says that finish would not wait.
std::future<void> finishing(Session& session) {
  auto told = std::make_shared<std::promise<void>>();
  std::future<void> ready = told->get_future();
  session.begin_finish([told] { told->set_value(); });
  return ready;
}

bool is_ready(const std::future<void>& future) {
  return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

std::size_t threads_of_process() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word && word != "Threads:") {
  }
  std::size_t threads = 0;
  status >> threads;
  return threads;
}

TEST(SessionAwait, ACallGoesOnAfterEachWait) {
  Waits waits;
  Results results;
  Session session(awaiting_alone(waits, {}, 3), {.lanes = true}, results.sink());
  session.push(text_packet("x"));
  session.push(text_packet("y"));
  const std::future<void> ready = finishing(session);
  for (int i = 0; i < 5; ++i) waits.end_one();
  waits.wait_for(1);
  EXPECT_THAT(results.all(), ElementsAre("0:x"));
  EXPECT_FALSE(is_ready(ready)) << "the second call waits for the third time";
  waits.end_one();
  ready.wait();
  session.finish();
  EXPECT_THAT(results.all(), ElementsAre("0:x", "0:y"));
  const NodeMetrics metrics = session.metrics().nodes[0];
  EXPECT_EQ(metrics.execution_count, 2U);
  EXPECT_EQ(metrics.success_count, 2U);
}

TEST(SessionAwait, WhatWaitsHasNoThread) {
  constexpr std::size_t kSessions = 300;
  Waits waits;
  std::vector<std::unique_ptr<Results>> results;
  std::vector<std::unique_ptr<Session>> sessions;
  std::vector<std::future<void>> ready;
  const auto graph = awaiting_alone(waits);
  for (std::size_t i = 0; i < kSessions; ++i) {
    results.push_back(std::make_unique<Results>());
    sessions.push_back(
        std::make_unique<Session>(graph, SessionOptions{.lanes = true}, results.back()->sink()));
    sessions.back()->push(number_packet(static_cast<int>(i)));
    ready.push_back(finishing(*sessions.back()));
  }
  waits.wait_for(kSessions);
  // Not to the exact number: a sanitizer has a thread of its own, begun with the first other one.
  const std::size_t most = std::max<std::size_t>(kLeastBrief, std::thread::hardware_concurrency());
  EXPECT_LT(threads_of_process(), 2 * most + 2) << "all " << kSessions << " calls are under way";
  for (std::size_t i = 0; i < kSessions; ++i) waits.end_one();
  for (std::size_t i = 0; i < kSessions; ++i) {
    ready[i].wait();
    sessions[i]->finish();
    EXPECT_THAT(results[i]->all(), ElementsAre("0:" + std::to_string(i)));
  }
}

// The wait ends inside begin(), on another thread, or never begins: each is a race that the lane
// has to see.
TEST(SessionAwait, AWaitMayEndAtAnyTime) {
  constexpr int kPackets = 500;
  for (const bool at_once : {true, false}) {
    NodeType type = type_of("Awaiting");
    type.offloaded = true;
    type.make = [at_once](const Parameters&) {
      return std::make_unique<test::AwaitingFake>(
          Behaviour{},
          [at_once](AwaitingNode::Resume resume) {
            if (at_once) return resume();
            run_on_worker(std::move(resume));
          },
          2);
    };
    Results results;
    Session session(graph_of({type}, {node("a", "Awaiting")}), {.lanes = true}, results.sink());
    for (int i = 0; i < kPackets; ++i) session.push(number_packet(i));
    session.finish();
    ASSERT_EQ(results.all().size(), static_cast<std::size_t>(kPackets));
    EXPECT_EQ(results.all().back(), "0:" + std::to_string(kPackets - 1));
  }
}

TEST(SessionAwait, NeighboursWorkMeanwhile) {
  Waits waits;
  Results results;
  Session session(graph_of({type_of("Pass"), awaiting_type(waits)},
                           {node("p", "Pass"), node("a", "Awaiting"), node("q", "Pass")},
                           {wire("p", "a"), wire("p", "q")}),
                  {.lanes = true}, results.sink());
  session.push(text_packet("x"));
  session.push(text_packet("y"));
  EXPECT_THAT(results.all(), ElementsAre("1:x", "1:y")) << "of the branch that does not wait";
  const std::future<void> ready = finishing(session);
  waits.end_one();
  waits.end_one();
  ready.wait();
  session.finish();
  EXPECT_THAT(results.all(), ElementsAre("1:x", "1:y", "0:x", "0:y"));
}

TEST(SessionAwait, ACancelledCallGivesNothing) {
  Waits waits;
  Results results;
  Session session(awaiting_alone(waits), {.lanes = true}, results.sink());
  session.push(text_packet("old"));
  waits.wait_for(1);
  session.cancel();
  session.push(text_packet("new"));
  waits.end_one();
  waits.end_one();
  session.finish();
  EXPECT_THAT(results.all(), ElementsAre("0:new"));
}

TEST(SessionAwait, AFailureAfterAWaitIsTheNodes) {
  Waits waits;
  Session session(
      awaiting_alone(waits,
                     {.process = [](Packet, Emitter&) { throw std::runtime_error("no answer"); }}),
      {.lanes = true}, [](const Output&) {});
  session.push(text_packet("x"));
  const std::future<void> ready = finishing(session);
  waits.end_one();
  ready.wait();
  try {
    session.finish();
    FAIL() << "the failure of the lane is lost";
  } catch (const NodeError& error) {
    EXPECT_EQ(error.node_id(), "a");
    EXPECT_EQ(error.stage(), "process");
  }
  EXPECT_EQ(session.metrics().nodes[0].error_count, 1U);
}

TEST(SessionAwait, AFailureDoesNotWaitWhereLanesWaitForTheCaller) {
  Waits waits;
  int packets = 0;
  NodeType picky = type_of("Picky", Behaviour{.process = [&](Packet packet, Emitter& out) {
                             if (++packets == 1) {
                               out.emit(std::move(packet));
                               return;
                             }
                             waits.wait_for(1);  // the first one is under way
                             throw std::runtime_error("no second one");
                           }});
  Session session(graph_of({test::repeat_type(), picky, awaiting_type(waits)},
                           {node("r", "Repeat"), node("p", "Picky"), node("a", "Awaiting")},
                           {wire("r", "p"), wire("p", "a")}),
                  {.lanes = true, .lanes_wait_for_caller = true}, [](const Output&) {});
  EXPECT_THROW(session.push(number_packet(0)), NodeError);
  EXPECT_FALSE(session.close(Time{0}));
  waits.end_one();
}

TEST(SessionAwait, AClosedSessionIsLeftUntilTheWaitEnds) {
  Waits waits;
  std::promise<void> cleaned;
  {
    Session session(awaiting_alone(waits, {.cleanup = [&] { cleaned.set_value(); }}),
                    {.lanes = true}, [](const Output&) {});
    session.push(text_packet("x"));
    waits.wait_for(1);
    EXPECT_FALSE(session.close(Time{0})) << "its call has not ended";
  }
  std::future<void> is_clean = cleaned.get_future();
  EXPECT_FALSE(is_ready(is_clean));
  waits.end_one();
  is_clean.wait();
}

TEST(SessionAwait, FinishIsReadyAtOnceWithoutLanesAtWork) {
  Waits waits;
  Results results;
  Session session(awaiting_alone(waits), {.lanes = true}, results.sink());
  finishing(session).wait();
  session.finish();
  EXPECT_THAT(results.all(), IsEmpty());
}

TEST(SessionAwait, WithoutLanesTheCallWaits) {
  Waits waits;
  Results results;
  Session session(awaiting_alone(waits), {}, results.sink());
  session.push(text_packet("x"));  // process, not begin
  EXPECT_THAT(results.all(), ElementsAre("0:x"));
}

TEST(SessionAwait, ARetriedCallIsNotBegun) {
  Waits waits;
  NodeType type = awaiting_type(waits);
  type.repeatable = true;
  ManifestNode retried = node("a", "Awaiting");
  retried.policy.retry = RetryPolicy{};
  Results results;
  Session session(graph_of({type}, {retried}), {.lanes = true}, results.sink());
  session.push(text_packet("x"));
  session.finish();
  EXPECT_THAT(results.all(), ElementsAre("0:x"));
}

}  // namespace
}  // namespace remotemedia
