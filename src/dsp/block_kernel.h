#pragma once

#include <cstddef>

namespace remotemedia::dsp {

/// Outputs of a block.
inline constexpr std::size_t kBlockOutputs = 16;

/// Where block_products() finds its inputs: window k begins at first[k * stride], its inputs lie
/// `step` apart.
struct Windows {
  const float* first;
  std::size_t stride;
  std::size_t step = 1;
};

/// The filter of the resampler, as the product of a banded matrix with a window of inputs, for
/// several windows at once:
///
///   out[k * out_stride + l] = sum over i < span of coefficients[16 * i + l] * (input i of window
///   k)
///
/// for l < 16, k < count. Each lane is one output: no sum goes across lanes, no load of inputs is
/// unaligned, and one load of coefficients serves up to six windows; the price is the zeros of the
/// band, one input in 14 for the sharp filter. Even and odd i go to two partial sums by fused
/// multiply-add, which are added at the end: the bits do not depend on `count` and are the same on
/// every target that has FMA. `span` is even, `coefficients` are 64-byte aligned.
///
/// Cost: span * count multiply-adds of 16 lanes, at the peak of a Zen 4 core (one in a cycle) with
/// AVX-512 from two windows on, at 85 % of it with AVX2. Accuracy: rounding of float32.
void block_products(const float* coefficients, std::size_t span, const Windows& windows,
                    std::size_t count, float* out, std::size_t out_stride) noexcept;

/// out[i] += factor * in[2 * i], i < count, by fused multiply-add.
void add_even_samples(const float* in, float factor, float* out, std::size_t count) noexcept;

}  // namespace remotemedia::dsp
