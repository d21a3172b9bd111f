#pragma once

#include "dsp/filter_stage.h"
#include "dsp/history.h"
#include "dsp/tap_rows.h"

#include <hwy/aligned_allocator.h>

#include <array>
#include <cstddef>
#include <memory>

namespace remotemedia::dsp {

/// The sharp filter down by 3 : 2 in three quarters of the multiplications.
///
/// Outputs come in pairs: pair m = sum over i of g[i] * x[3m + i]. Split by even and odd m, and the
/// taps into those at 6q + r and at 6q + 3 + r (r < 3), called a and b, this is four filters at
/// half of the length, of which three are enough (the two-parallel fast FIR filter of Mou and
/// Duhamel, "Short-length FIR filters and their use in fast nonrecursive filtering", 1991):
///
///   u[n] = sum of a * x[6n + 6q + r]            pair 2n     = u[n] + w[n]
///   w[n] = sum of b * x[6n + 6q + 3 + r]        pair 2n + 1 = v[n] - w[n] - u[n + 1]
///   v[n] = sum of (a + b) * (x[6n + 6q + 3 + r] + x[6n + 6q + 6 + r])
///
/// Accuracy: the differences cost 1 dB of signal to rounding noise.
class FastFirBank {
 public:
  /// Of a change by 2 / 3.
  explicit FastFirBank(const TapRows& taps);

  [[nodiscard]] static int up() { return 2; }
  [[nodiscard]] static int down() { return 3; }
  /// Inputs that come after an output, with the three more that u[n + 1] takes, and one: what is
  /// carried into a block is for both outputs of its first pair, of which the second takes one
  /// more.
  [[nodiscard]] std::size_t half_width() const { return half_width_ + kMore; }
  static constexpr std::size_t kMore = 4;
  /// Inputs of a block of 8 n for one of the three filters.
  [[nodiscard]] std::size_t columns() const { return columns_; }
  [[nodiscard]] const float* u() const { return coefficients_.get(); }
  [[nodiscard]] const float* w() const { return u() + columns_ * 16; }
  [[nodiscard]] const float* v() const { return w() + columns_ * 16; }

 private:
  std::size_t half_width_;
  std::size_t columns_;
  hwy::AlignedFreeUniquePtr<float[]> coefficients_;
};

/// Computes blocks of 32 outputs, of which the first two are the last pair of the 8 n before.
/// Memory: two Histories.
class FastFirFilter final : public FilterStage {
 public:
  static constexpr std::size_t kOutputs = 32;  // of a block
  /// Outputs of block 0 that lie before the stream.
  static constexpr std::size_t kBefore = 2;

  explicit FastFirFilter(std::shared_ptr<const FastFirBank> bank);

  std::span<float> input(std::size_t count) override;
  void take() override;
  [[nodiscard]] std::size_t ready() const override;
  void advance(float* out, std::size_t count) override;
  void reset() override;

 private:
  /// Of the block that has begun, or that ends before all of its inputs are there; may give none.
  std::size_t give_part(float* out, std::size_t most);
  void drop(std::size_t blocks);
  void compute(float* out, std::size_t blocks, std::array<float, 2>& carry) const;

  std::shared_ptr<const FastFirBank> bank_;
  std::size_t span_;              // inputs that a block needs
  History<float> history_;        // x, from the first input of the next block on
  History<float> sums_;           // x[i + 3] + x[i + 6], likewise
  std::array<float, 2> carry_{};  // v - w of the last n before the block
  std::size_t given_ = 0;         // outputs of the block that have been given
};

}  // namespace remotemedia::dsp
