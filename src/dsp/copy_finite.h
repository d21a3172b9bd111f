#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace remotemedia::dsp {

/// Copies `in` to `out` and makes it finite: NaN becomes 0, an infinity +-1 (full scale). Returns
/// how many samples had to be replaced. Cost: that of a copy: one maximum per vector finds
/// out whether there is anything to replace.
std::uint64_t copy_finite(std::span<const float> in, float* out) noexcept;

}  // namespace remotemedia::dsp
