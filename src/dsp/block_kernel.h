#pragma once

#include <cstddef>

namespace remotemedia::dsp {

/// Outputs of a block.
inline constexpr std::size_t kBlockOutputs = 16;

/// Which inputs of its window a block takes: all; every second; or three, not the next three, ...
enum class Columns { all, alternate, triples };

/// Where block_products() finds its inputs: window k begins at first[k * stride].
struct Windows {
  const float* first;
  std::size_t stride;
  Columns columns = Columns::all;
};

/// The filter of the resampler, as the product of a banded matrix with a window of inputs, for
/// several windows at once:
///
///   out[16 * k * out_step + l] = sum over i < span of coefficients[16 * i + l] * (input i)
///
/// for l < 16, k < count. Each lane is one output: no sum goes across lanes, no load of inputs is
/// unaligned, and one load of coefficients serves up to eight windows; the price is the zeros of
/// the band, one input in 12 for the sharp filter. Both halves of the inputs are summed from the
/// outside to the middle by fused multiply-add, so that the many small taps do not meet the
/// rounding of the few large ones, and then added: the bits do not depend on `count` and are the
/// same on every target that has FMA. `span` is even, for triples a multiple of 6; `coefficients`
/// are 64-byte aligned.
///
/// Cost: span * count multiply-adds of 16 lanes, at the peak of a Zen 4 core (one in a cycle) with
/// AVX-512 from two windows on, at 85 % of it with AVX2. Accuracy: rounding of float32.
void block_products(const float* coefficients, std::size_t span, const Windows& windows,
                    std::size_t count, float* out, std::size_t out_step = 1) noexcept;

/// The last step of FastFirFilter, for `blocks` times 16 values: gives pairs of
/// v[i - 2] - w[i - 2] - u[i] and of u[i] + w[i] by turns, 32 results a block.
void combine_pairs(const float* u, const float* w, const float* v, std::size_t blocks,
                   float* out) noexcept;

/// out[i] = a[i] + b[i], i < count.
void add(const float* a, const float* b, float* out, std::size_t count) noexcept;

/// out[i] += factor * in[2 * i], i < count, by fused multiply-add.
void add_even_samples(const float* in, float factor, float* out, std::size_t count) noexcept;

}  // namespace remotemedia::dsp
