#include "rtc/delay_estimator.h"

#include <algorithm>
#include <utility>

namespace remotemedia::rtc {
namespace {

constexpr float kMemory = 0.99F;  // half is forgotten after 69 packets
constexpr float kInTime = 0.97F;  // share of packets that should not be late

}  // namespace

Time DelayEstimator::baseline() const { return std::min(lowest_, lowest_before_); }

void DelayEstimator::update_baseline(Time arrival, Time transit) {
  if (!std::exchange(any_, true)) window_start_ = arrival;
  if (arrival - window_start_ >= kWindow) {
    lowest_before_ = lowest_;
    lowest_ = transit;
    window_start_ = arrival;
  }
  lowest_ = std::min(lowest_, transit);
}

void DelayEstimator::add(Time arrival, Time media) {
  const Time transit = arrival - media;
  update_baseline(arrival, transit);
  const Time late = transit - baseline();
  const auto bucket = std::min(static_cast<std::size_t>(late / kBucket), kBuckets - 1);
  for (float& share : share_) share *= kMemory;
  share_[bucket] += 1 - kMemory;
  update_target();
}

void DelayEstimator::update_target() {
  float total = 0;
  for (const float share : share_) total += share;
  float sum = 0;
  std::size_t bucket = 0;
  while (bucket + 1 < kBuckets && (sum += share_[bucket]) < kInTime * total) ++bucket;
  // The end of the bucket, and half a frame for the grid on which audio is played.
  const Time wanted = static_cast<int>(bucket + 1) * kBucket + std::chrono::milliseconds(10);
  target_ = std::clamp(wanted, kLeast, kMost);
}

}  // namespace remotemedia::rtc
