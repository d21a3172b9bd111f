#pragma once

#include "remotemedia/graph/metrics.h"

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace remotemedia {

/// Counts durations in log-linear buckets: a nanosecond each below 64 ns, then 32 to each doubling,
/// so that the middle of a bucket is within 1/64 (1.6 %) of all that is counted in it. From 69 s on
/// everything is in the last one. 4 KiB, and no allocation. [session]
///
/// One thread adds at a time; any other may read meanwhile and sees each bucket as it was at some
/// time since. A bucket stops at 2^32 - 1.
class LatencyHistogram {
 public:
  /// Negative durations, of a clock that was set back, count as 0.
  void add(Time duration) noexcept {
    const auto index = static_cast<std::uint32_t>(index_of(duration));
    if (index < first_.load(std::memory_order_relaxed)) {
      first_.store(index, std::memory_order_relaxed);
    }
    if (index >= end_.load(std::memory_order_relaxed)) {
      end_.store(index + 1, std::memory_order_relaxed);
    }
    std::atomic<std::uint32_t>& bucket = counts_[index];
    const std::uint32_t count = bucket.load(std::memory_order_relaxed);
    // No read-modify-write: there is one writer.
    if (count != UINT32_MAX) bucket.store(count + 1, std::memory_order_relaxed);
  }

  /// Adds what another one has counted.
  void merge(const LatencyHistogram& other) noexcept;

  [[nodiscard]] std::uint64_t count() const noexcept;
  /// Quantiles and counts per bound; all 0 if nothing was added.
  [[nodiscard]] LatencySummary summary() const noexcept;

 private:
  static constexpr int kLinearBits = 6;    // one bucket per ns below 2^6 ns
  static constexpr int kStepBits = 5;      // 2^5 buckets to a doubling
  static constexpr int kExponents = 36;    // of 2; up to 2^36 ns
  static constexpr std::size_t kBuckets =  // 1024
      (std::size_t{1} << kLinearBits) +
      (static_cast<std::size_t>(kExponents - kLinearBits) << kStepBits);

  static std::size_t index_of(Time duration) noexcept {
    if (duration.count() < (1 << kLinearBits)) {
      return duration.count() < 0 ? 0 : static_cast<std::size_t>(duration.count());
    }
    const auto ns = static_cast<std::uint64_t>(duration.count());
    const int exponent = static_cast<int>(std::bit_width(ns)) - 1;
    if (exponent >= kExponents) return kBuckets - 1;
    const auto octave = static_cast<std::size_t>(exponent - kLinearBits);
    // The leading one of the 6 bits makes the first bucket after the linear ones number 64.
    return (octave << kStepBits) + static_cast<std::size_t>(ns >> (exponent - kStepBits)) +
           (std::size_t{1} << kStepBits);
  }
  /// The duration in the middle of a bucket.
  static Time middle(std::size_t index) noexcept;

  std::array<std::atomic<std::uint32_t>, kBuckets> counts_{};
  // Outside of them all buckets are empty: few durations of a node are far from the others.
  std::atomic<std::uint32_t> first_{kBuckets};
  std::atomic<std::uint32_t> end_{0};
};

/// Puts the quantiles inside of what is known exactly: the middle of a bucket may lie outside.
void keep_within(LatencySummary& summary, Time min, Time max);

}  // namespace remotemedia
