#include "dsp/block_kernel.h"

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

/// Windows side by side: as many as accumulators fit in registers beside the coefficients.
constexpr std::size_t kGroup = kVectors == 1 ? 6 : kVectors == 2 ? 3 : 1;

/// Without this GCC loads the coefficients of a group of three once for each window, instead of
/// broadcasting the inputs from memory in the multiply-add itself: half the speed.
HWY_INLINE Vector in_register(Vector v) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
  asm("" : "+v"(v.raw));  // NOLINT(hicpp-no-assembler)
#endif
  return v;
}

/// kIndex counts the vectors of the first window's outputs, then of the second's, ...; kVector
/// those of a block.
template <std::size_t... kIndex, std::size_t... kVector>
HWY_INLINE void multiply_group(const float* coefficients, std::size_t span, const Windows& windows,
                               float* out, std::size_t out_stride, std::index_sequence<kIndex...>,
                               std::index_sequence<kVector...>) {
  const Tag d;
  const std::size_t step = windows.step;
  const float* const window[] = {(windows.first + kIndex / kVectors * windows.stride)...};
  Vector even[sizeof...(kIndex)];
  Vector odd[sizeof...(kIndex)];
  ((even[kIndex] = hn::Zero(d), odd[kIndex] = hn::Zero(d)), ...);
  const float* const end = coefficients + span * kBlockOutputs;
  for (std::size_t i = 0; coefficients != end; i += 2 * step) {
    const Vector for_even[] = {in_register(hn::Load(d, coefficients + kVector * kLanes))...};
    ((even[kIndex] =
          hn::MulAdd(for_even[kIndex % kVectors], hn::Set(d, window[kIndex][i]), even[kIndex])),
     ...);
    coefficients += kBlockOutputs;
    const Vector for_odd[] = {in_register(hn::Load(d, coefficients + kVector * kLanes))...};
    ((odd[kIndex] = hn::MulAdd(for_odd[kIndex % kVectors], hn::Set(d, window[kIndex][i + step]),
                               odd[kIndex])),
     ...);
    coefficients += kBlockOutputs;
  }
  ((hn::StoreU(hn::Add(even[kIndex], odd[kIndex]), d,
               out + kIndex / kVectors * out_stride + kIndex % kVectors * kLanes)),
   ...);
}

/// `count` windows, at most kWindows.
template <std::size_t kWindows>
HWY_INLINE void multiply_up_to(const float* coefficients, std::size_t span, const Windows& windows,
                               std::size_t count, float* out, std::size_t out_stride) {
  if constexpr (kWindows > 0) {
    if (count == kWindows) {
      multiply_group(coefficients, span, windows, out, out_stride,
                     std::make_index_sequence<kWindows * kVectors>(),
                     std::make_index_sequence<kVectors>());
    } else {
      multiply_up_to<kWindows - 1>(coefficients, span, windows, count, out, out_stride);
    }
  }
}

void multiply(const float* coefficients, std::size_t span, Windows windows, std::size_t count,
              float* out, std::size_t out_stride) {
  // Groups of about the same size, as the sums of one window alone would wait for each other.
  for (std::size_t groups = (count + kGroup - 1) / kGroup; groups > 0; --groups) {
    const std::size_t now = (count + groups - 1) / groups;
    multiply_up_to<kGroup>(coefficients, span, windows, now, out, out_stride);
    windows.first += now * windows.stride;
    out += now * out_stride;
    count -= now;
  }
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

HWY_EXPORT(multiply);
HWY_EXPORT(add_even);

void block_products(const float* coefficients, std::size_t span, const Windows& windows,
                    std::size_t count, float* out, std::size_t out_stride) noexcept {
  HWY_DYNAMIC_DISPATCH(multiply)(coefficients, span, windows, count, out, out_stride);
}

void add_even_samples(const float* in, float factor, float* out, std::size_t count) noexcept {
  HWY_DYNAMIC_DISPATCH(add_even)(in, factor, out, count);
}

}  // namespace remotemedia::dsp
#endif
