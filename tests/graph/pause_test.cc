#include "graph/pause.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace remotemedia {
namespace {

constexpr std::chrono::hours kForever{1};

TEST(Pause, EndsWithItsTime) {
  Pause pause;
  EXPECT_TRUE(pause.wait(Time{1}));
  EXPECT_FALSE(pause.is_cancelled());
}

TEST(Pause, CancelEndsAllThatWait) {
  Pause pause;
  std::vector<std::jthread> waiting;
  for (int i = 0; i < 4; ++i) {
    waiting.emplace_back([&] { EXPECT_FALSE(pause.wait(kForever)); });
  }
  pause.cancel();
}

TEST(Pause, StaysCancelled) {
  Pause pause;
  pause.cancel();
  pause.cancel();
  EXPECT_FALSE(pause.wait(kForever));
  EXPECT_FALSE(pause.wait(kForever));
}

}  // namespace
}  // namespace remotemedia
