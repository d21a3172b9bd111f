#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace remotemedia::rtc {

/// The mean square of samples; 0 of none. Eight sums that do not wait for each other.
inline float power_of(std::span<const float> samples) {
  std::array<float, 8> sums{};
  std::size_t at = 0;
  for (; at + sums.size() <= samples.size(); at += sums.size()) {
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += samples[at + i] * samples[at + i];
  }
  for (std::size_t i = 0; at + i < samples.size(); ++i)
    sums[i] += samples[at + i] * samples[at + i];
  float sum = 0;
  for (const float part : sums) sum += part;
  return samples.empty() ? 0.0F : sum / static_cast<float>(samples.size());
}

}  // namespace remotemedia::rtc
