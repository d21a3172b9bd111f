#pragma once

#include "dsp/tap_rows.h"

#include <array>

namespace remotemedia::dsp {

/// Taps 0..279 of the sharp low-pass of quality "high", at three times the lower of two rates that
/// differ by 3 : 2. Ripple 5e-6, stop band from the lower Nyquist frequency on below -133 dB.
extern const std::array<double, 280> kSharpHighTaps;

/// The sharp filter between a rate and 3/2 of it: `up` : `down` is 2 : 3 or 3 : 2.
TapRows sharp_rows(int up, int down, Quality quality);

}  // namespace remotemedia::dsp
