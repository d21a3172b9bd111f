#include "graph/node_recorder.h"

#include <algorithm>

namespace remotemedia {
namespace {

Time time_of(const Counter& nanoseconds) {
  return Time(static_cast<std::int64_t>(nanoseconds.value()));
}

}  // namespace

void NodeRecorder::end_process(Time spent) {
  const auto nanoseconds = static_cast<std::uint64_t>(spent.count());
  max_.set(std::max(max_.value(), nanoseconds));
  min_.set(successes_.value() == 0 ? nanoseconds : std::min(min_.value(), nanoseconds));
  successes_.add(1);
}

NodeMetrics NodeRecorder::metrics(const GraphNode& node) const {
  return {.node_id = node.id,
          .node_type = node.type.name,
          .runtime = to_string(node.runtime),
          .runtime_reason = node.runtime_reason,
          .execution_count = executions_.value(),
          .success_count = successes_.value(),
          .error_count = errors_.value(),
          .total = time_of(total_),
          .min = time_of(min_),
          .max = time_of(max_)};
}

}  // namespace remotemedia
