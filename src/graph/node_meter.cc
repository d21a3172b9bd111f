#include "graph/node_meter.h"

#include <algorithm>

namespace remotemedia {
namespace {

// The middle of a bucket may lie outside of what was measured, which is known exactly.
void keep_within(LatencySummary& summary, Time min, Time max) {
  for (Time* quantile : {&summary.p50, &summary.p95, &summary.p99, &summary.p999}) {
    *quantile = std::clamp(*quantile, min, std::max(min, max));
  }
}

}  // namespace

NodeMeter::NodeMeter(bool is_on)
    : durations_(is_on ? std::make_unique<LatencyHistogram>() : nullptr),
      account_(is_on ? std::make_shared<MemoryAccount>() : nullptr) {}

void NodeMeter::measure_queue() {
  if (durations_) queue_ = std::make_unique<Queue>();
}

void NodeMeter::add_wait(Time wait, std::uint64_t depth) noexcept {
  if (!queue_) return;
  queue_->waits.add(wait);
  queue_->depth.store(depth, std::memory_order_relaxed);
  queue_->total_ns.store(queue_->total_ns.load(std::memory_order_relaxed) + wait.count(),
                         std::memory_order_relaxed);
  queue_->max_ns.store(std::max(queue_->max_ns.load(std::memory_order_relaxed), wait.count()),
                       std::memory_order_relaxed);
}

void NodeMeter::fill(NodeMetrics& metrics) const {
  if (!durations_) return;
  metrics.latency = durations_->summary();
  keep_within(metrics.latency, metrics.min, metrics.max);
  metrics.allocated_bytes = account_->total_bytes();
  metrics.peak_memory_bytes = account_->peak_bytes();
  if (!queue_) return;
  QueueMetrics& queue = metrics.queue.emplace();
  queue.depth = queue_->depth.load(std::memory_order_relaxed);
  queue.total = Time(queue_->total_ns.load(std::memory_order_relaxed));
  queue.max = Time(queue_->max_ns.load(std::memory_order_relaxed));
  queue.wait = queue_->waits.summary();
  keep_within(queue.wait, Time{0}, queue.max);
}

}  // namespace remotemedia
