#pragma once

#include "cli/report_timeline.h"

#include <string>

namespace remotemedia::cli::report {

/// The spectrogram as an image with its frequency axis, exactly as wide as the stream is long.
std::string spectrogram_row(const Timeline& timeline);

}  // namespace remotemedia::cli::report
