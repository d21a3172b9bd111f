#include "remotemedia/base/time.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace remotemedia {
namespace {

using namespace std::chrono_literals;

TEST(FrameTime, IsExactAtWholeMilliseconds) {
  EXPECT_EQ(frame_time(0, 48000), 0ns);
  EXPECT_EQ(frame_time(48, 48000), 1ms);
  EXPECT_EQ(frame_time(441, 44100), 10ms);
  EXPECT_EQ(frame_time(16000ULL * 3600, 16000), 1h);
}

TEST(FrameTime, RoundsDownToTheNanosecond) {
  EXPECT_EQ(frame_time(1, 44100), 22675ns);  // 22675.74
  EXPECT_EQ(frame_time(2, 44100), 45351ns);  // 45351.47
}

TEST(FrameTime, DoesNotDriftOrOverflowIn70Years) {
  const std::uint64_t seconds_of_70_years = 70ULL * 365 * 24 * 3600;
  const Time time = frame_time(seconds_of_70_years * 192000 + 1, 192000);
  EXPECT_EQ(time, std::chrono::seconds(seconds_of_70_years) + 5208ns);
}

TEST(Seconds, ConvertsNanoseconds) {
  EXPECT_DOUBLE_EQ(seconds(1500ms), 1.5);
  EXPECT_DOUBLE_EQ(seconds(-250ms), -0.25);
}

}  // namespace
}  // namespace remotemedia
