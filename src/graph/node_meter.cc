#include "graph/node_meter.h"

namespace remotemedia {
NodeMeter::NodeMeter(bool is_on)
    : durations_(is_on ? std::make_unique<LatencyHistogram>() : nullptr),
      account_(is_on ? std::make_shared<MemoryAccount>() : nullptr) {}

void NodeMeter::fill(NodeMetrics& metrics) const {
  if (!durations_) return;
  metrics.latency = durations_->summary();
  keep_within(metrics.latency, metrics.min, metrics.max);
  metrics.allocated_bytes = account_->total_bytes();
  metrics.peak_memory_bytes = account_->peak_bytes();
}

}  // namespace remotemedia
