#pragma once

#include "cli/program.h"

#include <string>

namespace remotemedia::cli {

struct ReplayOptions {
  std::string recording;
  std::string graph;  ///< to replay with instead of the recorded one; empty: that one
};

/// Pushes what was recorded through the graph again and compares bit for bit what comes out. Prints
/// the first difference; gives failure if there is one.
int replay(const ReplayOptions& options, Program& program);

}  // namespace remotemedia::cli
