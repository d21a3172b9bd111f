// Several channels of f32 to their mean.
//
// Design. The mean is defined in double: the channels added in their order, then divided by their
// number, then rounded to float. Lanes are frames, four accumulators side by side. The division is
// a multiplication by the inverse: exact for powers of two, else corrected by the remainder, which
// a fused multiply-add gives without error (Markstein, 1990); a quotient by so small an integer is
// too far from the middle of two doubles for the correction's own error to matter.
// Two channels stay in float, which is twice as wide, with the same bits: the sum of two floats
// rounded to double (53 >= 2 * 24 + 2 bits) and then to float is the sum rounded to float
// (Figueroa, 1995), and halving is exact unless the half is subnormal; but a sum that small has no
// rounding error, so that only the half is rounded, as in double. Only a sum beyond the largest
// float differs. Steps whose output is not finite are done again by the definition.
// Cost: bound by the caches or the memory.
// Accuracy: the bits of the definition, on every target.

#include "dsp/mix_kernel.h"

#include "dsp/sanitize.h"

#include <algorithm>
#include <cstdint>
#include <utility>

// SVE vectors have no size at compile time, which the steps below need.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dsp/mix_kernel.cc"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef REMOTEMEDIA_DSP_MIX_KERNEL_ONCE
#define REMOTEMEDIA_DSP_MIX_KERNEL_ONCE
namespace remotemedia::dsp {
namespace {

using Channels = std::span<const float* const>;

/// The definition, for frames [first, end).
void mix_frames(Channels in, std::size_t first, std::size_t end, float* out) {
  const auto channels = static_cast<double>(in.size());
  for (std::size_t i = first; i < end; ++i) {
    auto sum = static_cast<double>(in[0][i]);
    for (const float* channel : in.subspan(1)) sum += static_cast<double>(channel[i]);
    out[i] = static_cast<float>(sum / channels);
  }
}

}  // namespace
}  // namespace remotemedia::dsp
#endif

HWY_BEFORE_NAMESPACE();
namespace remotemedia::dsp::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

void mix(Channels in, std::size_t frames, float* out, Stores /*stores*/) {
  mix_frames(in, 0, frames, out);
}

#else

using D = hn::ScalableTag<float>;
using D64 = hn::ScalableTag<double>;
using Half = hn::Half<D>;

constexpr std::size_t kLanes = hn::MaxLanes(D());
constexpr std::size_t kStep = 4 * kLanes;

template <Stores kStores>
HWY_INLINE void store(hn::Vec<D> v, float* out) {
  if constexpr (kStores == Stores::streaming) {
    hn::Stream(v, D(), out);
  } else {
    hn::StoreU(v, D(), out);
  }
}

/// Two channels. Vectors are indexed by constants only, else they would live in memory.
template <Stores kStores, std::size_t... kIndex>
HWY_INLINE void step_of_two(Channels in, std::size_t i, float* out,
                            std::index_sequence<kIndex...>) {
  const D d;
  const float* const left = in[0] + i;
  const float* const right = in[1] + i;
  prefetch_after<kStores>(left, kStep * sizeof(float));
  prefetch_after<kStores>(right, kStep * sizeof(float));
  const auto half = hn::Set(d, 0.5F);
  const hn::Vec<D> mean[] = {
      hn::Mul(hn::Add(hn::LoadU(d, left + kIndex * kLanes), hn::LoadU(d, right + kIndex * kLanes)),
              half)...};
  const auto zero = hn::Zero(d);
  auto sum = zero;
  ((sum = hn::MulAdd(mean[kIndex], zero, sum)), ...);  // NaN if one is not finite
  if (HWY_UNLIKELY(!hn::AllFalse(d, hn::IsNaN(sum)))) return mix_frames(in, i, i + kStep, out);
  (store<kStores>(mean[kIndex], out + i + kIndex * kLanes), ...);
}

/// Finite sum / channels, correctly rounded.
struct Division {
  double channels;
  double inverse;
  bool exact;  ///< the inverse

  HWY_INLINE hn::Vec<D64> operator()(hn::Vec<D64> sum) const {
    const D64 d;
    const auto quotient = hn::Mul(sum, hn::Set(d, inverse));
    if (exact) return quotient;
#if !HWY_NATIVE_FMA
    return hn::Div(sum, hn::Set(d, channels));
#else
    const auto rest = hn::NegMulAdd(quotient, hn::Set(d, channels), sum);
    return hn::CopySign(hn::MulAdd(rest, hn::Set(d, inverse), quotient), sum);  // -0 stays -0
#endif
  }
};

/// Any number of channels. Adds by a multiplication with 1 and a fused addition, which other units
/// do than those that convert to double and add.
template <Stores kStores, std::size_t... kIndex>
HWY_INLINE void step_of_many(Channels in, std::size_t i, float* out, Division divide,
                             std::index_sequence<kIndex...>) {
  const D d;
  const D64 d64;
  constexpr std::size_t kWidth = hn::MaxLanes(d64);
  const auto one = hn::Set(d64, 1.0);
  for (const float* channel : in) prefetch_after<kStores>(channel + i, 2 * kLanes * sizeof(float));
  hn::Vec<D64> sum[] = {hn::PromoteTo(d64, hn::LoadU(Half(), in[0] + i + kIndex * kWidth))...};
  for (const float* channel : in.subspan(1)) {
    ((sum[kIndex] = hn::MulAdd(hn::PromoteTo(d64, hn::LoadU(Half(), channel + i + kIndex * kWidth)),
                               one, sum[kIndex])),
     ...);
  }
  const hn::Vec<Half> mean[] = {hn::DemoteTo(Half(), divide(sum[kIndex]))...};
  const auto low = hn::Combine(d, mean[1], mean[0]);
  const auto high = hn::Combine(d, mean[3], mean[2]);
  const auto zero = hn::Zero(d);
  const auto check = hn::MulAdd(high, zero, hn::Mul(low, zero));  // NaN if one is not finite
  if (HWY_UNLIKELY(!hn::AllFalse(d, hn::IsNaN(check)))) {
    return mix_frames(in, i, i + 2 * kLanes, out);
  }
  store<kStores>(low, out + i);
  store<kStores>(high, out + i + kLanes);
}

template <Stores kStores>
HWY_INLINE void mix_all(Channels in, std::size_t frames, float* out) {
  std::size_t i = 0;
  if constexpr (kStores == Stores::streaming) {
    constexpr std::size_t kAlignment = sizeof(float) * kLanes;
    const std::size_t past = reinterpret_cast<std::uintptr_t>(out) % kAlignment;
    i = past == 0 ? 0 : std::min(frames, (kAlignment - past) / sizeof(float));
    mix_frames(in, 0, i, out);
  }
  if (in.size() == 2) {
    for (; i + kStep <= frames; i += kStep) {
      step_of_two<kStores>(in, i, out, std::make_index_sequence<4>());
    }
  } else {
    const auto channels = static_cast<double>(in.size());
    const Division divide{channels, 1.0 / channels, (in.size() & (in.size() - 1)) == 0};
    for (; i + 2 * kLanes <= frames; i += 2 * kLanes) {
      step_of_many<kStores>(in, i, out, divide, std::make_index_sequence<4>());
    }
  }
  if constexpr (kStores == Stores::streaming) hwy::FlushStream();
  mix_frames(in, i, frames, out);
}

void mix(Channels in, std::size_t frames, float* out, Stores stores) {
  stores == Stores::streaming ? mix_all<Stores::streaming>(in, frames, out)
                              : mix_all<Stores::cached>(in, frames, out);
}

#endif

/// The largest exponent of the sums says whether all are finite.
bool mix_two(const float* left, const float* right, std::size_t frames, float* out) {
  const hn::ScalableTag<float> d;
  const hn::RebindToUnsigned<decltype(d)> bits;
  const std::size_t lanes = hn::Lanes(d);
  const auto half = hn::Set(d, 0.5F);
  const auto infinity = hn::Set(bits, 0x7F800000U);
  auto largest = hn::Zero(bits);
  std::size_t i = 0;
  for (; i + lanes <= frames; i += lanes) {
    const auto sum = hn::Add(hn::LoadU(d, left + i), hn::LoadU(d, right + i));
    largest = hn::Max(largest, hn::And(hn::BitCast(bits, sum), infinity));
    hn::StoreU(hn::Mul(sum, half), d, out + i);
  }
  bool finite = hn::AllTrue(bits, hn::Lt(largest, infinity));
  for (; i < frames; ++i) {
    const float sum = left[i] + right[i];
    finite &= is_finite(sum);
    out[i] = 0.5F * sum;
  }
  return finite;
}

}  // namespace
}  // namespace remotemedia::dsp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace remotemedia::dsp {

HWY_EXPORT(mix);
HWY_EXPORT(mix_two);

void mix_channels(std::span<const float* const> in, std::size_t frames, float* out,
                  Stores stores) noexcept {
  HWY_DYNAMIC_DISPATCH(mix)(in, frames, out, stores);
}

bool mix_two_finite(const float* left, const float* right, std::size_t frames,
                    float* out) noexcept {
  return HWY_DYNAMIC_DISPATCH(mix_two)(left, right, frames, out);
}

}  // namespace remotemedia::dsp
#endif
