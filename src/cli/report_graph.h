#pragma once

#include "cli/report_results.h"
#include "remotemedia/graph/graph.h"
#include "remotemedia/graph/metrics.h"

#include <string>
#include <vector>

namespace remotemedia::cli::report {

/// Nodes of a graph that is drawn; a larger one is told in words, as no page could show it.
inline constexpr std::size_t kMaxDrawnNodes = 200;

/// What enters the graph, for its picture, e.g. {"interview.wav", "48 kHz stereo"}.
struct InputLabel {
  std::string name;
  std::string format;
};

/// The graph as SVG, from left to right: what enters, each node with its id, type, the parameters
/// that are not the defaults and its share of the nodes' time, and what leaves.
std::string graph_picture(const Graph& graph, const InputLabel& input, const Results& results,
                          const Metrics& metrics);

}  // namespace remotemedia::cli::report
