#include "remotemedia/graph/latency_histogram.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace remotemedia {

Time LatencyHistogram::middle(std::size_t index) noexcept {
  constexpr std::size_t kLinear = std::size_t{1} << kLinearBits;
  if (index < kLinear) return Time(static_cast<Time::rep>(index));
  const std::size_t octave = (index - kLinear) >> kStepBits;
  const std::size_t step = (index & ((std::size_t{1} << kStepBits) - 1)) | (1U << kStepBits);
  const std::size_t width_bits = octave + 1;
  return Time(static_cast<Time::rep>((step << width_bits) + (std::size_t{1} << octave)));
}

void LatencyHistogram::merge(const LatencyHistogram& other) noexcept {
  first_.store(std::min(first_.load(std::memory_order_relaxed),
                        other.first_.load(std::memory_order_relaxed)),
               std::memory_order_relaxed);
  end_.store(
      std::max(end_.load(std::memory_order_relaxed), other.end_.load(std::memory_order_relaxed)),
      std::memory_order_relaxed);
  const std::size_t end = other.end_.load(std::memory_order_relaxed);
  for (std::size_t i = other.first_.load(std::memory_order_relaxed); i < end; ++i) {
    const std::uint64_t sum = std::uint64_t{counts_[i].load(std::memory_order_relaxed)} +
                              other.counts_[i].load(std::memory_order_relaxed);
    counts_[i].store(static_cast<std::uint32_t>(std::min<std::uint64_t>(sum, UINT32_MAX)),
                     std::memory_order_relaxed);
  }
}

std::uint64_t LatencyHistogram::count() const noexcept {
  std::uint64_t sum = 0;
  const std::size_t end = end_.load(std::memory_order_relaxed);
  for (std::size_t i = first_.load(std::memory_order_relaxed); i < end; ++i) {
    sum += counts_[i].load(std::memory_order_relaxed);
  }
  return sum;
}

LatencySummary LatencyHistogram::summary() const noexcept {
  LatencySummary summary;
  const struct {
    double share;
    Time& quantile;
  } wanted[] = {
      {0.5, summary.p50}, {0.95, summary.p95}, {0.99, summary.p99}, {0.999, summary.p999}};
  const auto all = static_cast<double>(count());
  std::uint64_t seen = 0;
  std::size_t bound = 0;
  std::size_t next = 0;
  const std::size_t end = end_.load(std::memory_order_relaxed);
  for (std::size_t i = first_.load(std::memory_order_relaxed); i < end; ++i) {
    const std::uint32_t here = counts_[i].load(std::memory_order_relaxed);
    if (here == 0) continue;
    seen += here;
    while (bound < kLatencyBounds.size() && middle(i) > kLatencyBounds[bound]) ++bound;
    summary.bucket_counts[bound] += here;
    for (; next < std::size(wanted); ++next) {
      if (static_cast<double>(seen) < std::ceil(wanted[next].share * all)) break;
      wanted[next].quantile = middle(i);
    }
  }
  return summary;
}

void keep_within(LatencySummary& summary, Time min, Time max) {
  for (Time* quantile : {&summary.p50, &summary.p95, &summary.p99, &summary.p999}) {
    *quantile = std::clamp(*quantile, min, std::max(min, max));
  }
}

}  // namespace remotemedia
