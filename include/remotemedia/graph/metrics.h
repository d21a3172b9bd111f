#pragma once

#include "remotemedia/base/time.h"
#include "remotemedia/base/value.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace remotemedia {

/// Reads a monotonic time; injected so that tests run on simulated time.
using Clock = std::function<Time()>;

/// What a full queue does with a packet that comes: the producer waits, the oldest one goes, or all
/// that wait go.
enum class QueuePolicy { block, drop_oldest, coalesce };
const char* to_string(QueuePolicy policy);

/// Of the queues before a node that has a lane of its own.
struct QueueMetrics {
  std::size_t capacity = 0;  ///< packets a connection
  QueuePolicy policy = QueuePolicy::block;
  std::size_t depth = 0;       ///< packets that wait now, on all connections
  std::size_t peak_depth = 0;  ///< on one connection
  std::uint64_t dropped = 0;
  std::uint64_t taken = 0;  ///< packets that the times below are of
  Time total_wait{0};
  Time max_wait{0};
};

struct NodeMetrics {
  std::string node_id = {};
  std::string node_type = {};
  std::string runtime = {};
  std::string runtime_reason = {};
  std::uint64_t execution_count = 0;
  std::uint64_t success_count = 0;
  std::uint64_t error_count = 0;
  std::uint64_t retry_count = 0;   ///< calls that were repeated
  std::uint64_t drop_count = 0;    ///< packets that on_error skip dropped; errors, too
  std::string breaker_state = {};  ///< "closed", "open" or "half_open"; empty without a breaker
  Time total{0};                   ///< in process and flush
  Time min{0};                     ///< of one process call
  Time max{0};                     ///< of one process call
  std::optional<QueueMetrics> queue = {};
};

struct Metrics {
  std::string pipeline_id;             ///< the graph's name
  std::uint64_t total_executions = 0;  ///< runs or pushes
  Time total_duration{0};
  std::uint64_t peak_memory_bytes = 0;  ///< of the process
  Time metrics_overhead{0};             ///< spent reading the clock
  std::vector<NodeMetrics> nodes;       ///< in manifest order
};

/// {pipeline_id, total_executions, total_duration_us, total_duration_ms, peak_memory_bytes,
/// peak_memory_mb, node_metrics[], metrics_overhead_us}; per node {node_id, node_type, runtime,
/// runtime_reason, execution_count, success_count, error_count, success_rate, total_duration_us,
/// avg_duration_us, min_duration_us, max_duration_us,
/// retry_count, drop_count} and, with a circuit breaker, breaker_state. Rate, average and min are 0
/// when nothing ran; the average is the total per execution, so it carries its share of the flush.
/// A node with a lane also has {queue_capacity, queue_policy, queue_depth, queue_peak_depth,
/// queue_drop_count, queue_wait_avg_us, queue_wait_max_us}.
Value metrics_to_value(const Metrics& metrics);

}  // namespace remotemedia
