#pragma once

#include <cstddef>
#include <string>

namespace remotemedia::dsp {

/// `taps` of the functions below is a multiple of this.
inline constexpr std::size_t kPartialSums = 16;

/// out[i] = sum over j < taps of windows[i][j] * rows[i][j], for i < count. Products go to 16
/// partial sums by j % 16 with fused multiply-add, which are then added as a tree of halves: the
/// bits do not depend on `count`, and are the same on every target that has FMA. Rows are 64-byte
/// aligned.
void dot_products(const float* const* windows, const float* const* rows, std::size_t count,
                  std::size_t taps, float* out) noexcept;
void dot_products(const double* const* windows, const double* const* rows, std::size_t count,
                  std::size_t taps, double* out) noexcept;

/// Name of the instruction set that the functions above use now.
std::string dot_kernel_target();

}  // namespace remotemedia::dsp
