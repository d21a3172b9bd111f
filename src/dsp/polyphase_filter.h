#pragma once

#include "dsp/filter_bank.h"
#include "dsp/filter_stage.h"
#include "dsp/history.h"

#include <cstddef>
#include <memory>
#include <vector>

namespace remotemedia::dsp {

/// A filter that computes each output by itself: any ratio, and double precision. The position of
/// the next output is an exact integer and a rest in units of 1 / bank.up() input samples. Memory:
/// a History.
template <typename T>
class PolyphaseFilter final : public FilterStage {
 public:
  explicit PolyphaseFilter(std::shared_ptr<const FilterBank<T>> bank);

  std::span<float> input(std::size_t count) override;
  void take() override;
  [[nodiscard]] std::size_t ready() const override;
  void advance(float* out, std::size_t count) override;
  void reset() override;

 private:
  /// Outputs per call of the kernel: amortizes its dispatch, bounds the lists on the stack.
  static constexpr std::size_t kBatch = 32;

  void advance_exact(float* out, std::size_t count);
  void advance_interpolated(float* out, std::size_t count);
  /// Moves `window` on to the next output.
  void step(std::size_t& window);

  std::shared_ptr<const FilterBank<T>> bank_;
  History<T> history_;        // from the first input of the next output on
  std::vector<float> input_;  // unless T is float: what input() gave
  int rest_ = 0;              // of the next output's position, 0..up-1
  std::size_t whole_step_;    // down / up
  int rest_step_;             // down % up
};

}  // namespace remotemedia::dsp
