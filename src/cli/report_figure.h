#pragma once

#include "cli/report_speech.h"
#include "cli/report_timeline.h"

#include <string>

namespace remotemedia::cli::report {

/// Waveform, spectrogram and speech over one time axis, as an HTML figure.
std::string timeline_figure(const Timeline& timeline, const Speech& speech);

}  // namespace remotemedia::cli::report
