#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace remotemedia::dsp {

inline bool is_finite(float value) {
  // NaN fails the comparison; unlike std::isfinite this becomes one vector instruction.
  return std::fabs(value) <= std::numeric_limits<float>::max();
}

/// What stands in for a value that is not finite: 0 for NaN, +-1 (full scale) for an infinity.
inline float replace_non_finite(float value) {
  if (std::isnan(value)) return 0.0F;
  return value > 0.0F ? 1.0F : -1.0F;
}

/// For what saturates at full scale: NaN as 0, the rest up to twice full scale, so that dither does
/// not bring it back. Gives how many were not finite.
template <typename Float>
std::uint64_t make_ordinary(const Float* in, std::size_t count, Float* out) {
  std::uint64_t replaced = 0;
  for (std::size_t i = 0; i < count; ++i) {
    replaced += std::isfinite(in[i]) ? 0 : 1;
    out[i] = std::isnan(in[i]) ? Float{0} : std::clamp(in[i], Float{-2}, Float{2});
  }
  return replaced;
}

}  // namespace remotemedia::dsp
