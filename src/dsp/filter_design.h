#pragma once

#include "remotemedia/dsp/resampler.h"

#include <cstddef>

namespace remotemedia::dsp {

/// The low-pass of one rate change: a sinc under a Kaiser window, as a function of continuous time.
/// Time is in input samples, frequencies in cycles per input sample.
class FilterDesign {
 public:
  /// `up` / `down` is target_rate / rate, reduced. `multiple`: the taps are rounded up to it.
  FilterDesign(int up, int down, Quality quality, std::size_t multiple);

  /// Impulse response at time t; 0 from +-half_width on.
  [[nodiscard]] double at(double t) const;
  /// Input samples on each side of an output.
  [[nodiscard]] std::size_t half_width() const { return half_width_; }
  [[nodiscard]] std::size_t taps() const { return 2 * half_width_; }
  /// Steps per input sample at which it must be stored for cubic interpolation between the steps to
  /// stay 12 dB below the stop band.
  [[nodiscard]] int phases_for_interpolation() const;

 private:
  double attenuation_db_;
  double cutoff_;
  double beta_;
  double window_scale_;
  std::size_t half_width_;
};

}  // namespace remotemedia::dsp
