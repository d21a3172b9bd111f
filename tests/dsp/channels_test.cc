#include "remotemedia/dsp/channels.h"

#include "dsp/signals.h"
#include "remotemedia/base/error.h"
#include "remotemedia/dsp/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace remotemedia::dsp {
namespace {

using test::buffer_of;
using test::channel_of;
using test::noise;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(ToMono, IsTheMeanOfTheChannels) {
  const AudioBuffer mono = to_mono(buffer_of<float>(8'000, {{1.0F, 0.5F}, {0.0F, -0.5F}}));
  EXPECT_EQ(mono.channels(), 1);
  EXPECT_EQ(mono.rate(), 8'000);
  EXPECT_THAT(channel_of<float>(mono, 0), ElementsAre(0.5F, 0.0F));
}

TEST(ToMono, OfTheLargestFloatsIsFinite) {
  const float largest = std::numeric_limits<float>::max();
  const AudioBuffer mono = to_mono(buffer_of<float>(8'000, {{largest}, {largest}, {largest}}));
  EXPECT_THAT(channel_of<float>(mono, 0), ElementsAre(largest));
}

TEST(ToMono, ConvertsIntegersFirst) {
  const AudioBuffer mono = to_mono(buffer_of<std::int16_t>(8'000, {{16'384}, {0}}));
  EXPECT_THAT(channel_of<float>(mono, 0), ElementsAre(0.25F));
}

TEST(ToMono, OfIntegersIsThatOfTheirFloats) {
  for (const std::size_t channels : {2U, 3U, 32U}) {
    std::vector<std::vector<std::int32_t>> planes;
    for (std::size_t c = 0; c < channels; ++c) {
      planes.emplace_back();
      for (const float x : noise(5'003, static_cast<unsigned>(c))) {
        planes.back().push_back(static_cast<std::int32_t>(x * 2147483520.0F));
      }
    }
    const AudioBuffer audio = buffer_of(8'000, planes);
    const AudioBuffer floats = convert_format(audio, SampleFormat::f32).audio;
    EXPECT_EQ(channel_of<float>(to_mono(audio), 0), channel_of<float>(to_mono(floats), 0));
  }
}

TEST(ToMono, ReturnsMonoAsTheSameMemory) {
  const AudioBuffer audio = buffer_of<float>(8'000, {{0.1F, 0.2F}});
  EXPECT_EQ(to_mono(audio).data(), audio.data());
}

TEST(MixToMono, MayWriteOverItsFirstInput) {
  std::vector<float> left = {1.0F, 2.0F};
  const std::vector<float> right = {3.0F, 4.0F};
  const float* in[] = {left.data(), right.data()};
  mix_to_mono(in, 2, left.data());
  EXPECT_THAT(left, ElementsAre(2.0F, 3.0F));
}

TEST(ChangeChannels, CopiesMonoToAllAndKeepsTheFormat) {
  const AudioBuffer out = change_channels(buffer_of<std::int16_t>(8'000, {{1, 2}}), 3);
  ASSERT_EQ(out.channels(), 3);
  for (int c = 0; c < 3; ++c) EXPECT_THAT(channel_of<std::int16_t>(out, c), ElementsAre(1, 2));
}

TEST(ChangeChannels, KeepsTheFirstOnesOfMany) {
  const AudioBuffer out = change_channels(buffer_of<float>(8'000, {{1.0F}, {2.0F}, {3.0F}}), 2);
  ASSERT_EQ(out.channels(), 2);
  EXPECT_THAT(channel_of<float>(out, 0), ElementsAre(1.0F));
  EXPECT_THAT(channel_of<float>(out, 1), ElementsAre(2.0F));
}

TEST(ChangeChannels, AveragesToOneAndReturnsAnEqualCountAsTheSameMemory) {
  const AudioBuffer stereo = buffer_of<float>(8'000, {{1.0F}, {0.0F}});
  EXPECT_THAT(channel_of<float>(change_channels(stereo, 1), 0), ElementsAre(0.5F));
  EXPECT_EQ(change_channels(stereo, 2).data(), stereo.data());
}

TEST(ChangeChannels, RefusesToInventChannels) {
  try {
    change_channels(buffer_of<float>(8'000, {{1.0F}, {0.0F}}), 4);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("channels is 4, expected 1..2"));
    EXPECT_THAT(error.hint(), HasSubstr("only mono"));
  }
}

}  // namespace
}  // namespace remotemedia::dsp
