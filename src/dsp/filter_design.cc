#include "dsp/filter_design.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace remotemedia::dsp {
namespace {

/// Modified Bessel function of the first kind, order 0, by its power series.
double bessel_i0(double x) {
  const double quarter = x * x / 4.0;
  double term = 1.0;
  double sum = 1.0;
  for (double k = 1.0; term > sum * 1e-17; k += 1.0) {
    term *= quarter / (k * k);
    sum += term;
  }
  return sum;
}

}  // namespace

// `low` and `medium` promise 70 and 100 dB; they are designed with 112 dB, which costs few taps, so
// that they and any other good resampler agree within -100 dB in the pass band.
Band band_of(Quality quality) {
  switch (quality) {
    case Quality::low:
      return {0.80, 1.0, 112.0};
    case Quality::medium:
      return {0.87, 1.0, 112.0};
    case Quality::high:
      return {0.9155, 1.0, 132.0};
    case Quality::very_high:
      break;
  }
  return {0.95, 1.0, 151.0};
}

FilterDesign::FilterDesign(const Band& band, std::size_t multiple)
    : attenuation_db_(band.attenuation_db), cutoff_(0.5 * (band.stop + band.pass)) {
  const double transition = band.stop - band.pass;
  // Kaiser, 1974: order and beta from attenuation and transition width.
  beta_ = 0.1102 * (attenuation_db_ - 8.7);
  const double order = (attenuation_db_ - 7.95) / (14.36 * transition);
  const auto taps = static_cast<std::size_t>(std::ceil(order)) + 1;
  half_width_ = (taps + multiple - 1) / multiple * multiple / 2;
  window_scale_ = 1.0 / bessel_i0(beta_);
}

double FilterDesign::at(double t) const {
  const double u = t / static_cast<double>(half_width_);
  if (std::fabs(u) >= 1.0) return 0.0;  // both ends, as a row has room for one of them only
  const double window = bessel_i0(beta_ * std::sqrt(1.0 - u * u)) * window_scale_;
  const double angle = 2.0 * std::numbers::pi * cutoff_ * t;
  const double sinc = angle == 0.0 ? 1.0 : std::sin(angle) / angle;
  return 2.0 * cutoff_ * sinc * window;
}

std::vector<double> FilterDesign::row(double fraction) const {
  std::vector<double> taps(this->taps());
  const double first = fraction + static_cast<double>(half_width_) - 1.0;
  for (std::size_t j = 0; j < taps.size(); ++j) taps[j] = at(first - static_cast<double>(j));
  scale_to_unit_sum(taps);
  return taps;
}

int FilterDesign::phases_for_interpolation() const {
  // Lagrange's cubic errs by at most 3/128 h^4 |f''''|, and |f''''| <= (2 pi cutoff)^4 |f|.
  const double allowed = std::pow(10.0, -(attenuation_db_ + 12.0) / 20.0);
  const double step = std::pow(allowed * 128.0 / 3.0, 0.25) / (2.0 * std::numbers::pi * cutoff_);
  return static_cast<int>(std::ceil(1.0 / step));
}

void scale_to_unit_sum(std::vector<double>& taps) {
  const double sum = std::accumulate(taps.begin(), taps.end(), 0.0);
  for (double& tap : taps) tap /= sum;
}

}  // namespace remotemedia::dsp
