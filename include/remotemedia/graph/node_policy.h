#pragma once

#include "remotemedia/graph/queue_options.h"

#include <optional>

namespace remotemedia {

/// Most that a policy may ask for; the time is one day.
inline constexpr int kMaxPolicyMs = 86'400'000;
inline constexpr int kMaxRetries = 100;
inline constexpr int kMaxRetryMultiplier = 100;
inline constexpr int kMaxFailureThreshold = 1'000'000;

/// Repeats a call that failed for a reason that may pass (is_transient). The wait before retry n
/// (from 1) is initial_delay_ms * multiplier^(n-1), at most max_delay_ms.
struct RetryPolicy {
  int max_retries = 3;         ///< after the first call; 0..kMaxRetries
  int initial_delay_ms = 100;  ///< 0..kMaxPolicyMs
  double multiplier = 2;       ///< 1..kMaxRetryMultiplier
  int max_delay_ms = 400;      ///< initial_delay_ms..kMaxPolicyMs
  bool jitter = false;         ///< each wait is a random part of it, from a half to the whole

  friend bool operator==(const RetryPolicy&, const RetryPolicy&) = default;
};

/// Stops calling a node that keeps failing: open after `failure_threshold` failed packets in a row;
/// `reset_timeout_ms` later one packet is tried, and its outcome closes the breaker or keeps it
/// open.
struct BreakerPolicy {
  int failure_threshold = 5;      ///< 1..kMaxFailureThreshold
  int reset_timeout_ms = 30'000;  ///< 0..kMaxPolicyMs

  friend bool operator==(const BreakerPolicy&, const BreakerPolicy&) = default;
};

/// What becomes of a packet on which a node failed: it ends the session, or it alone is dropped.
enum class OnError { fail, skip };

/// What a session does about failures of one node, and about packets that come too fast.
struct NodePolicy {
  std::optional<RetryPolicy> retry = {};
  std::optional<BreakerPolicy> circuit_breaker = {};
  std::optional<int> timeout_ms = {};  ///< most time of a call; 1..kMaxPolicyMs
  OnError on_error = OnError::fail;
  NodeQueue queue = {};

  friend bool operator==(const NodePolicy&, const NodePolicy&) = default;
};

/// "fail" or "skip".
constexpr const char* to_string(OnError on_error) {
  return on_error == OnError::skip ? "skip" : "fail";
}

}  // namespace remotemedia
