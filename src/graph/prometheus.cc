// Own code for the text format: a family is a HELP line, a TYPE line and its samples.
// prometheus-cpp would keep a registry of atomics beside the session's own counters, and its
// package brings an HTTP server and curl, into every wheel too, for less than what is here.

#include "remotemedia/base/version.h"
#include "remotemedia/graph/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace remotemedia {
namespace {

/// The value of a label, between its quotes.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\' || c == '"') result += '\\';
    result += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return result;
}

class Writer {
 public:
  explicit Writer(const Metrics& metrics)
      : pipeline_(fmt::format("pipeline=\"{}\"", escaped(metrics.pipeline_id))) {
    for (const Time bound : kLatencyBounds) bounds_.push_back(fmt::format("{}", seconds(bound)));
    bounds_.emplace_back("+Inf");
  }

  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    append("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
  }
  template <typename Number>
  void sample(std::string_view suffix, std::string_view labels, Number value) {
    append("{}{}{{{}}} {}\n", name_, suffix, labels, value);
  }
  template <typename Number>
  void of_pipeline(Number value) {
    sample("", pipeline_, value);
  }
  template <typename Number>
  void of_node(const NodeMetrics& node, Number value, std::string_view more_labels = {}) {
    sample("", labels_of(node).append(more_labels), value);
  }
  void histogram_of_node(const NodeMetrics& node, const LatencySummary& latency, Time total) {
    const std::string labels = labels_of(node);
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < bounds_.size(); ++i) {
      count += latency.bucket_counts[i];
      append("{}_bucket{{{},le=\"{}\"}} {}\n", name_, labels, bounds_[i], count);
    }
    sample("_sum", labels, seconds(total));
    sample("_count", labels, count);
  }
  std::string take() { return std::move(text_); }

 private:
  template <typename... Args>
  void append(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
  }
  [[nodiscard]] std::string labels_of(const NodeMetrics& node) const {
    return fmt::format("{},node=\"{}\"", pipeline_, escaped(node.node_id));
  }

  std::string pipeline_;
  std::vector<std::string> bounds_;  ///< texts of kLatencyBounds, and the last one
  std::string_view name_;
  std::string text_;
};

void write_pipeline(Writer& out, const Metrics& metrics) {
  out.family("remotemedia_build_info", "gauge", "Version of the library.");
  out.sample("", fmt::format("version=\"{}\"", kVersion), 1);
  out.family("remotemedia_pipeline_executions_total", "counter", "Runs, or items pushed.");
  out.of_pipeline(metrics.total_executions);
  out.family("remotemedia_pipeline_seconds_total", "counter",
             "Time inside the session, results taken included.");
  out.of_pipeline(seconds(metrics.total_duration));
  out.family("remotemedia_metrics_overhead_seconds_total", "counter", "Time spent reading clocks.");
  out.of_pipeline(seconds(metrics.metrics_overhead));
  out.family("remotemedia_process_peak_memory_bytes", "gauge",
             "Most memory that the process has had.");
  out.of_pipeline(metrics.peak_memory_bytes);
}

void write_nodes(Writer& out, const std::vector<NodeMetrics>& nodes) {
  out.family("remotemedia_node_info", "gauge", "Type and runtime of each node.");
  for (const NodeMetrics& node : nodes) {
    out.of_node(
        node, 1,
        fmt::format(",type=\"{}\",runtime=\"{}\"", escaped(node.node_type), escaped(node.runtime)));
  }
  out.family("remotemedia_packets_total", "counter", "Packets given to a node, by result.");
  for (const NodeMetrics& node : nodes) {
    out.of_node(node, node.success_count, ",result=\"success\"");
    out.of_node(node, node.error_count, ",result=\"error\"");
  }
  out.family("remotemedia_node_process_seconds", "histogram",
             "Time of a node per packet; its flush is in the sum only.");
  for (const NodeMetrics& node : nodes) out.histogram_of_node(node, node.latency, node.total);
  out.family("remotemedia_node_allocated_bytes_total", "counter",
             "Bytes of audio buffers that a node took.");
  for (const NodeMetrics& node : nodes) out.of_node(node, node.allocated_bytes);
  out.family("remotemedia_node_peak_memory_bytes", "gauge",
             "Most bytes of a node's audio buffers that lived at one time.");
  for (const NodeMetrics& node : nodes) out.of_node(node, node.peak_memory_bytes);
}

void write_queues(Writer& out, const std::vector<NodeMetrics>& nodes) {
  if (std::ranges::none_of(nodes, [](const NodeMetrics& node) { return node.queue.has_value(); })) {
    return;
  }
  out.family("remotemedia_node_queue_seconds", "histogram", "Time a packet waited for its node.");
  for (const NodeMetrics& node : nodes) {
    if (node.queue) out.histogram_of_node(node, node.queue->wait, node.queue->total);
  }
  out.family("remotemedia_queue_depth", "gauge", "Packets left in the queue of a node.");
  for (const NodeMetrics& node : nodes) {
    if (node.queue) out.of_node(node, node.queue->depth);
  }
}

}  // namespace

std::string metrics_to_prometheus(const Metrics& metrics) {
  Writer out(metrics);
  write_pipeline(out, metrics);
  write_nodes(out, metrics.nodes);
  write_queues(out, metrics.nodes);
  return out.take();
}

}  // namespace remotemedia
