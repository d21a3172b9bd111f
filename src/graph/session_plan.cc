#include "graph/session_plan.h"

#include <algorithm>

namespace remotemedia {
namespace {

constexpr std::size_t kSession = 0;

bool divides(const Graph& graph, std::size_t node) {
  return graph.nodes()[node].outgoing.size() > 1;
}

/// Whether the node cannot run in the segment of those before it.
bool begins_lane(const Graph& graph, const SessionPlan& plan, std::size_t index, bool parallel) {
  const GraphNode& node = graph.nodes()[index];
  if (node.type.is_source()) return false;
  if (node.type.offloaded) return true;
  const auto is_in_lane = [&](const Edge& edge) { return plan.segment_of[edge.from] != kSession; };
  const auto after_division = [&](const Edge& edge) { return divides(graph, edge.from); };
  if (node.incoming.size() > 1 && std::ranges::any_of(node.incoming, is_in_lane)) return true;
  if (!parallel) return false;
  if (node.incoming.empty()) return graph.inputs().size() > 1;
  return std::ranges::any_of(node.incoming, after_division);
}

}  // namespace

SessionPlan plan_without_lanes(const Graph& graph) {
  return {.segments = {graph.order()},
          .segment_of = std::vector<std::size_t>(graph.nodes().size(), kSession)};
}

SessionPlan plan_lanes(const Graph& graph, bool parallel_branches) {
  SessionPlan plan = {.segments = {{}},
                      .segment_of = std::vector<std::size_t>(graph.nodes().size(), kSession)};
  for (const std::size_t index : graph.order()) {
    const std::vector<Edge>& incoming = graph.nodes()[index].incoming;
    std::size_t segment = incoming.empty() ? kSession : plan.segment_of[incoming.front().from];
    if (begins_lane(graph, plan, index, parallel_branches)) {
      segment = plan.segments.size();
      plan.segments.emplace_back();
    }
    plan.segment_of[index] = segment;
    plan.segments[segment].push_back(index);
  }
  return plan;
}

}  // namespace remotemedia
