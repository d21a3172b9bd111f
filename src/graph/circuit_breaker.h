#pragma once

#include "remotemedia/base/time.h"
#include "remotemedia/graph/node_policy.h"

namespace remotemedia {

enum class BreakerState { closed, open, half_open };
/// "closed", "open" or "half_open".
const char* to_string(BreakerState state);

/// Decides whether a node is called. Reads no clock: the time is an argument.
class CircuitBreaker {
 public:
  explicit CircuitBreaker(const BreakerPolicy& policy) : policy_(policy) {}

  /// Whether a call may be made now. An open breaker whose time is over becomes half-open and
  /// allows one, whose outcome has to be told.
  [[nodiscard]] bool allows(Time now);
  void succeed();
  /// True if this failure opened the breaker.
  bool fail(Time now);

  [[nodiscard]] BreakerState state() const { return state_; }

 private:
  BreakerPolicy policy_;
  BreakerState state_ = BreakerState::closed;
  int failures_ = 0;  ///< in a row
  Time opened_{0};
};

}  // namespace remotemedia
