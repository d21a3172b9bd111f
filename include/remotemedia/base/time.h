#pragma once

#include <chrono>
#include <cstdint>

namespace remotemedia {

/// Media time, from the start of the stream. Wall clocks are read only by the server and the
/// program.
using Time = std::chrono::nanoseconds;

/// Time of a frame; exact to the nanosecond for 70 years at 192 kHz.
constexpr Time frame_time(std::uint64_t frame, int rate) {
  const auto hz = static_cast<std::uint64_t>(rate);
  const std::uint64_t whole = frame / hz;
  const std::uint64_t rest = frame % hz;
  return Time(static_cast<std::int64_t>(whole * 1'000'000'000U + rest * 1'000'000'000U / hz));
}

constexpr double seconds(Time time) { return static_cast<double>(time.count()) * 1e-9; }

}  // namespace remotemedia
