#include "dsp/resampling_plan.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace remotemedia::dsp {
namespace {

using Plan = std::shared_ptr<const ResamplingPlan>;

constexpr ResamplingMode kLive = ResamplingMode::live;

TEST(ResamplingPlan, IsSharedByEqualRatiosAndOnlyByThem) {
  const Plan plan = shared_plan(1, 3, Quality::high, kLive);
  EXPECT_EQ(plan, shared_plan(1, 3, Quality::high, kLive));
  EXPECT_NE(plan, shared_plan(1, 3, Quality::low, kLive));
  EXPECT_NE(plan, shared_plan(3, 1, Quality::high, kLive));
  EXPECT_NE(plan, shared_plan(1, 3, Quality::high, ResamplingMode::offline));
}

TEST(ResamplingPlan, IsReleasedWhenUnusedAndNotAmongTheLast) {
  const std::weak_ptr<const ResamplingPlan> first = shared_plan(5, 7, Quality::low, kLive);
  for (int up = 2; up < 8; ++up) shared_plan(up, 11, Quality::low, kLive);
  EXPECT_TRUE(first.expired());
}

TEST(ResamplingPlan, IsOneObjectForThreadsThatAskAtTheSameTime) {
  std::vector<Plan> plans(8);
  std::vector<std::thread> threads;
  for (Plan& plan : plans) {
    threads.emplace_back([&plan] { plan = shared_plan(13, 17, Quality::low, kLive); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::set(plans.begin(), plans.end()).size(), 1U);
}

TEST(ResamplingPlan, HasOneFilterForCloseRatesAndTwoForOthers) {
  EXPECT_EQ(shared_plan(160, 147, Quality::high, kLive)->banks.size(), 1U);
  EXPECT_EQ(shared_plan(2, 3, Quality::high, kLive)->banks.size(), 1U);
  EXPECT_EQ(shared_plan(3, 2, Quality::high, kLive)->banks.size(), 1U);
  EXPECT_EQ(shared_plan(1, 3, Quality::high, kLive)->banks.size(), 2U);
  EXPECT_EQ(shared_plan(3, 1, Quality::high, kLive)->banks.size(), 2U);
  EXPECT_EQ(shared_plan(160, 441, Quality::high, kLive)->banks.size(), 2U);
}

TEST(ResamplingPlan, WaitsAtMost9MillisecondsAt16kHz) {
  EXPECT_LE(shared_plan(1, 3, Quality::high, kLive)->latency_frames, 9U * 48);
  EXPECT_LE(static_cast<double>(shared_plan(160, 441, Quality::high, kLive)->latency_frames),
            9 * 44.1);
  EXPECT_LE(shared_plan(3, 1, Quality::high, kLive)->latency_frames, 9U * 16);
}

}  // namespace
}  // namespace remotemedia::dsp
