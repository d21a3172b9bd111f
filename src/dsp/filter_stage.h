#pragma once

#include <cstddef>
#include <span>

namespace remotemedia::dsp {

/// One channel of one filter of a rate change, as a stream.
class FilterStage {
 public:
  /// Most frames of input() at a time.
  static constexpr std::size_t kMaxInput = 7'200;

  FilterStage() = default;
  FilterStage(const FilterStage&) = delete;
  FilterStage& operator=(const FilterStage&) = delete;
  virtual ~FilterStage() = default;

  /// Room for the next `count` inputs; fill it, then call take().
  virtual std::span<float> input(std::size_t count) = 0;
  virtual void take() = 0;
  /// Outputs that can be computed without waste.
  [[nodiscard]] virtual std::size_t ready() const = 0;
  /// Computes the next `count` outputs; their inputs are there.
  virtual void advance(float* out, std::size_t count) = 0;
  virtual void reset() = 0;
};

}  // namespace remotemedia::dsp
