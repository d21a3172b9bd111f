#pragma once

#include "dsp/filter_design.h"

#include <hwy/aligned_allocator.h>

#include <cstddef>

namespace remotemedia::dsp {

/// The coefficients of one rate change, a row for each output of a period; immutable, shared by all
/// streams. Row p holds the taps for outputs that lie p / phases of a sample after an input sample.
/// Memory: at most 512 KB, or 704 KB for very_high with a narrow band.
///
/// Where the exact bank (one row per possible position, `up` rows) would be larger than that, rows
/// at a fixed number of steps are stored, with one more before and two after, for cubic
/// interpolation.
template <typename T>
class FilterBank {
 public:
  /// The taps of `design` are a multiple of kPartialSums.
  FilterBank(const FilterDesign& design, int up, int down);

  [[nodiscard]] int up() const { return up_; }
  [[nodiscard]] int down() const { return down_; }
  [[nodiscard]] std::size_t taps() const { return taps_; }
  [[nodiscard]] std::size_t half_width() const { return taps_ / 2; }
  [[nodiscard]] bool exact() const { return exact_; }
  /// Steps per input sample; `up()` if exact.
  [[nodiscard]] int phases() const { return phases_; }
  /// 0..phases()-1, or -1..phases()+1 if not exact.
  [[nodiscard]] const T* row(int phase) const { return mutable_row(phase); }

 private:
  [[nodiscard]] T* mutable_row(int phase) const {
    return rows_.get() + static_cast<std::size_t>(phase + (exact_ ? 0 : 1)) * taps_;
  }

  int up_;
  int down_;
  std::size_t taps_;
  int phases_;
  bool exact_;
  hwy::AlignedFreeUniquePtr<T[]> rows_;
};

}  // namespace remotemedia::dsp
