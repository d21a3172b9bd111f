#include "remotemedia/graph/metrics.h"

#include <cstdint>
#include <utility>

namespace remotemedia {
namespace {

double microseconds(Time time) { return static_cast<double>(time.count()) * 1e-3; }

Value counts_to_value(const LatencySummary& latency) {
  return Value::Array(latency.bucket_counts.begin(), latency.bucket_counts.end());
}

void add_queue(Object& object, const QueueMetrics& queue) {
  const LatencySummary& wait = queue.wait;
  std::uint64_t count = 0;
  for (const std::uint64_t waits : wait.bucket_counts) count += waits;
  object.set("queue_capacity", queue.capacity);
  object.set("queue_policy", to_string(queue.policy));
  object.set("queue_depth", queue.depth);
  object.set("queue_peak_depth", queue.peak_depth);
  object.set("queue_drop_count", queue.dropped);
  object.set("queue_wait_avg_us",
             count > 0 ? microseconds(queue.total) / static_cast<double>(count) : 0.0);
  object.set("queue_wait_max_us", microseconds(queue.max));
  object.set("queue_wait_p99_us", microseconds(wait.p99));
  object.set("queue_wait_bucket_counts", counts_to_value(wait));
}

Value node_to_value(const NodeMetrics& node) {
  const auto count = static_cast<double>(node.execution_count);
  const double total_us = microseconds(node.total);
  Object object{{"node_id", node.node_id},
                {"node_type", node.node_type},
                {"runtime", node.runtime},
                {"runtime_reason", node.runtime_reason},
                {"execution_count", node.execution_count},
                {"success_count", node.success_count},
                {"error_count", node.error_count},
                {"success_rate", count > 0 ? static_cast<double>(node.success_count) / count : 0.0},
                {"total_duration_us", total_us},
                {"avg_duration_us", count > 0 ? total_us / count : 0.0},
                {"min_duration_us", microseconds(node.min)},
                {"max_duration_us", microseconds(node.max)},
                {"p50_duration_us", microseconds(node.latency.p50)},
                {"p95_duration_us", microseconds(node.latency.p95)},
                {"p99_duration_us", microseconds(node.latency.p99)},
                {"p999_duration_us", microseconds(node.latency.p999)},
                {"duration_bucket_counts", counts_to_value(node.latency)},
                {"allocated_bytes", node.allocated_bytes},
                {"peak_memory_bytes", node.peak_memory_bytes},
                {"retry_count", node.retry_count},
                {"drop_count", node.drop_count}};
  if (!node.breaker_state.empty()) object.set("breaker_state", node.breaker_state);
  if (node.queue) add_queue(object, *node.queue);
  return object;
}

}  // namespace

const char* to_string(QueuePolicy policy) {
  switch (policy) {
    case QueuePolicy::block:
      return "block";
    case QueuePolicy::drop_oldest:
      return "drop_oldest";
    case QueuePolicy::coalesce:
      return "coalesce";
  }
  return "";
}

Value metrics_to_value(const Metrics& metrics) {
  Value::Array nodes;
  for (const NodeMetrics& node : metrics.nodes) nodes.push_back(node_to_value(node));
  Value::Array bounds_us;
  for (const Time bound : kLatencyBounds) bounds_us.emplace_back(microseconds(bound));
  const double total_us = microseconds(metrics.total_duration);
  constexpr double kMebibyte = 1024.0 * 1024.0;
  return Object{{"pipeline_id", metrics.pipeline_id},
                {"total_executions", metrics.total_executions},
                {"total_duration_us", total_us},
                {"total_duration_ms", total_us * 1e-3},
                {"peak_memory_bytes", metrics.peak_memory_bytes},
                {"peak_memory_mb", static_cast<double>(metrics.peak_memory_bytes) / kMebibyte},
                {"node_metrics", std::move(nodes)},
                {"metrics_overhead_us", microseconds(metrics.metrics_overhead)},
                {"duration_bucket_bounds_us", std::move(bounds_us)}};
}

}  // namespace remotemedia
