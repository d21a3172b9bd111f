#include "dsp/sharp_filter.h"

#include <cassert>
#include <cstdlib>

namespace remotemedia::dsp {
namespace {

/// Rows of a filter that is stored at `up` points per input sample. They are not scaled one by one
/// to a sum of 1, which would lift the stop band at other frequencies than the multiples of the
/// rate: a constant passes with a ripple of -134 dB.
TapRows rows_of_table(int up, int down) {
  const int last = static_cast<int>(kSharpHighTaps.size()) - 1;
  const int half_width = (last + up) / up;
  TapRows result{up, down, {}};
  for (int phase = 0; phase < up; ++phase) {
    std::vector<double> taps;
    for (int j = 0; j < 2 * half_width; ++j) {
      const int point = std::abs(phase + (half_width - 1 - j) * up);
      taps.push_back(point <= last ? up * kSharpHighTaps[static_cast<std::size_t>(point)] : 0.0);
    }
    result.rows.push_back(std::move(taps));
  }
  return result;
}

}  // namespace

TapRows sharp_rows(int up, int down, Quality quality) {
  assert((up == 2 && down == 3) || (up == 3 && down == 2));
  if (quality == Quality::high) return rows_of_table(up, down);
  const double nyquist = up < down ? 1.0 / 3.0 : 0.5;
  const Band band = band_of(quality);
  const FilterDesign design({band.pass * nyquist, band.stop * nyquist, band.attenuation_db}, 2);
  return design_rows(design, up, down);
}

}  // namespace remotemedia::dsp
