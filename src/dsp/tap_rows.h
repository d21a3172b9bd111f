#pragma once

#include "dsp/filter_design.h"

#include <cstddef>
#include <vector>

namespace remotemedia::dsp {

/// The taps of a rate change by up / down, reduced. Row p is for outputs that lie p / up of a
/// sample after an input sample, its tap j for the input half_width - 1 - j samples before that.
struct TapRows {
  int up;
  int down;
  std::vector<std::vector<double>> rows;

  [[nodiscard]] std::size_t taps() const { return rows.front().size(); }
};

inline TapRows design_rows(const FilterDesign& design, int up, int down) {
  TapRows result{up, down, {}};
  for (int phase = 0; phase < up; ++phase) {
    result.rows.push_back(design.row(static_cast<double>(phase) / up));
  }
  return result;
}

}  // namespace remotemedia::dsp
