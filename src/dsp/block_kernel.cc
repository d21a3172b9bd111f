#include "dsp/block_kernel.h"

#include <cstdint>
#include <iterator>
#include <utility>

// SVE vectors have no size at compile time, so they cannot sit in an array of accumulators; NEON
// can.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dsp/block_kernel.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace remotemedia::dsp::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::CappedTag<float, kBlockOutputs>;
using Vector = hn::Vec<Tag>;

constexpr std::size_t kLanes = hn::MaxLanes(Tag());
constexpr std::size_t kVectors = kBlockOutputs / kLanes;  // of a block

/// Windows side by side: as many as accumulators fit in registers beside the coefficients. AVX-512
/// has room for 14; with more than 8 it was 1 to 2 % slower.
constexpr std::size_t kGroup = kVectors == 1 ? 8 : kVectors == 2 ? 3 : 1;

/// Without this GCC loads the coefficients of a group of three once for each window, instead of
/// broadcasting the inputs from memory in the multiply-add itself: half the speed.
HWY_INLINE Vector in_register(Vector v) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
  asm("" : "+v"(v.raw));  // NOLINT(hicpp-no-assembler)
#endif
  return v;
}

/// Offsets of the inputs that a turn of the loop takes from each end, and what it moves on.
struct All {
  static constexpr std::size_t kOffsets[] = {0};
  static constexpr std::size_t kAdvance = 1;
};
struct Alternate {
  static constexpr std::size_t kOffsets[] = {0};
  static constexpr std::size_t kAdvance = 2;
};
struct Triples {
  static constexpr std::size_t kOffsets[] = {0, 1, 2};
  static constexpr std::size_t kAdvance = 6;
};

/// The accumulators of kWindows windows: kIndex counts the vectors of the first window's outputs,
/// then of the second's, ...; kVector those of a block.
template <class Index, class Vectors>
struct Group;

template <std::size_t... kIndex, std::size_t... kVector>
struct Group<std::index_sequence<kIndex...>, std::index_sequence<kVector...>> {
  HWY_INLINE Group() { ((sums[kIndex] = hn::Zero(Tag())), ...); }

  /// One input of each window.
  HWY_INLINE void multiply(const float* coefficients, const float* const* window,
                           std::size_t offset) {
    const Tag d;
    const Vector row[] = {in_register(hn::Load(d, coefficients + kVector * kLanes))...};
    ((sums[kIndex] = hn::MulAdd(row[kIndex % kVectors],
                                hn::Set(d, window[kIndex / kVectors][offset]), sums[kIndex])),
     ...);
  }
  HWY_INLINE void store_with(const Group& other, float* out, std::size_t out_stride) const {
    ((hn::StoreU(hn::Add(sums[kIndex], other.sums[kIndex]), Tag(),
                 out + kIndex / kVectors * out_stride + kIndex % kVectors * kLanes)),
     ...);
  }
  Vector sums[sizeof...(kIndex)];
};

template <class Columns, std::size_t... kWindow, std::size_t... kInput>
HWY_INLINE void multiply_group(const float* coefficients, std::size_t span, const Windows& windows,
                               float* out, std::size_t out_stride, std::index_sequence<kWindow...>,
                               std::index_sequence<kInput...>) {
  const float* const window[] = {(windows.first + kWindow * windows.stride)...};
  using Sums = Group<std::make_index_sequence<sizeof...(kWindow) * kVectors>,
                     std::make_index_sequence<kVectors>>;
  constexpr std::size_t kInputs = sizeof...(kInput);
  Sums left;
  Sums right;
  const float* from_right = coefficients + (span - 1) * kBlockOutputs;
  const std::size_t turns = span / 2 / kInputs;
  std::size_t i = 0;
  std::size_t j = (2 * turns - 1) * Columns::kAdvance + Columns::kOffsets[kInputs - 1];
  for (std::size_t turn = 0; turn < turns; ++turn) {
    ((left.multiply(coefficients + kInput * kBlockOutputs, window, i + Columns::kOffsets[kInput]),
      right.multiply(from_right - kInput * kBlockOutputs, window, j - Columns::kOffsets[kInput])),
     ...);
    coefficients += kInputs * kBlockOutputs;
    from_right -= kInputs * kBlockOutputs;
    i += Columns::kAdvance;
    j -= Columns::kAdvance;
  }
  left.store_with(right, out, out_stride);
}

/// `count` windows, at most kWindows.
template <class Columns, std::size_t kWindows>
HWY_INLINE void multiply_up_to(const float* coefficients, std::size_t span, const Windows& windows,
                               std::size_t count, float* out, std::size_t out_stride) {
  if constexpr (kWindows > 0) {
    if (count == kWindows) {
      multiply_group<Columns>(coefficients, span, windows, out, out_stride,
                              std::make_index_sequence<kWindows>(),
                              std::make_index_sequence<std::size(Columns::kOffsets)>());
    } else {
      multiply_up_to<Columns, kWindows - 1>(coefficients, span, windows, count, out, out_stride);
    }
  }
}

template <class Columns>
void multiply(const float* coefficients, std::size_t span, Windows windows, std::size_t count,
              float* out, std::size_t out_stride) {
  // Groups of about the same size, as the sums of one window alone would wait for each other.
  for (std::size_t groups = (count + kGroup - 1) / kGroup; groups > 0; --groups) {
    const std::size_t now = (count + groups - 1) / groups;
    multiply_up_to<Columns, kGroup>(coefficients, span, windows, now, out, out_stride);
    windows.first += now * windows.stride;
    out += now * out_stride;
    count -= now;
  }
}

void multiply_columns(const float* coefficients, std::size_t span, const Windows& windows,
                      std::size_t count, float* out, std::size_t out_stride) {
  switch (windows.columns) {
    case Columns::all:
      return multiply<All>(coefficients, span, windows, count, out, out_stride);
    case Columns::alternate:
      return multiply<Alternate>(coefficients, span, windows, count, out, out_stride);
    case Columns::triples:
      return multiply<Triples>(coefficients, span, windows, count, out, out_stride);
  }
}

/// Pairs of floats are moved as one number.
using PairTag = hn::Repartition<std::uint64_t, Tag>;

void combine(const float* u, const float* w, const float* v, std::size_t blocks, float* out) {
  const Tag d;
  if constexpr (kLanes < 2) {
    for (std::size_t i = 0; i < blocks * kBlockOutputs; ++i) {
      float* to = out + i / 2 * 4 + i % 2;
      to[0] = *(v + i - 2) - *(w + i - 2) - u[i];
      to[2] = u[i] + w[i];
    }
  } else {
    const PairTag pairs;
    for (std::size_t i = 0; i < blocks * kBlockOutputs; i += kLanes) {
      const Vector us = hn::LoadU(d, u + i);
      const Vector before = hn::Sub(hn::LoadU(d, v + i - 2), hn::LoadU(d, w + i - 2));
      const Vector here = hn::Add(us, hn::LoadU(d, w + i));
      hn::StoreInterleaved2(hn::BitCast(pairs, hn::Sub(before, us)), hn::BitCast(pairs, here),
                            pairs, reinterpret_cast<std::uint64_t*>(out) + i);
    }
  }
}

void add_samples(const float* a, const float* b, float* out, std::size_t count) {
  const Tag d;
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    hn::StoreU(hn::Add(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, out + i);
  }
  for (; i < count; ++i) out[i] = a[i] + b[i];
}

void add_even(const float* in, float factor, float* out, std::size_t count) {
  const Tag d;
  const Vector factors = hn::Set(d, factor);
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    Vector even;
    Vector odd;
    hn::LoadInterleaved2(d, in + 2 * i, even, odd);
    hn::StoreU(hn::MulAdd(factors, even, hn::LoadU(d, out + i)), d, out + i);
  }
  const hn::CappedTag<float, 1> one;
  for (; i < count; ++i) {
    const auto sum =
        hn::MulAdd(hn::Set(one, factor), hn::Set(one, in[2 * i]), hn::Set(one, out[i]));
    out[i] = hn::GetLane(sum);
  }
}

}  // namespace
}  // namespace remotemedia::dsp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace remotemedia::dsp {

HWY_EXPORT(multiply_columns);
HWY_EXPORT(combine);
HWY_EXPORT(add_samples);
HWY_EXPORT(add_even);

void block_products(const float* coefficients, std::size_t span, const Windows& windows,
                    std::size_t count, float* out, std::size_t out_step) noexcept {
  HWY_DYNAMIC_DISPATCH(multiply_columns)
  (coefficients, span, windows, count, out, out_step * kBlockOutputs);
}

void combine_pairs(const float* u, const float* w, const float* v, std::size_t blocks,
                   float* out) noexcept {
  HWY_DYNAMIC_DISPATCH(combine)(u, w, v, blocks, out);
}

void add(const float* a, const float* b, float* out, std::size_t count) noexcept {
  HWY_DYNAMIC_DISPATCH(add_samples)(a, b, out, count);
}

void add_even_samples(const float* in, float factor, float* out, std::size_t count) noexcept {
  HWY_DYNAMIC_DISPATCH(add_even)(in, factor, out, count);
}

}  // namespace remotemedia::dsp
#endif
