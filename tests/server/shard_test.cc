#include "server/shard.h"

#include "server/clock.h"
#include "server/loopback.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>

namespace remotemedia::server {
namespace {

// The end comes while the thread is busy with tasks, at another moment of its turn in each round.
// One that misses it never ends.
TEST(Shard, EndsAtAnyMoment) {
  for (int round = 0; round < 2'000; ++round) {
    Shard shard(*rtc::parse_address("127.0.0.1", 0), {});
    shard.start(0, 1);
    std::atomic<bool> turned = false;
    shard.post([&] { turned = true; });
    while (!turned) {
    }
    for (int i = 0; i < round % 64; ++i) shard.post([] {});
    shard.stop();
  }
}

// In a crowd a shard does not wait for tasks: it looks at them with its datagrams.
TEST(Shard, DoesTasksInACrowdAndEndsInIt) {
  std::atomic<int> done = 0;
  std::atomic<std::uint64_t> received = 0;
  Shard shard(*rtc::parse_address("127.0.0.1", 0), {});
  shard.start(0, 1);
  UdpSocket sender(*rtc::parse_address("127.0.0.1", 0));
  const rtc::Address to = *rtc::parse_address("127.0.0.1", shard.port());
  const std::array<std::uint8_t, 20> datagram{};
  const auto crowd_until = [&](const auto& holds) {
    while (!holds()) {
      sender.send(to, datagram);
      sender.flush();
    }
  };
  const Time begin = steady_now();
  crowd_until([&] { return steady_now() > begin + 3 * Pace::kFrame; });
  for (int task = 1; task <= 20; ++task) {
    shard.post([&] {
      received = shard.statistics().datagrams_received;
      ++done;
    });
    crowd_until([&] { return done == task || steady_now() > begin + test::kPatience; });
    ASSERT_EQ(done, task);
  }
  EXPECT_GT(received, 5 * Pace::kCrowd);
  shard.stop();
}

}  // namespace
}  // namespace remotemedia::server
