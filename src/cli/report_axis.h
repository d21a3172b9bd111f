#pragma once

#include <string>
#include <vector>

namespace remotemedia::cli::report {

/// A mark of a time axis.
struct Tick {
  double time_s = 0.0;
  std::string text;
};

/// About ten at most, at round times from 0 to the end.
std::vector<Tick> time_ticks(double duration_s);
/// What the texts of the ticks are in.
const char* tick_unit(double duration_s);

}  // namespace remotemedia::cli::report
