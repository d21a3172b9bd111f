#pragma once

#include "cli/report_timeline.h"

#include <string>

namespace remotemedia::cli::report {

/// One drawing per lane: the range of the samples and, within it, their root mean square.
std::string waveform_rows(const Timeline& timeline);

}  // namespace remotemedia::cli::report
