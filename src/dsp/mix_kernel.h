#pragma once

#include "dsp/streaming.h"

#include <cstddef>
#include <span>

namespace remotemedia::dsp {

/// As mix_to_mono. `out` may be in[0], unless the stores are streaming.
void mix_channels(std::span<const float* const> in, std::size_t frames, float* out,
                  Stores stores) noexcept;

/// The same of two channels, in one pass; false if a sum is not finite, as where an input is not:
/// `out`, which is none of them, has no meaning then.
bool mix_two_finite(const float* left, const float* right, std::size_t frames, float* out) noexcept;

}  // namespace remotemedia::dsp
