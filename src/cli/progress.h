#pragma once

#include "cli/terminal.h"

#include <chrono>
#include <string>

namespace remotemedia::cli {

/// A line on standard error that tells how far a run is: only on a terminal, and only once the run
/// has taken long enough for someone to wonder.
class ProgressLine {
 public:
  /// `total_s` is the length of the input, 0 if it is not known.
  explicit ProgressLine(double total_s);
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Seconds of audio done. Cheap: draws ten times a second at most.
  void update(double position_s);
  /// Takes the line away, so that something else can be printed.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  Terminal terminal_{stderr};
  double total_s_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_;
  bool shown_ = false;
};

}  // namespace remotemedia::cli
