#include "remotemedia/graph/metrics.h"

#include <utility>

namespace remotemedia {
namespace {

double microseconds(Time time) { return static_cast<double>(time.count()) * 1e-3; }

void add_queue(const QueueMetrics& queue, Object& to) {
  const auto taken = static_cast<double>(queue.taken);
  to.set("queue_capacity", queue.capacity);
  to.set("queue_policy", to_string(queue.policy));
  to.set("queue_depth", queue.depth);
  to.set("queue_peak_depth", queue.peak_depth);
  to.set("queue_drop_count", queue.dropped);
  to.set("queue_wait_avg_us", taken > 0 ? microseconds(queue.total_wait) / taken : 0.0);
  to.set("queue_wait_max_us", microseconds(queue.max_wait));
}

Value node_to_value(const NodeMetrics& node) {
  const auto count = static_cast<double>(node.execution_count);
  const double total_us = microseconds(node.total);
  Object value = {
      {"node_id", node.node_id},
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
      {"retry_count", node.retry_count},
      {"drop_count", node.drop_count}};
  if (!node.breaker_state.empty()) value.set("breaker_state", node.breaker_state);
  if (node.queue) add_queue(*node.queue, value);
  return value;
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
  const double total_us = microseconds(metrics.total_duration);
  constexpr double kMebibyte = 1024.0 * 1024.0;
  return Object{{"pipeline_id", metrics.pipeline_id},
                {"total_executions", metrics.total_executions},
                {"total_duration_us", total_us},
                {"total_duration_ms", total_us * 1e-3},
                {"peak_memory_bytes", metrics.peak_memory_bytes},
                {"peak_memory_mb", static_cast<double>(metrics.peak_memory_bytes) / kMebibyte},
                {"node_metrics", std::move(nodes)},
                {"metrics_overhead_us", microseconds(metrics.metrics_overhead)}};
}

}  // namespace remotemedia
