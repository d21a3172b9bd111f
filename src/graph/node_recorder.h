#pragma once

#include "graph/session_control.h"
#include "remotemedia/graph/graph.h"
#include "remotemedia/graph/metrics.h"

#include <cstdint>

namespace remotemedia {

/// Counts the calls of one node: written by the thread that runs it, read by any.
class NodeRecorder {
 public:
  void begin_process() { executions_.add(1); }
  void end_process(Time spent);
  void add_time(Time spent) { total_.add(static_cast<std::uint64_t>(spent.count())); }
  void add_error() { errors_.add(1); }
  [[nodiscard]] NodeMetrics metrics(const GraphNode& node) const;

 private:
  Counter executions_;
  Counter successes_;
  Counter errors_;
  Counter total_;  ///< in ns, like the next two
  Counter min_;
  Counter max_;
};

}  // namespace remotemedia
