#include "server/shard.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace remotemedia::server
