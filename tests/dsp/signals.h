#pragma once

#include "remotemedia/base/audio_buffer.h"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <span>
#include <vector>

namespace remotemedia::dsp::test {

inline std::vector<float> noise(std::size_t frames, unsigned seed, float peak = 0.9F) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-peak, peak);
  std::vector<float> x(frames);
  for (float& sample : x) sample = uniform(random);
  return x;
}

template <typename Sample>
AudioBuffer buffer_of(int rate, const std::vector<std::vector<Sample>>& channels) {
  AudioBuffer audio = AudioBuffer::allocate(
      sample_format_of<Sample>, static_cast<int>(channels.size()), channels.front().size(), rate);
  for (std::size_t c = 0; c < channels.size(); ++c) {
    std::copy(channels[c].begin(), channels[c].end(),
              audio.mutable_channel<Sample>(static_cast<int>(c)).begin());
  }
  return audio;
}

template <typename Sample>
std::vector<Sample> channel_of(const AudioBuffer& audio, int channel) {
  const std::span<const Sample> samples = audio.channel<Sample>(channel);
  return {samples.begin(), samples.end()};
}

}  // namespace remotemedia::dsp::test
