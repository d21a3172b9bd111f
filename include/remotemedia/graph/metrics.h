#pragma once

#include "remotemedia/base/time.h"
#include "remotemedia/base/value.h"
#include "remotemedia/graph/queue_options.h"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace remotemedia {

/// Reads a monotonic time; injected so that tests run on simulated time.
using Clock = std::function<Time()>;

/// Bounds by which durations are counted for monitoring: 50 us to 2.5 s.
inline constexpr std::array<Time, 15> kLatencyBounds = {
    Time(50'000),      Time(100'000),       Time(250'000),       Time(500'000),
    Time(1'000'000),   Time(2'500'000),     Time(5'000'000),     Time(10'000'000),
    Time(25'000'000),  Time(50'000'000),    Time(100'000'000),   Time(250'000'000),
    Time(500'000'000), Time(1'000'000'000), Time(2'500'000'000),
};

/// How durations are distributed. Each one enters with an error of 1.6 % at most.
struct LatencySummary {
  Time p50{0};  ///< half of them took no longer
  Time p95{0};
  Time p99{0};
  Time p999{0};
  /// How many took no longer than each of kLatencyBounds and longer than the one before; the last
  /// one counts those above all bounds.
  std::array<std::uint64_t, kLatencyBounds.size() + 1> bucket_counts{};
};

/// Of the queues before a node that has a lane of its own.
struct QueueMetrics {
  std::size_t capacity = 0;  ///< packets a connection
  QueuePolicy policy = QueuePolicy::block;
  std::size_t depth = 0;       ///< packets that wait now, on all connections
  std::size_t peak_depth = 0;  ///< on one connection
  std::uint64_t dropped = 0;
  Time total{0};  ///< that packets waited
  Time max{0};    ///< that one packet waited
  LatencySummary wait = {};
};

struct NodeMetrics {
  std::string node_id = {};
  std::string node_type = {};
  std::string runtime = {};
  std::string runtime_reason = {};
  std::uint64_t execution_count = 0;
  std::uint64_t success_count = 0;
  std::uint64_t error_count = 0;
  std::uint64_t retry_count = 0;           ///< calls that were repeated
  std::uint64_t drop_count = 0;            ///< packets that on_error skip dropped; errors, too
  std::string breaker_state = {};          ///< "closed", "open", "half_open"; empty without one
  Time total{0};                           ///< in process and flush
  Time min{0};                             ///< of one process call
  Time max{0};                             ///< of one process call
  LatencySummary latency = {};             ///< of process calls that ended well
  std::uint64_t allocated_bytes = 0;       ///< audio buffers that its calls took
  std::uint64_t peak_memory_bytes = 0;     ///< the most of them that lived at one time
  std::optional<QueueMetrics> queue = {};  ///< absent where the session calls the node itself
};

struct Metrics {
  std::string pipeline_id;             ///< the graph's name
  std::uint64_t total_executions = 0;  ///< runs or pushes
  Time total_duration{0};
  std::uint64_t peak_memory_bytes = 0;  ///< of the process
  Time metrics_overhead{0};             ///< spent reading the clock
  std::vector<NodeMetrics> nodes;       ///< in manifest order
};

/// Takes metrics field by field, whatever it makes of them. A name is the same object each time, so
/// that one may keep what it has made of it.
class MetricsWriter {
 public:
  virtual ~MetricsWriter() = default;

  virtual void text(const char* name, std::string_view text) = 0;
  virtual void count(const char* name, std::uint64_t count) = 0;
  virtual void number(const char* name, double number) = 0;
  virtual void counts(const char* name, std::span<const std::uint64_t> counts) = 0;
  virtual void numbers(const char* name, std::span<const double> numbers) = 0;
  /// A list of nodes; each node's fields then come between begin_node() and end_node().
  virtual void begin_nodes(const char* name, std::size_t count) = 0;
  virtual void begin_node() = 0;
  virtual void end_node() = 0;
  virtual void end_nodes() = 0;
};

/// {pipeline_id, total_executions, total_duration_us, total_duration_ms, peak_memory_bytes,
/// peak_memory_mb, node_metrics[], metrics_overhead_us, duration_bucket_bounds_us[]}; per node
/// {node_id, node_type, runtime, runtime_reason, execution_count, success_count, error_count,
/// success_rate, total_duration_us, avg_duration_us, min_duration_us, max_duration_us,
/// p50_duration_us, p95_duration_us, p99_duration_us, p999_duration_us, duration_bucket_counts[],
/// retry_count, drop_count, allocated_bytes, peak_memory_bytes}, with a circuit breaker
/// breaker_state, and with a queue {queue_capacity, queue_policy, queue_depth, queue_peak_depth,
/// queue_drop_count, queue_wait_avg_us, queue_wait_max_us, queue_wait_p99_us,
/// queue_wait_bucket_counts[]}. Rate, average and min are 0
/// when nothing ran; the average is the total per execution, so it carries its share of the flush.
/// docs/metrics.md says what each of them counts.
void write_metrics(const Metrics& metrics, MetricsWriter& out);

/// The same as an object, and as the JSON text of it.
Value metrics_to_value(const Metrics& metrics);
std::string metrics_to_json(const Metrics& metrics, int indent = -1);

/// The same for Prometheus: its text format, version 0.0.4, in base units.
std::string metrics_to_prometheus(const Metrics& metrics);

}  // namespace remotemedia
