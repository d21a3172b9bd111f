#pragma once

#include "remotemedia/base/audio_buffer.h"

#include <benchmark/benchmark.h>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace remotemedia::bench {

/// A block of live audio.
inline constexpr int kBlockMs = 10;

/// Audio with something in it: the same in each run, tones that fall on no multiple of the block.
inline AudioBuffer tones(int rate, int channels, std::size_t frames) {
  AudioBuffer audio = AudioBuffer::allocate(SampleFormat::f32, channels, frames, rate);
  for (int c = 0; c < channels; ++c) {
    const double step = 2.0 * std::numbers::pi * (313.0 + 97.0 * c) / rate;
    float* out = audio.mutable_channel<float>(c).data();
    for (std::size_t i = 0; i < frames; ++i) {
      out[i] = static_cast<float>(0.4 * std::sin(step * static_cast<double>(i)));
    }
  }
  return audio;
}

inline std::size_t frames_of(int milliseconds, int rate) {
  return static_cast<std::size_t>(rate) * static_cast<std::size_t>(milliseconds) / 1000;
}

/// Says how much audio one iteration works on: the time it must not exceed when the audio is live.
inline void set_audio_ms(benchmark::State& state, double milliseconds) {
  state.counters["audio_ms"] = milliseconds;
}

}  // namespace remotemedia::bench
