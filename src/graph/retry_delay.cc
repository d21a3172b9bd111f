#include "graph/retry_delay.h"

#include <algorithm>
#include <cmath>

namespace remotemedia {

Time retry_delay(const RetryPolicy& policy, int retry, double random) {
  constexpr double kNanosecondsPerMs = 1e6;
  // 100^99 is still a double, so the cap needs no second thought.
  const double grown_ms = policy.initial_delay_ms * std::pow(policy.multiplier, retry - 1);
  double delay_ms = std::min(grown_ms, static_cast<double>(policy.max_delay_ms));
  if (policy.jitter) delay_ms *= (1 + random) / 2;
  return Time(static_cast<Time::rep>(delay_ms * kNanosecondsPerMs));
}

}  // namespace remotemedia
