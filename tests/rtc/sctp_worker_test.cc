#include "remotemedia/rtc/sctp_worker.h"

#include "rtc/sctp_line.h"
#include "rtc/sctp_side.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace remotemedia::rtc::test {
namespace {

using std::chrono::milliseconds;
using testing::SizeIs;

struct SctpWorkerTest : testing::Test {
  void run(CarriedPair& pair, int rounds) {
    for (int i = 0; i < rounds; ++i) {
      now += milliseconds(5);
      worker->run(now);
      pair.exchange(now);
    }
  }

  Time now{};
  int woken = 0;
  std::optional<SctpWorker> worker{std::in_place, [this] { ++woken; }};
};

TEST_F(SctpWorkerTest, IsWokenOnceForAllThatWaits) {
  CarriedPair pair(*worker);
  EXPECT_EQ(woken, 1);  // two associations begin
  worker->run(now);
  EXPECT_EQ(woken, 1);
  pair.exchange(now);  // both have sent INIT
  EXPECT_EQ(woken, 2);
}

TEST_F(SctpWorkerTest, IsDueByItselfWhileThereAreAssociations) {
  EXPECT_EQ(worker->next_timeout(), Time::max());
  {
    CarriedPair pair(*worker);
    run(pair, 20);
    EXPECT_GT(worker->next_timeout(), now);
    EXPECT_LE(worker->next_timeout(), now + milliseconds(40));
  }
  worker->run(now);
  EXPECT_EQ(worker->next_timeout(), Time::max());
}

TEST_F(SctpWorkerTest, SaysOnceThatSomethingWaitsUntilItIsTaken) {
  CarriedPair pair(*worker);
  run(pair, 20);
  ASSERT_TRUE(pair.a.up);
  ASSERT_TRUE(pair.a.send("x", now));
  ASSERT_TRUE(pair.a.send("y", now));
  const int before = pair.a.waiting;
  worker->run(now);
  ASSERT_TRUE(pair.a.send("z", now));
  worker->run(now);
  EXPECT_EQ(pair.a.waiting, before + 1);
  EXPECT_TRUE(pair.a.sent.empty());
  pair.a.transport->advance(now);
  EXPECT_FALSE(pair.a.sent.empty());
}

TEST_F(SctpWorkerTest, AnEndThatIsGoneHearsNothingAnyMore) {
  CarriedPair pair(*worker);
  run(pair, 20);
  ASSERT_TRUE(pair.a.send("x", now));
  worker->run(now);
  pair.a.transport->advance(now);
  const std::vector<Datagram> packets = std::exchange(pair.a.sent, {});
  const int before = pair.b.waiting;
  for (const Datagram& packet : packets) pair.b.transport->receive(packet, now);
  pair.b.transport.reset();
  worker->run(now);
  EXPECT_EQ(pair.b.waiting, before);
  EXPECT_TRUE(pair.b.messages.empty());
}

TEST_F(SctpWorkerTest, PacketsThatAreNotTakenAreBounded) {
  CarriedPair pair(*worker);
  run(pair, 20);
  const Datagram garbage(100, 0);
  Datagram packet = garbage;
  packet[0] = packet[2] = kSctpPort >> 8U;
  packet[1] = packet[3] = kSctpPort & 0xFFU;
  EXPECT_EQ(pair.b.transport->receive(garbage, now), Drop::sctp_malformed);
  for (std::size_t i = 0; i < SctpLine::kMaxPackets; ++i) {
    EXPECT_EQ(pair.b.transport->receive(packet, now), std::nullopt);
  }
  EXPECT_EQ(pair.b.transport->receive(packet, now), Drop::too_fast);
  worker->run(now);
  EXPECT_EQ(pair.b.transport->receive(packet, now), std::nullopt);
}

TEST_F(SctpWorkerTest, MoreThanUsrsctpTakesWaitsAndArrivesInOrder) {
  CarriedPair pair(*worker);
  run(pair, 20);
  std::vector<std::string> sent;
  const auto send_all_there_is_room_for = [&] {
    while (sent.size() < 100) {
      std::string text(100'000, static_cast<char>('a' + sent.size() % 26));
      if (!pair.a.send(text, now)) return;
      sent.push_back(std::move(text));
    }
  };
  send_all_there_is_room_for();
  EXPECT_THAT(sent, SizeIs(10));  // 1 MiB on the way
  worker->run(now);
  send_all_there_is_room_for();
  worker->run(now);  // usrsctp is full
  send_all_there_is_room_for();
  EXPECT_GE(sent.size(), 18U);
  EXPECT_LE(sent.size(), 23U);
  EXPECT_FALSE(pair.a.send(std::string(100'000, 'x'), now));
  run(pair, 4'000);
  EXPECT_EQ(pair.b.messages, sent);
  EXPECT_TRUE(pair.a.send("there is room again", now));
}

TEST_F(SctpWorkerTest, AResetComesAfterWhatWasSentBefore) {
  CarriedPair pair(*worker);
  run(pair, 20);
  const std::string text(100'000, 'x');
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(pair.a.send(text, now));
  worker->run(now);
  for (int i = 0; i < 10; ++i)
    ASSERT_TRUE(pair.a.send(text, now));  // which usrsctp has no room for
  pair.a.transport->reset(1, now);
  run(pair, 4'000);
  EXPECT_THAT(pair.b.messages, SizeIs(20));
  EXPECT_THAT(pair.b.reset_by_peer, testing::ElementsAre(1));
  EXPECT_THAT(pair.a.reset_done, testing::ElementsAre(1));
}

TEST_F(SctpWorkerTest, AnEndMayOutliveItsWorker) {
  CarriedPair pair(*worker);
  run(pair, 20);
  worker.reset();
  const int before = woken;
  pair.a.send("x", now);
  pair.exchange(now);
  EXPECT_EQ(woken, before);
  EXPECT_TRUE(pair.b.messages.empty());
}

TEST(SctpWorker, CarriesTheEndsOfSeveralThreads) {
  constexpr int kThreads = 3;
  constexpr std::size_t kMessages = 50;
  SctpWorker worker([] {});  // which does not wait
  // That of the system: a simulated one would run away from a thread that has to wait.
  const auto clock = [] { return Time(std::chrono::steady_clock::now().time_since_epoch()); };
  std::atomic<int> at_work = kThreads;
  std::thread carrier([&] {
    while (at_work > 0) worker.run(clock());
  });
  std::vector<std::vector<std::string>> arrived(kThreads);
  std::vector<std::thread> ends;
  for (std::size_t t = 0; t < kThreads; ++t) {
    ends.emplace_back([&, t] {
      {
        CarriedPair pair(worker);
        while (!pair.a.up || !pair.b.up) pair.exchange(clock());
        for (std::size_t i = 0; i < kMessages; ++i) {
          while (!pair.a.send(std::to_string(t) + ":" + std::to_string(i), clock())) {
            pair.exchange(clock());
          }
        }
        while (pair.b.messages.size() < kMessages) pair.exchange(clock());
        arrived[t] = pair.b.messages;
      }
      --at_work;
    });
  }
  for (std::thread& end : ends) end.join();
  carrier.join();
  for (std::size_t t = 0; t < kThreads; ++t) {
    ASSERT_THAT(arrived[t], SizeIs(kMessages));
    for (std::size_t i = 0; i < kMessages; ++i) {
      EXPECT_EQ(arrived[t][i], std::to_string(t) + ":" + std::to_string(i));
    }
  }
}

TEST(SctpLineTest, AResetOfAStreamThatWaitsForItsResetIsOneWithIt) {
  const auto lines = std::make_shared<SctpLines>([] {});
  const auto line = std::make_shared<SctpLine>(SctpSettings{}, lines, [] {});
  const SctpRequest reset{.kind = SctpRequest::Kind::reset, .stream = 3};
  const SctpRequest message{.kind = SctpRequest::Kind::send, .stream = 3};
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(line->ask(reset));
  EXPECT_THAT(*line->take_requests(), SizeIs(1));
  ASSERT_TRUE(line->ask(reset));  // taken, but not done
  EXPECT_THAT(*line->take_requests(), SizeIs(0));
  ASSERT_TRUE(line->ask(message));
  ASSERT_TRUE(line->ask(reset));  // of what was sent behind the first
  EXPECT_THAT(*line->take_requests(), SizeIs(2));
  line->note_done(reset);
  ASSERT_TRUE(line->ask(reset));
  EXPECT_THAT(*line->take_requests(), SizeIs(1));
  lines->close();  // as a worker does that goes: else they hold each other
}

TEST(SctpLineTest, CountsWhatTheStackHasDroppedBeforeIt) {
  const auto lines = std::make_shared<SctpLines>([] {});
  const auto line = std::make_shared<SctpLine>(SctpSettings{}, lines, [] {});
  std::vector<SctpEvent> events(SctpLine::kMaxPackets + 2);
  line->tell(std::move(events));
  line->note_dropped(5);
  EXPECT_EQ(line->dropped(), 7U);
}

}  // namespace
}  // namespace remotemedia::rtc::test
