#pragma once

#include "dsp/streaming.h"

#include <cstddef>
#include <span>

namespace remotemedia::dsp {

/// As mix_to_mono. `out` may be in[0], unless the stores are streaming.
void mix_channels(std::span<const float* const> in, std::size_t frames, float* out,
                  Stores stores) noexcept;

}  // namespace remotemedia::dsp
