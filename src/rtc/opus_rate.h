#pragma once

#include "remotemedia/base/check.h"

#include <string_view>

namespace remotemedia::rtc {

/// Throws a configuration error if Opus does not work at this rate. `what` names the argument.
inline void check_opus_rate(std::string_view what, int rate) {
  for (const int known : {8'000, 12'000, 16'000, 24'000, 48'000}) {
    if (rate == known) return;
  }
  refuse(what, rate, "8000, 12000, 16000, 24000 or 48000 Hz", "resample before or after");
}

}  // namespace remotemedia::rtc
