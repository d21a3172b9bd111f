#pragma once

#include "dsp/fourier_kernel.h"

#include <hwy/aligned_allocator.h>

#include <cstddef>
#include <vector>

namespace remotemedia::dsp {

/// The complex Fourier transform of one size: sum over n of x[n] exp(-2 pi i k n / size).
/// Immutable, any thread. The kernel's header tells cost and accuracy. Memory: 4 floats a point.
class FourierPlan {
 public:
  /// `size`: a multiple of 256 that is a product of 3, 4 and 8.
  explicit FourierPlan(std::size_t size);

  [[nodiscard]] std::size_t size() const { return size_; }
  /// Transforms `in`; gives where the result lies, in `a` or in `b`, which have room for size().
  /// `in` may be `b`. The inverse, times size(): swap real and imaginary parts of `in` and of the
  /// result.
  ComplexOutput transform(ComplexInput in, ComplexOutput a, ComplexOutput b) const noexcept;

 private:
  struct Pass {
    std::size_t radix;
    std::size_t stride;
    std::size_t factors;  // where they begin
  };

  std::size_t size_;
  std::vector<Pass> passes_;
  hwy::AlignedFreeUniquePtr<float[]> factors_;
};

}  // namespace remotemedia::dsp
