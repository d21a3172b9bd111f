#pragma once

#include "dsp/filter_bank.h"

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace remotemedia::dsp {

/// One channel of a rate change: the last inputs, and the position of the next output as an exact
/// integer and a rest in units of 1 / bank.up() input samples. Memory: about 2 * taps + 2048
/// samples.
template <typename T>
class PolyphaseFilter {
 public:
  /// Most frames of input() at a time.
  static constexpr std::size_t kMaxInput = 1024;

  explicit PolyphaseFilter(std::shared_ptr<const FilterBank<T>> bank);

  /// Room for the next `frames` <= kMaxInput input frames; fill it, then call advance().
  std::span<T> input(std::size_t frames);
  /// Writes all outputs whose inputs are there, at most `limit`; returns their number.
  std::size_t advance(float* out, std::size_t limit);
  void reset();

 private:
  /// Outputs per call of the kernel: amortizes its dispatch, bounds the lists on the stack.
  static constexpr std::size_t kBatch = 32;

  std::size_t advance_exact(float* out, std::size_t limit);
  std::size_t advance_interpolated(float* out, std::size_t limit);
  [[nodiscard]] bool ready() const { return next_ + bank_->taps() <= filled_; }
  void step();

  std::shared_ptr<const FilterBank<T>> bank_;
  std::vector<T> history_;
  std::size_t filled_ = 0;  // end of the inputs in history_
  std::size_t next_ = 0;    // where the next output's window begins
  int rest_ = 0;            // of the next output's position, 0..up-1
  std::size_t whole_step_;  // down / up
  int rest_step_;           // down % up
};

}  // namespace remotemedia::dsp
