#pragma once

#include <string>

namespace remotemedia::cli {

struct SelfTest {
  double audio_s = 0;
  double processing_s = 0;
  std::string problem;  ///< empty if all is well
};

/// Sends a made signal through a graph of a resampler, a speech detector and a format converter,
/// and compares what comes out with what has to.
SelfTest run_self_test();

}  // namespace remotemedia::cli
