#pragma once

#include "remotemedia/base/memory_account.h"
#include "remotemedia/graph/latency_histogram.h"
#include "remotemedia/graph/metrics.h"

#include <memory>

namespace remotemedia {

/// What is measured of one node beyond its counters: how its durations are distributed and what
/// memory its calls take. One thread at a time measures; fill() may run on another one meanwhile.
/// Switched off, it measures nothing and holds nothing. [session]
class NodeMeter {
 public:
  explicit NodeMeter(bool is_on);

  /// Around a call of the node: audio buffers taken meanwhile are the node's.
  class Call {
   public:
    explicit Call(const NodeMeter& meter) : scope_(meter.account_) {}

   private:
    MemoryAccount::Scope scope_;
  };
  /// Within a call, around what is not the node's doing.
  using Elsewhere = MemoryAccount::Scope;

  /// A process call ended well after `spent`.
  void add_duration(Time spent) noexcept {
    if (durations_) durations_->add(spent);
  }
  /// Writes what it has into the node's metrics, whose other fields are set already.
  void fill(NodeMetrics& metrics) const;

 private:
  std::unique_ptr<LatencyHistogram> durations_;
  std::shared_ptr<MemoryAccount> account_;
};

}  // namespace remotemedia
