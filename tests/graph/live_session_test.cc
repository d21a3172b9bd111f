// Sessions whose results are taken: order, bounds, errors, and what happens to those who wait.

#include "remotemedia/graph/live_session.h"

#include "graph/fake_types.h"
#include "graph/fakes.h"
#include "graph/refusals.h"
#include "graph/waitable.h"
#include "remotemedia/base/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <iterator>
#include <memory>
#include <numeric>
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
using test::counter_type;
using test::failing_type;
using test::manifest_of;
using test::misuse;
using test::node;
using test::number_packet;
using test::registry_of;
using test::repeat_type;
using test::text_packet;
using test::type_of;
using test::wire;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

static_assert(std::input_iterator<LiveSession::Iterator>);
static_assert(std::sentinel_for<std::default_sentinel_t, LiveSession::Iterator>);

constexpr Time kNever = std::chrono::hours(1);  // no test takes that long

std::shared_ptr<const Graph> live_graph(NodeType type, Object params = {}) {
  const std::string name = type.name;
  return Graph::build(manifest_of({node("n", name, std::move(params))}, {}),
                      registry_of({std::move(type)}));
}

NodeType on_a_lane(NodeType type) {
  type.offloaded = true;
  return type;
}

/// Ends a text with the texts before it, when it is told to.
NodeType collecting_type() {
  return type_of("Collect", [](const Parameters&) -> Behaviour {
    auto held = std::make_shared<std::string>();
    return {.process = [held](const Packet& packet, Emitter&) { *held += content(packet); },
            .flush = [held](Emitter& out) { out.emit(text_packet(std::exchange(*held, ""))); }};
  });
}

/// Fails when it gets "bad".
NodeType touchy_type() {
  return type_of("Touchy", Behaviour{.process = [](Packet packet, Emitter& out) {
                   if (content(packet) == "bad") throw std::runtime_error("cannot read it");
                   out.emit(std::move(packet));
                 }});
}

/// A node that waits in each call until it is let through.
struct Barrier {
  std::counting_semaphore<> entered{0};
  std::counting_semaphore<> pass{0};

  NodeType type() {
    return type_of("Barrier", Behaviour{.process = [this](Packet packet, Emitter& out) {
                     entered.release();
                     pass.acquire();
                     out.emit(std::move(packet));
                   }});
  }
};

std::vector<std::string> rest_of(LiveSession& session) {
  std::vector<std::string> contents;
  for (const Output& output : session) contents.push_back(content(output.packet));
  return contents;
}

std::string taken(LiveSession& session) {
  const std::optional<Output> output = session.next();
  return output ? content(output->packet) : "nothing";
}

TEST(LiveSession, GivesTheResultsInTheOrderOfThePackets) {
  LiveSession session(live_graph(type_of("Pass")));
  for (const char* text : {"a", "b", "c"}) session.push(text_packet(text));
  session.finish();
  EXPECT_THAT(rest_of(session), ElementsAre("a", "b", "c"));
}

TEST(LiveSession, IsAtItsEndOnceTheLastResultIsTakenAndNotBefore) {
  LiveSession session(live_graph(type_of("Pass")));
  session.push(text_packet("a"));
  EXPECT_FALSE(session.is_at_end());
  session.finish();
  EXPECT_FALSE(session.is_at_end());
  EXPECT_EQ(taken(session), "a");
  EXPECT_TRUE(session.is_at_end());
  EXPECT_EQ(taken(session), "nothing");
  EXPECT_EQ(taken(session), "nothing") << "the end is no one's alone";
}

TEST(LiveSession, GivesNothingWhenTheTimeIsOverAndGoesOn) {
  LiveSession session(live_graph(type_of("Pass")));
  EXPECT_FALSE(session.next(Time{0}));
  EXPECT_FALSE(session.is_at_end());
  session.push(text_packet("a"));
  const std::optional<Output> output = session.next(Time{0});
  ASSERT_TRUE(output);
  EXPECT_EQ(content(output->packet), "a");
}

TEST(LiveSession, AnyTimeMayBeWaitedFor) {
  const auto now = std::chrono::steady_clock::now();
  EXPECT_GT(now + waitable(Time::max()), now) << "the sum overflows, and next() would not wait";
  LiveSession session(live_graph(type_of("Pass")));
  session.push(text_packet("a"));
  EXPECT_TRUE(session.next(Time::max()));
  EXPECT_TRUE(session.close(Time::max()));
}

TEST(LiveSession, FlushEndsAStreamAndFinishTheInput) {
  LiveSession session(live_graph(collecting_type()));
  session.push(text_packet("a"));
  session.push(text_packet("b"));
  session.flush();
  session.push(text_packet("c"));
  session.finish();
  session.finish();
  EXPECT_THAT(rest_of(session), ElementsAre("ab", "c"));
  EXPECT_THAT(misuse([&] { session.push(text_packet("d")); }).what(), HasSubstr("finished"));
}

TEST(LiveSession, RefusesAPacketThatNobodyCouldMakeRoomFor) {
  LiveSession session(live_graph(type_of("Pass")), {.capacity = 2, .stall_limit = Time{0}});
  session.push(text_packet("a"));
  session.push(text_packet("b"));
  EXPECT_THAT(misuse([&] { session.push(text_packet("lost")); }).what(),
              HasSubstr("the number of results that wait is 2"));
  EXPECT_EQ(taken(session), "a");
  session.push(text_packet("c"));
  EXPECT_THAT(misuse([&] { session.push(text_packet("lost")); }).what(),
              HasSubstr("take them between pushes"))
      << "this thread is the one that takes";
  session.finish();
  EXPECT_THAT(rest_of(session), ElementsAre("b", "c"));
}

TEST(LiveSession, LeavesAPacketToItsOwnerWhenTheResultsAreFull) {
  LiveSession session(live_graph(type_of("Pass")), {.capacity = 1, .stall_limit = kNever});
  Packet first = text_packet("a");
  EXPECT_TRUE(session.try_push(first));
  Packet second = text_packet("b");
  EXPECT_FALSE(session.try_push(second));
  EXPECT_EQ(content(second), "b");
  EXPECT_EQ(taken(session), "a");
  EXPECT_TRUE(session.try_push(second));
  EXPECT_EQ(taken(session), "b");
}

TEST(LiveSession, OneThreadMayPushAndTakeAnyNumberOfPackets) {
  constexpr int kPackets = 500;
  LiveSession session(
      live_graph(on_a_lane(type_of("Pass"))),
      {.session = {.lanes = true, .queue = {.capacity = 1}}, .capacity = 1, .stall_limit = kNever});
  std::vector<std::string> all;
  for (int i = 0; i < kPackets; ++i) {
    Packet packet = number_packet(i);
    while (!session.try_push(packet)) {
      if (const auto output = session.next(Time{0})) all.push_back(content(output->packet));
    }
  }
  while (all.size() < kPackets) all.push_back(taken(session));
  for (int i = 0; i < kPackets; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)], std::to_string(i));
}

TEST(LiveSession, NeverGetsFurtherAheadThanItsCapacity) {
  constexpr int kCapacity = 4;
  constexpr int kPackets = 2000;
  std::atomic<int> worked_on{0};
  LiveSession session(live_graph(type_of("Count", Behaviour{.process =
                                                                [&](Packet packet, Emitter& out) {
                                                                  worked_on.fetch_add(
                                                                      1, std::memory_order_relaxed);
                                                                  out.emit(std::move(packet));
                                                                }})),
                      {.capacity = kCapacity, .stall_limit = kNever});
  const auto producer = std::async(std::launch::async, [&] {
    for (int i = 0; i < kPackets; ++i) session.push(number_packet(i));
    session.finish();
  });
  int furthest = 0;
  for (int i = 0; i < kPackets; ++i) {
    furthest = std::max(furthest, worked_on.load(std::memory_order_relaxed) - i);
    ASSERT_EQ(taken(session), std::to_string(i));
  }
  EXPECT_LE(furthest, kCapacity);
}

TEST(LiveSession, ALaneWaitsForRoomWhileNobodyIsInsideACall) {
  std::binary_semaphore push_has_returned{0};
  NodeType type =
      on_a_lane(type_of("Burst", Behaviour{.process = [&](const Packet& packet, Emitter& out) {
                          push_has_returned.acquire();
                          for (int i = 0; i < 100; ++i) out.emit(packet);
                        }}));
  LiveSession session(live_graph(type),
                      {.session = {.lanes = true}, .capacity = 1, .stall_limit = Time{0}});
  session.push(text_packet("a"));
  push_has_returned.release();
  for (int i = 0; i < 100; ++i) ASSERT_EQ(taken(session), "a") << i;
  session.finish();
  EXPECT_EQ(taken(session), "nothing");
}

TEST(LiveSession, FailsWhereOneCallGivesMoreThanThereIsRoomFor) {
  LiveSession session(live_graph(repeat_type(), {{"count", 4}}),
                      {.capacity = 3, .stall_limit = Time{0}});
  EXPECT_THAT(misuse([&] { session.push(text_packet("a")); }).what(), HasSubstr("is 3"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(taken(session), "a");
  EXPECT_THROW(static_cast<void>(session.next()), ConfigError);
}

TEST(LiveSession, ASourceMayGiveMoreThanTheCapacityToAnotherThread) {
  constexpr int kPackets = 300;
  LiveSession session(live_graph(counter_type(), {{"count", kPackets}}),
                      {.capacity = 2, .stall_limit = kNever});
  const auto sources = std::async(std::launch::async, [&] {
    session.run_sources();
    session.finish();
  });
  const std::vector<std::string> all = rest_of(session);
  ASSERT_EQ(all.size(), kPackets);
  for (int i = 0; i < kPackets; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)], std::to_string(i));
}

class LiveSessionError : public testing::TestWithParam<bool> {};

TEST_P(LiveSessionError, ComesAfterTheResultsBeforeItAndOutOfEveryCall) {
  NodeType type = touchy_type();
  type.offloaded = GetParam();
  LiveSession session(live_graph(type), {.session = {.lanes = true}});
  session.push(text_packet("a"));
  session.push(text_packet("b"));
  EXPECT_THROW(
      {
        session.push(text_packet("bad"));
        session.finish();  // where a lane fails later
      },
      NodeError);
  EXPECT_EQ(taken(session), "a");
  EXPECT_EQ(taken(session), "b");
  EXPECT_FALSE(session.is_at_end()) << "a failure is no end";
  EXPECT_THROW(static_cast<void>(session.next()), NodeError);
  EXPECT_THROW(static_cast<void>(session.next(Time{0})), NodeError);
  EXPECT_THROW(session.push(text_packet("c")), NodeError);
  EXPECT_THROW(session.flush(), NodeError);
  EXPECT_THROW(session.finish(), NodeError);
  EXPECT_TRUE(session.close());
  EXPECT_EQ(taken(session), "nothing");
}

INSTANTIATE_TEST_SUITE_P(OnThe, LiveSessionError, testing::Bool(), [](const auto& tested) {
  return std::string(tested.param ? "Lane" : "CallersThread");
});

TEST(LiveSession, AnErrorOfALaneWakesTheTakerAndReachesTheOwnersListener) {
  std::binary_semaphore may_fail{0};
  NodeType type = on_a_lane(type_of("Late", Behaviour{.process = [&](const Packet&, Emitter&) {
                                      may_fail.acquire();
                                      throw std::runtime_error("too late");
                                    }}));
  std::promise<void> told;
  LiveSession session(
      live_graph(type),
      {.session = {.lanes = true, .on_failure = [&](const auto&) { told.set_value(); }}});
  std::future<std::string> taking = std::async(std::launch::async, [&] { return taken(session); });
  session.push(text_packet("a"));
  may_fail.release();
  EXPECT_THROW(taking.get(), NodeError);
  told.get_future().get();
}

TEST(LiveSession, AWrongCallIsRefusedAndEndsNothing) {
  LiveSession session(live_graph(counter_type()));
  EXPECT_THAT(misuse([&] { session.push(text_packet("a")); }).what(), HasSubstr("sources"));
  session.run_sources();
  session.finish();
  EXPECT_THAT(rest_of(session), ElementsAre("0", "1", "2"));
}

TEST(LiveSession, CancelDropsTheResultsThatWait) {
  LiveSession session(live_graph(type_of("Pass")));
  session.push(text_packet("old"));
  session.cancel();
  EXPECT_FALSE(session.next(Time{0}));
  session.push(text_packet("new"));
  session.finish();
  const std::optional<Output> output = session.next();
  ASSERT_TRUE(output);
  EXPECT_EQ(content(output->packet), "new");
  EXPECT_EQ(output->packet.generation, 1U);
  EXPECT_EQ(taken(session), "nothing");
}

TEST(LiveSession, CancelDropsWhatACallOfTheOldGenerationGivesLater) {
  Barrier barrier;
  std::vector<std::optional<std::uint32_t>> told;
  LiveSession session(live_graph(on_a_lane(barrier.type())),
                      {.session = {.lanes = true, .on_cancel = [&](auto generation) {
                                     if (generation) told.push_back(generation);
                                   }}});
  session.push(text_packet("old"));
  barrier.entered.acquire();
  session.cancel();
  session.push(text_packet("new"));
  barrier.pass.release(2);
  session.finish();
  EXPECT_THAT(rest_of(session), ElementsAre("new"));
  EXPECT_THAT(told, ElementsAre(1U)) << "the owner's own listener";
}

TEST(LiveSession, CancelMakesRoomForALaneThatWaits) {
  LiveSession session(live_graph(on_a_lane(repeat_type()), {{"count", 1000}}),
                      {.session = {.lanes = true}, .capacity = 1, .stall_limit = kNever});
  session.push(text_packet("old"));
  EXPECT_EQ(taken(session), "old");
  session.cancel();
  session.push(text_packet("new"));
  EXPECT_EQ(taken(session), "new");
}

TEST(LiveSession, CloseWakesWhoWaitsForAResult) {
  LiveSession session(live_graph(type_of("Pass")));
  std::future<std::string> taking = std::async(std::launch::async, [&] { return taken(session); });
  EXPECT_TRUE(session.close());
  EXPECT_EQ(taking.get(), "nothing");
}

TEST(LiveSession, CloseRefusesWhoWaitsForRoom) {
  LiveSession session(live_graph(type_of("Pass")), {.capacity = 1, .stall_limit = kNever});
  session.push(text_packet("a"));
  auto pushing = std::async(std::launch::async, [&] { session.push(text_packet("b")); });
  EXPECT_TRUE(session.close());
  EXPECT_THAT(misuse([&] { pushing.get(); }).what(), HasSubstr("the session is closed"));
}

TEST(LiveSession, CloseDropsWhatWaitsAndMayBeRepeated) {
  int cleaned = 0;
  LiveSession session(live_graph(type_of("Pass", Behaviour{.cleanup = [&] { ++cleaned; }})));
  session.push(text_packet("a"));
  EXPECT_TRUE(session.close());
  EXPECT_TRUE(session.close());
  EXPECT_EQ(cleaned, 1);
  EXPECT_TRUE(session.is_at_end());
  EXPECT_THAT(rest_of(session), IsEmpty());
  EXPECT_THAT(misuse([&] { session.push(text_packet("b")); }).what(), HasSubstr("closed"));
  EXPECT_THAT(misuse([&] { session.finish(); }).what(), HasSubstr("closed"));
}

TEST(LiveSession, CloseTellsThatACallHasNotEnded) {
  Barrier barrier;
  LiveSession session(live_graph(barrier.type()));
  auto pushing = std::async(std::launch::async, [&] { session.push(text_packet("a")); });
  barrier.entered.acquire();
  EXPECT_FALSE(session.close(Time{0}));
  Packet other = text_packet("b");
  EXPECT_FALSE(session.try_push(other)) << "it is another thread's turn";
  barrier.pass.release();
  EXPECT_THROW(pushing.get(), ConfigError);
  EXPECT_TRUE(session.close());
}

TEST(LiveSession, RefusesCallsOfItsOwnNodes) {
  LiveSession* inside = nullptr;
  std::string refusal;
  bool is_closed = true;
  LiveSession session(
      live_graph(type_of("Meddler", Behaviour{.process = [&](const Packet&, Emitter&) {
                           refusal = misuse([&] { inside->flush(); }).what();
                           is_closed = inside->close();
                         }})));
  inside = &session;
  EXPECT_THROW(session.push(text_packet("a")), ConfigError) << "it has been closed meanwhile";
  EXPECT_EQ(refusal, "the session is busy, expected idle; do not call it from its own nodes");
  EXPECT_FALSE(is_closed) << "not before the call has ended";
}

TEST(LiveSession, RefusesOptionsOutOfRange) {
  const auto graph = live_graph(type_of("Pass"));
  EXPECT_EQ(std::string(misuse([&] { LiveSession(graph, {.capacity = 0}); }).what()),
            "capacity is 0, expected 1 or more results");
  EXPECT_EQ(std::string(misuse([&] { LiveSession(graph, {.stall_limit = Time{-1}}); }).what()),
            "stall_limit is -1 ns, expected 0 or more");
}

// Each of several threads pushes its own numbers, others take: every result comes once.
TEST(LiveSession, ManyThreadsPushAndTakeEveryResultOnce) {
  constexpr int kThreads = 3;
  constexpr int kEach = 400;
  LiveSession session(
      Graph::build(manifest_of({node("a", "Pass"), node("b", "Lane")}, {wire("a", "b")}),
                   registry_of({type_of("Pass"), on_a_lane(type_of("Lane"))})),
      {.session = {.lanes = true, .queue = {.capacity = 2}}, .capacity = 3, .stall_limit = kNever});
  std::vector<std::future<std::vector<std::string>>> takers;
  std::vector<std::future<void>> producers;
  for (int t = 0; t < kThreads; ++t) {
    takers.push_back(std::async(std::launch::async, [&] { return rest_of(session); }));
    producers.push_back(std::async(std::launch::async, [&session, t] {
      for (int i = 0; i < kEach; ++i) session.push(number_packet(t * kEach + i));
    }));
  }
  for (auto& producer : producers) producer.get();
  session.finish();
  std::vector<int> all;
  for (auto& taker : takers) {
    std::vector<int> last(kThreads, -1);
    for (const std::string& text : taker.get()) {
      const int number = std::stoi(text);
      int& before = last[static_cast<std::size_t>(number / kEach)];
      EXPECT_LT(before, number) << "one producer's packets, as one taker sees them";
      before = number;
      all.push_back(number);
    }
  }
  std::ranges::sort(all);
  std::vector<int> expected(kThreads * kEach);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(all, expected);
}

}  // namespace
}  // namespace remotemedia
