#include "graph/circuit_breaker.h"

#include <cstddef>

namespace remotemedia {

const char* to_string(BreakerState state) {
  static constexpr const char* kNames[] = {"closed", "open", "half_open"};
  return kNames[static_cast<std::size_t>(state)];
}

bool CircuitBreaker::allows(Time now) {
  if (state_ != BreakerState::open) return true;
  if (now - opened_ < std::chrono::milliseconds(policy_.reset_timeout_ms)) return false;
  state_ = BreakerState::half_open;
  return true;
}

void CircuitBreaker::succeed() {
  state_ = BreakerState::closed;
  failures_ = 0;
}

bool CircuitBreaker::fail(Time now) {
  ++failures_;
  if (state_ == BreakerState::closed && failures_ < policy_.failure_threshold) return false;
  state_ = BreakerState::open;
  opened_ = now;
  return true;
}

}  // namespace remotemedia
