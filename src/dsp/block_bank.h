#pragma once

#include "dsp/tap_rows.h"

#include <hwy/aligned_allocator.h>

#include <cstddef>
#include <vector>

namespace remotemedia::dsp {

/// The coefficients of one rate change for whole blocks of outputs; immutable, shared by all
/// streams. Block b of a period holds one vector of 16 coefficients per input that any of its 16
/// outputs needs: coefficient l is the tap of output l for that input, or 0.
class BlockBank {
 public:
  explicit BlockBank(const TapRows& taps);

  /// What a bank for these would take.
  static std::size_t bytes(int up, int down, std::size_t taps);

  [[nodiscard]] int up() const { return up_; }
  [[nodiscard]] int down() const { return down_; }
  [[nodiscard]] std::size_t half_width() const { return half_width_; }
  /// Blocks after which outputs lie on inputs as at first.
  [[nodiscard]] std::size_t blocks() const { return blocks_; }
  /// Inputs that such a period moves on.
  [[nodiscard]] std::size_t period() const { return begins_[blocks_]; }
  /// Inputs that a block needs, an even number.
  [[nodiscard]] std::size_t span() const { return span_; }
  /// First input of a block of this period or the next one, from the first input of block 0 on.
  [[nodiscard]] std::size_t begin(std::size_t block) const { return begins_[block]; }
  [[nodiscard]] const float* coefficients(std::size_t block) const {
    return coefficients_.get() + block * floats_per_block();
  }

 private:
  [[nodiscard]] std::size_t floats_per_block() const;

  int up_;
  int down_;
  std::size_t half_width_;
  std::size_t blocks_;
  std::size_t span_;
  std::vector<std::size_t> begins_;
  hwy::AlignedFreeUniquePtr<float[]> coefficients_;
};

}  // namespace remotemedia::dsp
