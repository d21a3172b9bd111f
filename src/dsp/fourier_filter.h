#pragma once

#include "dsp/filter_stage.h"
#include "dsp/fourier_plan.h"
#include "dsp/history.h"
#include "dsp/tap_rows.h"

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

namespace remotemedia::dsp {

/// A sharp filter between a rate and 3/2 of it as a product of spectra (overlap-save; Oppenheim and
/// Schafer, "Discrete-Time Signal Processing", section 8.7.3): a block of kPeriods periods is
/// transformed, each frequency that both rates have is multiplied by the filter's response, and the
/// transform back is as long as the block is at the other rate. A period is the time of `down`
/// inputs and `up` outputs. kGuard of them at both ends are what the filter mixes with the other
/// end of the block, and are dropped.
///
/// Two blocks are the real and the imaginary part of one transform. A filter without delay, as this
/// is, leaves them apart.
///
/// Accuracy: noise 139 dB below the two blocks, also where one of them is silent.
class FourierBank {
 public:
  /// Of a change by 2 / 3 or 3 / 2, with at most kGuard periods on each side.
  explicit FourierBank(const TapRows& taps);

  static constexpr std::size_t kPeriods = 512;
  static constexpr std::size_t kGuard = 48;
  static constexpr std::size_t kKept = kPeriods - 2 * kGuard;
  static constexpr std::size_t kMostPairOutputs = 2 * kKept * 3;

  [[nodiscard]] int up() const { return up_; }
  [[nodiscard]] int down() const { return down_; }
  /// Of the inputs, and back to the outputs.
  [[nodiscard]] const FourierPlan& forward() const { return forward_; }
  [[nodiscard]] const FourierPlan& backward() const { return backward_; }
  /// For kPeriods frequencies from 0 on and for as many up to -1.
  [[nodiscard]] const float* gains() const { return gains_.data(); }
  /// Inputs that come after an output of a pair of blocks, for the first of them.
  [[nodiscard]] std::size_t half_width() const { return pair_inputs() + guard_inputs(); }
  [[nodiscard]] std::size_t guard_inputs() const {
    return kGuard * static_cast<std::size_t>(down_);
  }
  /// What a pair of blocks moves on, and gives.
  [[nodiscard]] std::size_t pair_inputs() const {
    return 2 * kKept * static_cast<std::size_t>(down_);
  }
  [[nodiscard]] std::size_t pair_outputs() const {
    return 2 * kKept * static_cast<std::size_t>(up_);
  }

 private:
  int up_;
  int down_;
  FourierPlan forward_;
  FourierPlan backward_;
  std::vector<float> gains_;
};

/// Computes pairs of blocks; an output waits for both. Memory: a History of four of them.
class FourierFilter final : public FilterStage {
 public:
  explicit FourierFilter(std::shared_ptr<const FourierBank> bank);

  std::span<float> input(std::size_t count) override;
  void take() override {}
  [[nodiscard]] std::size_t ready() const override;
  void advance(float* out, std::size_t count) override;
  void reset() override;

 private:
  [[nodiscard]] std::size_t span() const {
    return bank_->pair_inputs() + 2 * bank_->guard_inputs();
  }
  void compute_pair(float* out);

  std::shared_ptr<const FourierBank> bank_;
  History<float> history_;                                 // from the guard before the next pair on
  std::array<float, FourierBank::kMostPairOutputs> pair_;  // of which the last are not given yet
  std::size_t waiting_ = 0;                                // these
};

}  // namespace remotemedia::dsp
