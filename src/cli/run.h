#pragma once

#include "cli/program.h"

#include <string>
#include <vector>

namespace remotemedia::cli {

struct RunOptions {
  std::string graph;
  std::string input;                 ///< empty: none
  std::vector<std::string> outputs;  ///< PATH or NODE=PATH
  std::string report;                ///< empty: none
  std::string metrics;               ///< empty: none
  std::string record;                ///< empty: none
  std::string trace;                 ///< empty: none
};

/// Runs a graph over a file and prints what came of it. Everything that can be checked is checked
/// before the first frame is read.
int run_graph(const RunOptions& options, Program& program);

}  // namespace remotemedia::cli
