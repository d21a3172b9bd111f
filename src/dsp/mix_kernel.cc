// Several channels of f32 to their mean.
//
// Design. The mean is NumPy's of float32: the channels added in their order, then divided by their
// number. Lanes are frames, four accumulators side by side. The division is a multiplication by the
// inverse: exact for powers of two, else corrected by the remainder, which a fused multiply-add
// gives without error (Markstein, 1990). Of all numbers of channels and all mantissas that has the
// bits of a division, unless the quotient is subnormal. Steps with a sum so small, or with a mean
// that is not finite, are done again by the definition.
//
// Cost: bound by the caches or the memory, for 2, 4, 6 and 8 channels, each of which has a loop of
// its own: one over any number of channels takes up to twice as long.
//
// Accuracy: the bits of the definition, on every target.

#include "dsp/mix_kernel.h"

#include "dsp/sanitize.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>

// SVE vectors have no size at compile time, which the steps below need.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dsp/mix_kernel.cc"
#include <hwy/foreach_target.h>

#ifndef REMOTEMEDIA_DSP_MIX_KERNEL_ONCE
#define REMOTEMEDIA_DSP_MIX_KERNEL_ONCE
namespace remotemedia::dsp {
namespace {

using Channels = std::span<const float* const>;

/// The definition, for frames [first, end). Where the sum is beyond the largest float, in double.
void mix_frames(Channels in, std::size_t first, std::size_t end, float* out) {
  const auto mean = [in]<typename Sum>(std::size_t i, Sum sum) {
    for (const float* channel : in.subspan(1)) sum += static_cast<Sum>(channel[i]);
    return static_cast<float>(sum / static_cast<Sum>(in.size()));
  };
  for (std::size_t i = first; i < end; ++i) {
    const float of_floats = mean(i, in[0][i]);
    out[i] = is_finite(of_floats) ? of_floats : mean(i, static_cast<double>(in[0][i]));
  }
}

}  // namespace
}  // namespace remotemedia::dsp
#endif

#include "dsp/streaming-inl.h"  // again for each target

HWY_BEFORE_NAMESPACE();
namespace remotemedia::dsp::HWY_NAMESPACE {
namespace {

#if HWY_TARGET == HWY_SCALAR

void mix(Channels in, std::size_t frames, float* out, Stores /*stores*/) {
  mix_frames(in, 0, frames, out);
}

#else

using D = hn::ScalableTag<float>;
using Bits = hn::RebindToUnsigned<D>;

constexpr std::size_t kLanes = hn::MaxLanes(D());
constexpr std::size_t kStep = 4 * kLanes;

/// A sum / channels, as a division rounds it.
template <bool kExact>
struct Division {
  float channels;
  float inverse;  ///< exact, or not

  HWY_INLINE hn::Vec<D> operator()(hn::Vec<D> sum) const {
    const D d;
    const auto quotient = hn::Mul(sum, hn::Set(d, inverse));
    if constexpr (kExact) {
      return quotient;
    } else {
#if !HWY_NATIVE_FMA
      return hn::Div(sum, hn::Set(d, channels));
#else
      // Too much rather than too little, so that -0 stays -0.
      const auto excess = hn::MulSub(quotient, hn::Set(d, channels), sum);
      return hn::NegMulAdd(excess, hn::Set(d, inverse), quotient);
#endif
    }
  }
};

/// Twice the bits without the sign, less 1: larger for larger values, and largest for 0.
HWY_INLINE hn::Vec<Bits> size_but_zero(hn::Vec<D> x) {
  const auto bits = hn::BitCast(Bits(), x);
  return hn::Sub(hn::Add(bits, bits), hn::Set(Bits(), 1));
}

/// Whether a mean of up to 32 may be subnormal, of a sum that is not 0.
HWY_INLINE hn::Mask<Bits> is_small(hn::Vec<Bits> size) {
  constexpr std::uint32_t kLeast = 2 * std::bit_cast<std::uint32_t>(0x1p-120F);
  return hn::Lt(size, hn::Set(Bits(), kLeast));
}

/// Asks for what later steps take. Where a vector is a line, of what lies in a cache too, into L1:
/// each load of a channel that lies askew meets two lines, and waits long if they come from further
/// away.
template <Stores kStores>
HWY_INLINE void ask(const float* input) {
  constexpr std::size_t kAhead = 512 / sizeof(float);
  ask_for<kStores>(input + kAskAhead<float>, kStep);
  if constexpr (kStores == Stores::cached && kLanes == kLine<float>) {
    for (std::size_t k = 0; k < kStep; k += kLine<float>) {
      __builtin_prefetch(input + kAhead + k, 0, 3);
    }
  }
}

/// Channels whose number is known at compile time, or not (std::dynamic_extent).
template <std::size_t kCount>
using Counted = std::span<const float* const, kCount>;

/// Vectors are indexed by constants only, else they would live in memory.
template <Stores kStores, std::size_t kCount, bool kExact, std::size_t... kIndex>
HWY_INLINE void step(Counted<kCount> in, std::size_t i, float* out, Division<kExact> divide,
                     std::index_sequence<kIndex...>) {
  const D d;
  for (const float* channel : in) ask<kStores>(channel + i);
  hn::Vec<D> sum[] = {hn::LoadU(d, in[0] + i + kIndex * kLanes)...};
  for (const float* channel : in.template subspan<1>()) {
    ((sum[kIndex] = hn::Add(sum[kIndex], hn::LoadU(d, channel + i + kIndex * kLanes))), ...);
  }
  const hn::Vec<D> mean[] = {divide(sum[kIndex])...};
  const auto zero = hn::Zero(d);
  auto check = zero;
  ((check = hn::MulAdd(mean[kIndex], zero, check)), ...);  // NaN if one is not finite
  bool sure = hn::AllFalse(d, hn::IsNaN(check));
  if constexpr (!kExact) {
    auto least = size_but_zero(sum[0]);
    ((least = hn::Min(least, size_but_zero(sum[kIndex]))), ...);
    sure &= hn::AllFalse(Bits(), is_small(least));
  }
  if (HWY_UNLIKELY(!sure)) return mix_frames(in, i, i + kStep, out);
  (store<kStores>(mean[kIndex], d, out + i + kIndex * kLanes), ...);
}

template <Stores kStores, bool kExact, std::size_t kCount>
HWY_INLINE void mix_all(Counted<kCount> in, std::size_t frames, float* out) {
  std::size_t i = 0;
  if constexpr (kStores == Stores::streaming) {
    i = std::min(frames, samples_to_alignment(out));
    mix_frames(in, 0, i, out);
  }
  const auto channels = static_cast<float>(in.size());
  const Division<kExact> divide{channels, 1.0F / channels};
  for (; i + kStep <= frames; i += kStep) {
    step<kStores>(in, i, out, divide, std::make_index_sequence<4>());
  }
  if constexpr (kStores == Stores::streaming) hwy::FlushStream();
  mix_frames(in, i, frames, out);
}

template <bool kExact, std::size_t kCount = std::dynamic_extent>
void mix_some(Channels in, std::size_t frames, float* out, Stores stores) {
  const Counted<kCount> counted(in.data(), in.size());
  stores == Stores::streaming ? mix_all<Stores::streaming, kExact>(counted, frames, out)
                              : mix_all<Stores::cached, kExact>(counted, frames, out);
}

void mix(Channels in, std::size_t frames, float* out, Stores stores) {
  switch (in.size()) {
    case 2:
      return mix_some<true, 2>(in, frames, out, stores);
    case 4:
      return mix_some<true, 4>(in, frames, out, stores);
    case 6:
      return mix_some<false, 6>(in, frames, out, stores);
    case 8:
      return mix_some<true, 8>(in, frames, out, stores);
    default:
      break;
  }
  const bool power_of_two = (in.size() & (in.size() - 1)) == 0;
  power_of_two ? mix_some<true>(in, frames, out, stores) : mix_some<false>(in, frames, out, stores);
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
