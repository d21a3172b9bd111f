#pragma once

#include "remotemedia/dsp/resampler.h"

#include <cstddef>
#include <vector>

namespace remotemedia::dsp {

/// What a low-pass must do. Frequencies are in cycles per input sample.
struct Band {
  double pass;
  double stop;
  double attenuation_db;
};

/// Edges of the pass and stop band as fractions of the lower of two Nyquist frequencies.
Band band_of(Quality quality);

/// A sinc under a Kaiser window, as a function of continuous time, in input samples.
class FilterDesign {
 public:
  /// `multiple`: the taps are rounded up to it.
  FilterDesign(const Band& band, std::size_t multiple);

  /// Impulse response at time t; 0 from +-half_width on.
  [[nodiscard]] double at(double t) const;
  /// Input samples on each side of an output.
  [[nodiscard]] std::size_t half_width() const { return half_width_; }
  [[nodiscard]] std::size_t taps() const { return 2 * half_width_; }
  /// The taps for an output at `fraction` of a sample after an input sample, with a sum of 1, so
  /// that a constant goes through unchanged whatever the position.
  [[nodiscard]] std::vector<double> row(double fraction) const;
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

/// Divides `taps` by their sum.
void scale_to_unit_sum(std::vector<double>& taps);

}  // namespace remotemedia::dsp
