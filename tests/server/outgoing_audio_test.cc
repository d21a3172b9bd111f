#include "server/outgoing_audio.h"

#include "remotemedia/dsp/resampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace remotemedia::server {
namespace {

AudioBuffer tone(int rate, int channels, std::size_t frames, std::size_t from = 0) {
  AudioBuffer audio = AudioBuffer::allocate(SampleFormat::f32, channels, frames, rate);
  for (int c = 0; c < channels; ++c) {
    auto samples = audio.mutable_channel<float>(c);
    for (std::size_t i = 0; i < frames; ++i) {
      samples[i] = 0.5F * static_cast<float>(std::sin(2 * std::numbers::pi * 440 *
                                                      static_cast<double>(from + i) / rate));
    }
  }
  return audio;
}

TEST(OutgoingAudio, PassesMonoOfTheRightRateAsItIs) {
  OutgoingAudio outgoing(16'000);
  const AudioBuffer audio = tone(16'000, 1, 320);
  const auto samples = outgoing.convert(audio, false);
  EXPECT_EQ(samples.data(), audio.channel<float>(0).data());  // not a copy
  EXPECT_EQ(samples.size(), 320U);
}

TEST(OutgoingAudio, BlocksOfAnotherRateGiveWhatTheWholeClipGives) {
  OutgoingAudio outgoing(16'000);
  std::vector<float> all;
  for (std::size_t from = 0; from < 44'100; from += 441) {
    const auto part = outgoing.convert(tone(44'100, 2, 441, from), from + 441 == 44'100);
    all.insert(all.end(), part.begin(), part.end());
  }
  const AudioBuffer whole = dsp::resample(tone(44'100, 1, 44'100), 16'000, dsp::Quality::medium);
  EXPECT_EQ(all.size(), 16'000U);
  EXPECT_TRUE(std::ranges::equal(all, whole.channel<float>(0)));
}

TEST(OutgoingAudio, AChangeOfRateLosesNothing) {
  OutgoingAudio outgoing(16'000);
  std::size_t frames = outgoing.convert(tone(48'000, 1, 4'800), false).size();
  frames += outgoing.convert(tone(24'000, 1, 2'400), false).size();
  frames += outgoing.convert(tone(16'000, 1, 1'600), true).size();
  EXPECT_EQ(frames, 3U * 1'600);
}

}  // namespace
}  // namespace remotemedia::server
