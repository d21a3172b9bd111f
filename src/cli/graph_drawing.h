#pragma once

#include "cli/terminal.h"
#include "remotemedia/graph/graph.h"

#include <string>

namespace remotemedia::cli {

/// A picture of the graph in lines of text: a node per line in execution order, its connections as
/// vertical lanes that fork and join.
std::string draw_graph(const Graph& graph, const Terminal& terminal);

}  // namespace remotemedia::cli
