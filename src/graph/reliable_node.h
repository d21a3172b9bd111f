#pragma once

#include "graph/circuit_breaker.h"
#include "remotemedia/graph/metrics.h"
#include "remotemedia/graph/node.h"
#include "remotemedia/graph/node_policy.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

namespace remotemedia {

/// What a reliable node counts. Read by other threads than the node's.
class ReliabilityCounters {
 public:
  std::atomic<std::uint64_t> retries{0};
  std::atomic<std::uint64_t> drops{0};        ///< packets
  std::atomic<const char*> breaker{nullptr};  ///< its state; nullptr without a breaker

  /// Writes them into what the session counted, for which a dropped packet was a success.
  void add_to(NodeMetrics& metrics) const;
};

/// What a session lends to its nodes.
struct Surroundings {
  Clock clock;                          ///< for the breaker
  std::function<bool(Time)> wait;       ///< between attempts; false once the session was cancelled
  std::function<bool()> cancelled;      ///< whether it was
  std::function<double()> random = {};  ///< of [0, 1), for jitter; a random seed if empty
};

/// The node with its policy around it; the node itself if the policy asks for nothing that happens
/// here. A packet's results leave when its call has succeeded, so that a failed attempt leaves
/// nothing behind; until then they take memory. Only process is repeated or skipped: what flush
/// fails to give cannot be asked for again.
std::unique_ptr<NodeExecutor> make_reliable(std::unique_ptr<NodeExecutor> node,
                                            const NodePolicy& policy, Surroundings surroundings,
                                            ReliabilityCounters& counters);

}  // namespace remotemedia
