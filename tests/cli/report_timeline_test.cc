#include "cli/report_timeline.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

namespace remotemedia::cli::report {
namespace {

template <typename Sample>
AudioBuffer audio(int rate, std::initializer_list<std::vector<Sample>> channels) {
  const std::size_t frames = channels.begin()->size();
  AudioBuffer buffer = AudioBuffer::allocate(sample_format_of<Sample>,
                                             static_cast<int>(channels.size()), frames, rate);
  int index = 0;
  for (const std::vector<Sample>& channel : channels) {
    std::ranges::copy(channel, buffer.mutable_channel<Sample>(index++).begin());
  }
  return buffer;
}

TEST(Timeline, HasALanePerChannelOfStereo) {
  Timeline timeline;
  timeline.add(audio<float>(8'000, {{0.5F, 0.25F}, {-1.0F, 0.0F}}));
  ASSERT_EQ(timeline.lanes().size(), 2U);
  EXPECT_EQ(timeline.lanes()[0].columns()[0].max, 0.5F);
  EXPECT_EQ(timeline.lanes()[1].columns()[0].min, -1.0F);
  EXPECT_EQ(timeline.peak(), 1.0F);
}

TEST(Timeline, MixesMoreThanTwoChannelsIntoOneLane) {
  Timeline timeline;
  timeline.add(audio<float>(8'000, {{0.75F}, {0.0F}, {-0.25F}, {0.5F}}));
  ASSERT_EQ(timeline.lanes().size(), 1U);
  EXPECT_EQ(timeline.lanes()[0].columns()[0].max, 0.25F);
  EXPECT_EQ(timeline.peak(), 0.75F);
  EXPECT_EQ(timeline.channels(), 4);
}

TEST(Timeline, ReadsAllSampleFormatsAtFullScaleOne) {
  Timeline i16;
  i16.add(audio<std::int16_t>(8'000, {{-32'768, 16'384}}));
  EXPECT_EQ(i16.lanes()[0].columns()[0].min, -1.0F);
  EXPECT_EQ(i16.lanes()[0].columns()[1].max, 0.5F);
  Timeline i32;
  i32.add(audio<std::int32_t>(8'000, {{std::numeric_limits<std::int32_t>::min(), 1 << 30}}));
  EXPECT_EQ(i32.lanes()[0].columns()[0].min, -1.0F);
  EXPECT_EQ(i32.lanes()[0].columns()[1].max, 0.5F);
}

TEST(Timeline, TakesWhatIsNoNumberAsSilence) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  Timeline timeline;
  timeline.add(
      audio<float>(8'000, {{std::numeric_limits<float>::quiet_NaN(), kInfinity, -kInfinity}}));
  EXPECT_EQ(timeline.peak(), 0.0F);
  EXPECT_EQ(timeline.frames(), 3U);
}

TEST(Timeline, LeavesOutBlocksOfAnotherFormat) {
  Timeline timeline;
  timeline.add(audio<float>(8'000, {{0.5F}}));
  timeline.add(audio<float>(16'000, {{1.0F}}));
  timeline.add(audio<float>(8'000, {{1.0F}, {1.0F}}));
  EXPECT_EQ(timeline.frames(), 1U);
  EXPECT_EQ(timeline.peak(), 0.5F);
}

TEST(Timeline, KnowsTheFormatOfAStreamWithoutFrames) {
  Timeline timeline;
  timeline.add(AudioBuffer::allocate(SampleFormat::f32, 2, 0, 44'100));
  EXPECT_TRUE(timeline.empty());
  EXPECT_EQ(timeline.rate(), 44'100);
  EXPECT_EQ(timeline.duration_s(), 0.0);
}

}  // namespace
}  // namespace remotemedia::cli::report
