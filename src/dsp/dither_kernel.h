#pragma once

#include "dsp/streaming.h"

#include <cstddef>
#include <cstdint>

namespace remotemedia::dsp {

/// What makes the noise of one channel of one stream its own.
struct DitherKey {
  std::uint32_t start = 0;
  std::uint32_t step = 1;  ///< odd
};

/// Multiples of 2^-16 within (-1, 1), triangular, for `position` modulo 2^32; see dither_kernel.cc.
float dither_noise(DitherKey key, std::uint32_t position) noexcept;

/// out[i] = in[i] * 32768 + the noise of `position` + i in float32, rounded and clamped as by
/// f32_to_i16; `position` + `count` is at most 2^32. Returns how many samples were NaN or infinite.
std::uint64_t dither_to_i16(const float* in, std::size_t count, std::int16_t* out, DitherKey key,
                            std::uint32_t position, Stores stores) noexcept;

}  // namespace remotemedia::dsp
