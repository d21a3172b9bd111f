#pragma once

#include "remotemedia/graph/graph.h"

#include <cstddef>
#include <vector>

namespace remotemedia {

/// Which nodes run one after another on the same thread. Segment 0 is the session's own, and may
/// be empty; each other one is a lane: its first node takes packets from other segments, those
/// behind it take them from one node of the lane.
///
/// A lane begins at a node that may block, at a node that joins the results of lanes, and, with
/// parallel branches, where a packet's way divides. Sources stay with the session.
struct SessionPlan {
  std::vector<std::vector<std::size_t>> segments;  ///< node indices in graph order
  std::vector<std::size_t> segment_of;             ///< by node index

  [[nodiscard]] bool has_lanes() const { return segments.size() > 1; }
  /// Of a lane.
  [[nodiscard]] std::size_t head(std::size_t segment) const { return segments[segment].front(); }
};

/// Everything in segment 0, for sessions without lanes.
SessionPlan plan_without_lanes(const Graph& graph);
SessionPlan plan_lanes(const Graph& graph, bool parallel_branches);

}  // namespace remotemedia
