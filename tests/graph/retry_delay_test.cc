#include "graph/retry_delay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace remotemedia {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

std::vector<Time> delays(const RetryPolicy& policy, int count, double random = 0) {
  std::vector<Time> all;
  for (int retry = 1; retry <= count; ++retry) all.push_back(retry_delay(policy, retry, random));
  return all;
}

TEST(RetryDelay, DoublesUpToItsCapByDefault) {
  EXPECT_THAT(delays({}, 4), ElementsAre(milliseconds(100), milliseconds(200), milliseconds(400),
                                         milliseconds(400)));
}

TEST(RetryDelay, StaysTheSameWithAMultiplierOfOne) {
  EXPECT_THAT(delays({.multiplier = 1}, 3),
              ElementsAre(milliseconds(100), milliseconds(100), milliseconds(100)));
}

TEST(RetryDelay, KeepsTheCapWhereGrowthLeavesEveryInteger) {
  const RetryPolicy steep{.initial_delay_ms = kMaxPolicyMs,
                          .multiplier = kMaxRetryMultiplier,
                          .max_delay_ms = kMaxPolicyMs};
  EXPECT_EQ(retry_delay(steep, kMaxRetries, 0), milliseconds(kMaxPolicyMs));
}

TEST(RetryDelay, JitterTakesFromAHalfToTheWhole) {
  EXPECT_THAT(delays({.jitter = true}, 2, 0.0), ElementsAre(milliseconds(50), milliseconds(100)));
  EXPECT_THAT(delays({.jitter = true}, 2, 0.5), ElementsAre(milliseconds(75), milliseconds(150)));
  EXPECT_LT(retry_delay({.jitter = true}, 1, 0.999), milliseconds(100));
}

}  // namespace
}  // namespace remotemedia
