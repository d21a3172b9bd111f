#pragma once

#include "cli/program.h"
#include "remotemedia/graph/graph.h"
#include "remotemedia/graph/manifest.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace CLI {  // NOLINT(readability-identifier-naming): the name of the library
class App;
}

namespace remotemedia::cli {

struct GraphSource {
  Manifest manifest;
  std::shared_ptr<const Graph> graph;
};

/// Adds the argument GRAPH.
void add_graph_argument(CLI::App& command, std::string& path);

/// Reads a JSON or YAML manifest, from standard input if `path` is "-", and builds its graph. Its
/// warnings go to standard error. I/O error or manifest error.
GraphSource load_graph(const std::string& path, Program& program);

/// The resolved graph: nodes with runtime, parameters and formats, connections, order.
Object graph_to_value(const Graph& graph);

/// "8000 Hz, 1 channel, i16", as far as it is known before the run; empty if nothing is.
std::string describe_format(const StreamFormat& format);
/// "1 channel", "3 nodes".
std::string counted(std::uint64_t count, std::string_view noun);

}  // namespace remotemedia::cli
