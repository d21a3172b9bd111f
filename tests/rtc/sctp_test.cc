#include "rtc/sctp.h"

#include "remotemedia/base/thread_scheduling.h"
#include "rtc/sctp_side.h"
#include "rtc/sctp_stack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace remotemedia::rtc::test {
namespace {

using std::chrono::milliseconds;
using testing::SizeIs;

std::unique_ptr<SctpTransport> in_calls(SctpOutput& output) {
  return make_usrsctp_transport({}, output, Time{});
}

struct SctpPair {
  void run(int rounds) {
    for (int i = 0; i < rounds; ++i) {
      now += milliseconds(5);
      a.transport->advance(now);
      b.transport->advance(now);
      for (const Datagram& packet : std::exchange(a.sent, {})) b.transport->receive(packet, now);
      for (const Datagram& packet : std::exchange(b.sent, {})) a.transport->receive(packet, now);
    }
  }
  Time now{};
  SctpSide a{in_calls};
  SctpSide b{in_calls};
};

#ifdef __linux__
/// The processors that a thread of this process may use.
std::string processors_of(const std::filesystem::path& task) {
  std::ifstream status(task / "status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Cpus_allowed_list:")) return line;
  }
  return {};
}

TEST(Sctp, ItsThreadIsNotKeptWhereTheThreadIsThatNeededItFirst) {
  std::thread([] {
    keep_thread_on_processor(0, std::thread::hardware_concurrency());
    SctpPair pair;
  }).join();
  // It names itself, so it may not have its name yet.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  int found = 0;
  while (found == 0 && std::chrono::steady_clock::now() < deadline) {
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
      std::string name;
      std::getline(std::ifstream(task.path() / "comm") >> std::ws, name);
      if (name != "SCTP iterator") continue;
      ++found;
      EXPECT_EQ(processors_of(task.path()), processors_of("/proc/self"));
    }
  }
  EXPECT_EQ(found, 1);
}
#endif

TEST(Sctp, BothSidesBeginAndBothAreUp) {
  SctpPair pair;
  EXPECT_EQ(pair.a.transport->streams(), 0);
  EXPECT_FALSE(pair.a.send("too early", pair.now));
  pair.run(20);
  EXPECT_TRUE(pair.a.up);
  EXPECT_TRUE(pair.b.up);
  EXPECT_EQ(pair.a.transport->streams(), kSctpStreams);
}

TEST(Sctp, WhoIsAdvancedAsAudioIsIsDueAtNoOtherMomentAndAcknowledgesInTime) {
  SctpPair pair;
  pair.run(20);
  ASSERT_TRUE(pair.a.send("acknowledged at once, as the first one is", pair.now));
  for (const Time step : {milliseconds(20), milliseconds(40)}) {  // a frame, or two in one visit
    pair.run(20);
    ASSERT_TRUE(pair.a.send("x", pair.now));
    pair.b.transport->receive(std::exchange(pair.a.sent, {}).at(0), pair.now);
    EXPECT_TRUE(pair.b.sent.empty());  // another packet might follow
    for (Time passed{}; passed < milliseconds(80); passed += step) {
      pair.now += step;
      EXPECT_GT(pair.b.transport->next_timeout(), pair.now);
      pair.b.transport->advance(pair.now);
    }
    EXPECT_THAT(pair.b.sent, SizeIs(1));
  }
}

TEST(Sctp, PacketsOfOtherPortsAndCutOnesAreRefused) {
  SctpPair pair;
  pair.run(20);
  ASSERT_TRUE(pair.a.send("x", pair.now));
  const Datagram packet = pair.a.sent.at(0);
  for (const std::size_t at : {0U, 1U, 2U, 3U}) {
    Datagram other = packet;
    ++other[at];
    EXPECT_EQ(pair.b.transport->receive(other, pair.now), Drop::sctp_malformed);
  }
  EXPECT_EQ(pair.b.transport->receive(Bytes(packet).first(11), pair.now), Drop::sctp_malformed);
  EXPECT_TRUE(pair.b.sent.empty());
  pair.run(20);
  EXPECT_THAT(pair.b.messages, SizeIs(1));
}

TEST(Sctp, AMessageLongerThanTheLimitIsToldAndTheNextArrives) {
  SctpPair pair;
  pair.run(20);
  ASSERT_TRUE(pair.a.send(std::string(kMaxDataMessage + 1, 'x'), pair.now));
  ASSERT_TRUE(pair.a.send(std::string(kMaxDataMessage, 'y'), pair.now));
  pair.run(400);
  EXPECT_EQ(pair.b.too_long, 1);
  ASSERT_THAT(pair.b.messages, SizeIs(1));
  EXPECT_EQ(pair.b.messages[0], std::string(kMaxDataMessage, 'y'));
  EXPECT_LE(pair.a.largest, kMaxSctpPacket);
  EXPECT_GT(pair.a.largest, kMaxSctpPacket - 16);
}

TEST(Sctp, AResetIsKnownToBothSides) {
  SctpPair pair;
  pair.run(20);
  ASSERT_TRUE(pair.a.send("last", pair.now));
  pair.a.transport->reset(1, pair.now);
  pair.a.transport->reset(7, pair.now);  // while the first is under way
  pair.run(100);
  EXPECT_THAT(pair.b.messages, SizeIs(1));
  EXPECT_THAT(pair.b.reset_by_peer, testing::UnorderedElementsAre(1, 7));
  EXPECT_THAT(pair.a.reset_done, testing::UnorderedElementsAre(1, 7));
  EXPECT_FALSE(pair.a.lost);
}

TEST(Sctp, ASideThatGoesSendsNothing) {
  SctpPair pair;
  pair.run(20);
  pair.b.transport.reset();
  EXPECT_TRUE(pair.b.sent.empty());  // DTLS says goodbye, not SCTP
  EXPECT_FALSE(pair.a.lost);
}

TEST(Sctp, AssociationsOfSeveralThreadsDoNotDisturbEachOther) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 20;
  std::vector<std::size_t> arrived(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&arrived, t] {
      for (int round = 0; round < kRounds; ++round) {
        SctpPair pair;
        pair.run(20);
        const std::string text(3'000, static_cast<char>('a' + t));
        for (int i = 0; i < 20; ++i) pair.a.send(text, pair.now);
        pair.run(60);
        for (const std::string& message : pair.b.messages) arrived[t] += message == text ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::size_t count : arrived) EXPECT_EQ(count, 20U * kRounds);
}

TEST(Sctp, AnOutboxHolds256Packets) {
  SctpOutbox box;
  const Datagram packet(100, 1);
  for (int i = 0; i < 300; ++i) box.push(packet);
  EXPECT_THAT(box.take(), SizeIs(SctpOutbox::kMaxPackets));
  EXPECT_EQ(box.dropped(), 44U);
  box.push(packet);
  EXPECT_THAT(box.take(), SizeIs(1));
}

}  // namespace
}  // namespace remotemedia::rtc::test
