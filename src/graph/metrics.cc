#include "remotemedia/graph/metrics.h"

#include "remotemedia/base/json_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace remotemedia {
namespace {

double microseconds(Time time) { return static_cast<double>(time.count()) * 1e-3; }

void write_queue(const QueueMetrics& queue, MetricsWriter& out) {
  const LatencySummary& wait = queue.wait;
  std::uint64_t count = 0;
  for (const std::uint64_t waits : wait.bucket_counts) count += waits;
  out.count("queue_capacity", queue.capacity);
  out.text("queue_policy", to_string(queue.policy));
  out.count("queue_depth", queue.depth);
  out.count("queue_peak_depth", queue.peak_depth);
  out.count("queue_drop_count", queue.dropped);
  out.number("queue_wait_avg_us",
             count > 0 ? microseconds(queue.total) / static_cast<double>(count) : 0.0);
  out.number("queue_wait_max_us", microseconds(queue.max));
  out.number("queue_wait_p99_us", microseconds(wait.p99));
  out.counts("queue_wait_bucket_counts", wait.bucket_counts);
}

void write_node(const NodeMetrics& node, MetricsWriter& out) {
  const auto count = static_cast<double>(node.execution_count);
  const double total_us = microseconds(node.total);
  out.text("node_id", node.node_id);
  out.text("node_type", node.node_type);
  out.text("runtime", node.runtime);
  out.text("runtime_reason", node.runtime_reason);
  out.count("execution_count", node.execution_count);
  out.count("success_count", node.success_count);
  out.count("error_count", node.error_count);
  out.number("success_rate", count > 0 ? static_cast<double>(node.success_count) / count : 0.0);
  out.number("total_duration_us", total_us);
  out.number("avg_duration_us", count > 0 ? total_us / count : 0.0);
  out.number("min_duration_us", microseconds(node.min));
  out.number("max_duration_us", microseconds(node.max));
  out.number("p50_duration_us", microseconds(node.latency.p50));
  out.number("p95_duration_us", microseconds(node.latency.p95));
  out.number("p99_duration_us", microseconds(node.latency.p99));
  out.number("p999_duration_us", microseconds(node.latency.p999));
  out.counts("duration_bucket_counts", node.latency.bucket_counts);
  out.count("allocated_bytes", node.allocated_bytes);
  out.count("peak_memory_bytes", node.peak_memory_bytes);
  out.count("retry_count", node.retry_count);
  out.count("drop_count", node.drop_count);
  if (!node.breaker_state.empty()) out.text("breaker_state", node.breaker_state);
  if (node.queue) write_queue(*node.queue, out);
}

/// Makes an object of them.
class MetricsValue final : public MetricsWriter {
 public:
  Object take() && { return std::move(metrics_); }

  void text(const char* name, std::string_view text) override { object_->set(name, text); }
  void count(const char* name, std::uint64_t count) override { object_->set(name, count); }
  void number(const char* name, double number) override { object_->set(name, number); }
  void counts(const char* name, std::span<const std::uint64_t> counts) override {
    object_->set(name, Value::Array(counts.begin(), counts.end()));
  }
  void numbers(const char* name, std::span<const double> numbers) override {
    object_->set(name, Value::Array(numbers.begin(), numbers.end()));
  }
  void begin_nodes(const char* name, std::size_t count) override {
    nodes_name_ = name;
    nodes_.reserve(count);
  }
  void begin_node() override {
    node_ = Object();
    node_.reserve(kNodeFields);
    object_ = &node_;
  }
  void end_node() override { nodes_.emplace_back(std::move(node_)); }
  void end_nodes() override {
    object_ = &metrics_;
    object_->set(nodes_name_, std::move(nodes_));
  }

 private:
  static constexpr std::size_t kNodeFields = 21;  // without breaker and queue

  Object metrics_;
  Value::Array nodes_;
  Object node_;
  Object* object_ = &metrics_;
  const char* nodes_name_ = "";
};

/// Writes them as text.
class MetricsText final : public MetricsWriter {
 public:
  MetricsText(std::string& out, int indent) : json_(out, indent) { json_.begin_object(); }
  void finish() { json_.end_object(); }

  void text(const char* name, std::string_view text) override { member(name, text); }
  void count(const char* name, std::uint64_t count) override {
    member(name, static_cast<std::int64_t>(count));
  }
  void number(const char* name, double number) override { member(name, number); }
  void counts(const char* name, std::span<const std::uint64_t> counts) override {
    json_.name(name);
    json_.begin_array();
    for (const std::uint64_t count : counts) json_.value(static_cast<std::int64_t>(count));
    json_.end_array();
  }
  void numbers(const char* name, std::span<const double> numbers) override {
    json_.name(name);
    json_.begin_array();
    for (const double number : numbers) json_.value(number);
    json_.end_array();
  }
  void begin_nodes(const char* name, std::size_t /*count*/) override {
    json_.name(name);
    json_.begin_array();
  }
  void begin_node() override { json_.begin_object(); }
  void end_node() override { json_.end_object(); }
  void end_nodes() override { json_.end_array(); }

 private:
  template <typename T>
  void member(const char* name, T value) {
    json_.name(name);
    json_.value(value);
  }

  JsonText json_;
};

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

void write_metrics(const Metrics& metrics, MetricsWriter& out) {
  constexpr double kMebibyte = 1024.0 * 1024.0;
  const double total_us = microseconds(metrics.total_duration);
  out.text("pipeline_id", metrics.pipeline_id);
  out.count("total_executions", metrics.total_executions);
  out.number("total_duration_us", total_us);
  out.number("total_duration_ms", total_us * 1e-3);
  out.count("peak_memory_bytes", metrics.peak_memory_bytes);
  out.number("peak_memory_mb", static_cast<double>(metrics.peak_memory_bytes) / kMebibyte);
  out.begin_nodes("node_metrics", metrics.nodes.size());
  for (const NodeMetrics& node : metrics.nodes) {
    out.begin_node();
    write_node(node, out);
    out.end_node();
  }
  out.end_nodes();
  out.number("metrics_overhead_us", microseconds(metrics.metrics_overhead));
  std::array<double, kLatencyBounds.size()> bounds_us;
  std::ranges::transform(kLatencyBounds, bounds_us.begin(), microseconds);
  out.numbers("duration_bucket_bounds_us", bounds_us);
}

Value metrics_to_value(const Metrics& metrics) {
  MetricsValue value;
  write_metrics(metrics, value);
  return std::move(value).take();
}

std::string metrics_to_json(const Metrics& metrics, int indent) {
  std::string text;
  // Of a node on one line.
  constexpr std::size_t kUsual = 1'000;
  text.reserve(kUsual * (metrics.nodes.size() + 1));
  MetricsText out(text, indent);
  write_metrics(metrics, out);
  out.finish();
  return text;
}

}  // namespace remotemedia
