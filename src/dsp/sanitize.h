#pragma once

#include <cmath>
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

}  // namespace remotemedia::dsp
