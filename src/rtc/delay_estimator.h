#pragma once

#include "remotemedia/base/time.h"

#include <array>
#include <cstddef>

namespace remotemedia::rtc {

/// How late packets are against the fastest of the last seconds, and how long audio should wait so
/// that few are too late. Deterministic; costs some 50 multiplications a packet.
class DelayEstimator {
 public:
  /// A packet and half of one: what comes for a lost packet is in the next one.
  static constexpr Time kLeast = std::chrono::milliseconds(30);
  static constexpr Time kMost = std::chrono::milliseconds(200);
  static constexpr Time kAtFirst = kLeast;

  /// A packet whose audio begins at `media` (time of the sender's clock) came at `arrival`.
  void add(Time arrival, Time media);

  /// Between kLeast and kMost.
  [[nodiscard]] Time target() const { return target_; }
  /// Arrival minus media time of the fastest packet. Only after the first packet.
  [[nodiscard]] Time baseline() const;

 private:
  static constexpr Time kBucket = std::chrono::milliseconds(5);
  static constexpr std::size_t kBuckets = 48;
  static constexpr Time kWindow = std::chrono::seconds(4);

  void update_baseline(Time arrival, Time transit);
  void update_target();

  std::array<float, kBuckets> share_{};  // of the packets, by lateness; the past fades
  Time window_start_{};
  Time lowest_ = Time::max();         // in this window
  Time lowest_before_ = Time::max();  // in the one before
  Time target_ = kAtFirst;
  bool any_ = false;
};

}  // namespace remotemedia::rtc
