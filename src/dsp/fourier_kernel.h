#pragma once

#include <cstddef>

namespace remotemedia::dsp {

/// Complex samples, real and imaginary parts apart.
struct ComplexInput {
  const float* re;
  const float* im;
};
struct ComplexOutput {
  float* re;
  float* im;

  operator ComplexInput() const { return {re, im}; }  // as from T* to const T*
};

/// Points whose factors lie side by side in the first two passes.
constexpr std::size_t kFourierGroup = 16;

/// Each of these is one pass of a transform of `size` points (a multiple of 256), and leaves its
/// results in the order that the next one takes; `in` and `out` do not overlap. FourierPlan knows
/// which passes make a transform, and their factors.
///
/// The first: radix 4, points size / 4 apart. Factors: for each group of points the real parts of
/// the first power, then its imaginary ones, those of the second and of the third.
void fourier_first_pass(ComplexInput in, const float* factors, std::size_t size,
                        ComplexOutput out) noexcept;
/// The second: radix 4. Factors as for the first, in its order.
void fourier_second_pass(ComplexInput in, const float* factors, std::size_t size,
                         ComplexOutput out) noexcept;
/// Any after these: `radix` is 3, 4 or 8; `stride` the product of the ones before. Factors: for
/// each of the size / stride / radix turns a pair of each power, none for the last pass.
void fourier_pass(std::size_t radix, ComplexInput in, const float* factors, std::size_t size,
                  std::size_t stride, ComplexOutput out) noexcept;
/// out = gains * in.
void scale_spectrum(ComplexInput in, const float* gains, std::size_t count,
                    ComplexOutput out) noexcept;

}  // namespace remotemedia::dsp
