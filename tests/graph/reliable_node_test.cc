// Nodes with a policy in a session, on simulated time.

#include "graph/reliable_node.h"

#include "graph/dice.h"
#include "graph/fake_types.h"
#include "graph/fakes.h"
#include "graph/refusals.h"
#include "remotemedia/base/log.h"
#include "remotemedia/graph/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <memory>
#include <semaphore>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace remotemedia {
namespace {

using std::chrono::milliseconds;
using test::Behaviour;
using test::manifest_of;
using test::node_failure;
using test::number_packet;
using test::registry_of;
using test::TestSession;
using test::text_packet;
using test::type_of;
using test::wire;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// What a node's call does with a packet; may throw.
using Step = std::function<void(const Packet&, Emitter&)>;

[[noreturn]] void lose_connection() {
  throw std::system_error(std::make_error_code(std::errc::connection_reset), "peer");
}

/// A node that asks `step` what to do, between two that pass on; time stands still but for waits.
class ReliableSession {
 public:
  ReliableSession(const NodePolicy& policy, Step step, std::function<void(Emitter&)> flush = {}) {
    NodeType type = type_of("Step", Behaviour{.process =
                                                  [this, step](const Packet& packet, Emitter& out) {
                                                    ++calls;
                                                    step(packet, out);
                                                  },
                                              .flush = std::move(flush)});
    type.repeatable = true;
    ManifestNode node = test::node("step", "Step");
    node.policy = policy;
    const Manifest manifest =
        manifest_of({test::node("in", "Pass"), node, test::node("out", "Pass")},
                    {wire("in", "step"), wire("step", "out")});
    set_log_sink([this](LogLevel, std::string_view text) { log.emplace_back(text); });
    session = std::make_unique<TestSession>(
        Graph::build(manifest, registry_of({type_of("Pass"), std::move(type)})),
        SessionOptions{.clock = [this] { return now; },
                       .wait =
                           [this](Time time) {
                             waits.push_back(time);
                             now += time;
                             return !gives_up;
                           }});
  }
  ~ReliableSession() { set_log_sink({}); }
  ReliableSession(const ReliableSession&) = delete;
  ReliableSession& operator=(const ReliableSession&) = delete;

  void push(const std::string& text) { (*session)->push(text_packet(text)); }
  [[nodiscard]] const std::vector<std::string>& results() const { return session->results(); }
  [[nodiscard]] NodeMetrics metrics() { return (*session)->metrics().nodes[1]; }

  Time now{0};
  std::vector<Time> waits;
  bool gives_up = false;
  int calls = 0;
  std::vector<std::string> log;
  std::unique_ptr<TestSession> session;
};

/// Fails so many times, then passes packets on.
Step fails(int times) {
  return [left = times](const Packet& packet, Emitter& out) mutable {
    if (left-- > 0) lose_connection();
    out.emit(packet);
  };
}

NodePolicy retrying(const RetryPolicy& retry = {}) { return {.retry = retry}; }

const NodePolicy kSkipping{.on_error = OnError::skip};

TEST(ReliableNode, IsTheNodeItselfWithoutAPolicy) {
  auto node = std::make_unique<test::FakeNode>(Behaviour{});
  const NodeExecutor* inner = node.get();
  ReliabilityCounters counters;
  EXPECT_EQ(make_reliable(std::move(node), {.timeout_ms = 5}, {}, counters).get(), inner);
}

TEST(Retry, RecoversAndWaitsLongerEachTime) {
  ReliableSession run(retrying(), fails(3));
  run.push("x");
  EXPECT_THAT(run.results(), ElementsAre("out:x"));
  EXPECT_THAT(run.waits, ElementsAre(milliseconds(100), milliseconds(200), milliseconds(400)));
  EXPECT_EQ(run.metrics().retry_count, 3U);
  EXPECT_EQ(run.metrics().execution_count, 1U);
  EXPECT_EQ(run.metrics().success_count, 1U);
  EXPECT_EQ(run.metrics().error_count, 0U);
}

TEST(Retry, SaysWhenItIsExhaustedAndKeepsTheCause) {
  ReliableSession run(retrying(), fails(100));
  const NodeError error = node_failure([&] { run.push("x"); });
  EXPECT_EQ(run.calls, 4);
  EXPECT_EQ(error.attempt(), 4);
  EXPECT_EQ(error.node_id(), "step");
  EXPECT_EQ(error.stage(), "process");
  EXPECT_THAT(error.what(),
              HasSubstr("Execution error: node 'step' (Step) failed in process: Retry exhausted "
                        "after 4 attempts: peer: Connection reset"));
  EXPECT_EQ(run.metrics().error_count, 1U);
}

TEST(Retry, TheNamedErrorHoldsTheLastOneOnly) {
  ReliableSession run(retrying(), fails(100));
  try {
    run.push("x");
    FAIL();
  } catch (const NodeError& error) {
    EXPECT_THROW(std::rethrow_if_nested(error), std::system_error);
  }
}

TEST(Retry, OtherErrorsFailAtOnce) {
  ReliableSession run(retrying(),
                      [](const Packet&, Emitter&) { throw std::invalid_argument("wrong"); });
  const NodeError error = node_failure([&] { run.push("x"); });
  EXPECT_EQ(run.calls, 1);
  EXPECT_EQ(error.attempt(), 1);
  EXPECT_THAT(run.waits, IsEmpty());
  EXPECT_THAT(error.what(), testing::EndsWith("failed in process: wrong"));
}

TEST(Retry, AnotherErrorEndsTheRepetition) {
  ReliableSession run(retrying(), [calls = 0](const Packet&, Emitter&) mutable {
    if (++calls == 1) lose_connection();
    throw std::invalid_argument("wrong");
  });
  const NodeError error = node_failure([&] { run.push("x"); });
  EXPECT_EQ(error.attempt(), 2);
  EXPECT_THAT(error.what(), testing::EndsWith("failed in process: wrong"));
}

TEST(Retry, FilesAreTransientAndWrongValuesAreNot) {
  EXPECT_TRUE(is_transient(IoError("gone", "/x")));
  EXPECT_TRUE(is_transient(std::system_error(std::make_error_code(std::errc::timed_out))));
  EXPECT_FALSE(is_transient(ConfigError("wrong")));
  EXPECT_FALSE(is_transient(ManifestError("wrong", "", 0)));
  EXPECT_FALSE(is_transient(WrongTypeError("wrong")));
  EXPECT_FALSE(is_transient(std::runtime_error("wrong")));
}

TEST(Retry, AFailedAttemptLeavesNothingBehind) {
  ReliableSession run(retrying(), [calls = 0](const Packet& packet, Emitter& out) mutable {
    const bool fails_now = ++calls < 3;
    for (int i = 0; i < 100; ++i) out.emit(packet.with(std::to_string(i)));
    if (fails_now) lose_connection();
  });
  run.push("x");
  ASSERT_THAT(run.results(), SizeIs(100));
  EXPECT_EQ(run.results().front(), "out:0");
  EXPECT_EQ(run.results().back(), "out:99");
}

TEST(Retry, EachAttemptGetsThePacketAsItCame) {
  std::vector<std::string> seen;
  std::vector<const float*> memory;
  ReliableSession run(retrying(), [&](Packet packet, Emitter& out) {
    seen.push_back(to_json(packet.metadata));
    memory.push_back(packet.audio()->channel<float>(0).data());
    packet.metadata.set("touched", true);
    if (seen.size() < 4) lose_connection();
    out.emit(std::move(packet));
  });
  Packet packet;
  packet.payload = AudioBuffer::allocate(SampleFormat::f32, 1, 8, 16'000);
  packet.metadata = {{"a", 1}};
  (*run.session)->push(packet);
  EXPECT_THAT(seen, testing::Each(R"({"a":1})"));
  EXPECT_THAT(std::set(memory.begin(), memory.end()), SizeIs(1)) << "no attempt copied the samples";
}

TEST(Retry, AFailureBehindTheNodeIsNotItsOwn) {
  NodeType pass = type_of("Safe");
  pass.repeatable = true;
  ManifestNode safe = test::node("safe", "Safe");
  safe.policy = {.retry = RetryPolicy{}, .on_error = OnError::skip};
  int calls = 0;
  TestSession session(
      registry_of({std::move(pass), type_of("Lossy", Behaviour{.process =
                                                                   [&](const Packet&, Emitter&) {
                                                                     ++calls;
                                                                     lose_connection();
                                                                   }})}),
      manifest_of({safe, test::node("lossy", "Lossy")}, {wire("safe", "lossy")}));
  const NodeError error = node_failure([&] { session->push(text_packet("x")); });
  EXPECT_EQ(error.node_id(), "lossy");
  EXPECT_EQ(calls, 1);
}

TEST(Retry, FlushIsNotRepeated) {
  int flushes = 0;
  ReliableSession run({.retry = RetryPolicy{}, .on_error = OnError::skip}, fails(0), [&](Emitter&) {
    ++flushes;
    lose_connection();
  });
  const NodeError error = node_failure([&] { (*run.session)->finish(); });
  EXPECT_EQ(error.stage(), "flush");
  EXPECT_EQ(flushes, 1);
}

TEST(Retry, ACancelledWaitEndsTheRunWithoutAnError) {
  ReliableSession run(retrying(), fails(100));
  run.gives_up = true;
  run.push("x");
  EXPECT_EQ(run.calls, 1);
  EXPECT_THAT(run.results(), IsEmpty());
  EXPECT_EQ(run.metrics().success_count, 0U);
}

TEST(Retry, CancellingTheSessionEndsARealWait) {
  std::binary_semaphore called{0};
  NodeType type = type_of("Lossy", Behaviour{.process = [&](const Packet&, Emitter&) {
                            called.release();
                            lose_connection();
                          }});
  type.repeatable = true;
  ManifestNode node = test::node("lossy", "Lossy");
  node.policy = retrying({.initial_delay_ms = kMaxPolicyMs, .max_delay_ms = kMaxPolicyMs});
  TestSession session(registry_of({std::move(type)}), manifest_of({node}, {}));
  std::jthread other([&] {
    called.acquire();
    session->cancel();
  });
  session->push(text_packet("x"));
  EXPECT_THAT(session.results(), IsEmpty());
}

TEST(Skip, DropsTheFailedPacketOnlyAndCountsIt) {
  ReliableSession run(kSkipping, [](const Packet& packet, Emitter& out) {
    out.emit(packet);
    if (*packet.text() == "bad") throw std::runtime_error("cannot");
  });
  for (const char* text : {"a", "bad", "b", "bad", "c"}) run.push(text);
  (*run.session)->finish();
  EXPECT_THAT(run.results(), ElementsAre("out:a", "out:b", "out:c"));
  const NodeMetrics metrics = run.metrics();
  EXPECT_EQ(metrics.drop_count, 2U);
  EXPECT_EQ(metrics.error_count, 2U);
  EXPECT_EQ(metrics.success_count, 3U);
  EXPECT_EQ(metrics.execution_count, 5U);
  EXPECT_EQ(metrics.breaker_state, "");
  ASSERT_THAT(run.log, SizeIs(1)) << "the first one is told, the others are counted";
  EXPECT_THAT(run.log[0], HasSubstr("node 'step' (Step) failed in process; the packet is dropped"));
  EXPECT_THAT(run.log[0], HasSubstr("cannot"));
}

TEST(Skip, ANodeThatAlwaysFailsStillIsAskedForWhatItHolds) {
  ReliableSession run(
      kSkipping, [](const Packet&, Emitter&) { throw std::runtime_error("cannot"); },
      [](Emitter& out) { out.emit(text_packet("rest")); });
  run.push("a");
  (*run.session)->finish();
  EXPECT_THAT(run.results(), ElementsAre("out:rest"));
}

TEST(Breaker, StopsCallingANodeThatKeepsFailing) {
  ReliableSession run({.circuit_breaker = BreakerPolicy{}, .on_error = OnError::skip}, fails(5));
  EXPECT_EQ(run.metrics().breaker_state, "closed");
  for (int i = 0; i < 20; ++i) run.push("x");
  EXPECT_EQ(run.calls, 5);
  EXPECT_EQ(run.metrics().breaker_state, "open");
  EXPECT_EQ(run.metrics().drop_count, 20U);
  EXPECT_THAT(run.log, testing::Contains(HasSubstr("Circuit breaker is open for node 'step' - too "
                                                   "many consecutive failures")));
}

TEST(Breaker, RecoversAlone) {
  ReliableSession run({.circuit_breaker = BreakerPolicy{}, .on_error = OnError::skip}, fails(6));
  for (int i = 0; i < 5; ++i) run.push("x");
  run.now += milliseconds(30'000);
  run.push("trial that fails");
  EXPECT_EQ(run.metrics().breaker_state, "open");
  run.push("dropped");
  EXPECT_EQ(run.calls, 6);
  run.now += milliseconds(30'000);
  run.push("y");
  run.push("z");
  EXPECT_EQ(run.metrics().breaker_state, "closed");
  EXPECT_THAT(run.results(), ElementsAre("out:y", "out:z"));
}

TEST(Breaker, CountsCallsAfterTheirRetriesAndTriesOnce) {
  ReliableSession run({.retry = RetryPolicy{.max_retries = 1},
                       .circuit_breaker = BreakerPolicy{.failure_threshold = 2},
                       .on_error = OnError::skip},
                      fails(100));
  run.push("x");
  EXPECT_EQ(run.metrics().breaker_state, "closed");
  run.push("x");
  EXPECT_EQ(run.metrics().breaker_state, "open");
  EXPECT_EQ(run.calls, 4);
  run.now += milliseconds(30'000);
  run.push("x");
  EXPECT_EQ(run.calls, 5) << "the trial is one call";
}

TEST(Breaker, RefusesAPacketWhereErrorsAreNotSkipped) {
  ReliabilityCounters counters;
  auto inner = std::make_unique<test::FakeNode>(
      Behaviour{.process = [](const Packet&, Emitter&) { throw std::runtime_error("cannot"); }});
  const auto node = make_reliable(
      std::move(inner), {.circuit_breaker = BreakerPolicy{.failure_threshold = 1}},
      {.clock = [] { return Time{0}; }, .wait = {}, .cancelled = [] { return false; }}, counters);
  node->initialize(
      {.node_id = "a", .node_type = "A", .session_id = "", .parameters = nullptr, .input = {}});
  class Nowhere final : public Emitter {
    bool emit(Packet, std::uint16_t) override { return true; }
  } nowhere;
  EXPECT_THROW(node->process({}, nowhere), std::runtime_error);
  try {
    node->process({}, nowhere);
    FAIL();
  } catch (const CircuitOpenError& error) {
    EXPECT_STREQ(error.what(),
                 "Circuit breaker is open for node 'a' - too many consecutive failures");
    EXPECT_STREQ(error.code(), "RM3100");
  }
}

TEST(Storm, AThousandItemsAllRecoverFromTransientFailures) {
  test::Dice dice(7);
  ReliableSession run(retrying(), [&](const Packet& packet, Emitter& out) {
    if (dice.one_in(20)) lose_connection();
    out.emit(packet);
  });
  std::vector<std::string> expected;
  for (int i = 0; i < 1'000; ++i) {
    run.push(std::to_string(i));
    expected.push_back("out:" + std::to_string(i));
  }
  EXPECT_EQ(run.results(), expected);
  EXPECT_GT(run.metrics().retry_count, 20U);
  EXPECT_EQ(run.metrics().error_count, 0U);
}

}  // namespace
}  // namespace remotemedia
