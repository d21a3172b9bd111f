// Floats to 32-bit integers, rounded to nearest with ties to even, and these to i16, once per
// target.
//
// The conversion instructions of x86 make the lowest i32 of what they cannot convert, so one look
// at the results of some vectors finds NaN and all that is too large. These are converted with
// saturation instead, which takes some instructions more there, and before that made ordinary where
// they are not finite.

#if defined(REMOTEMEDIA_DSP_ROUNDING_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef REMOTEMEDIA_DSP_ROUNDING_INL_H
#undef REMOTEMEDIA_DSP_ROUNDING_INL_H
#else
#define REMOTEMEDIA_DSP_ROUNDING_INL_H
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

HWY_BEFORE_NAMESPACE();
namespace remotemedia::dsp::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR

using RoundedF32 = hn::ScalableTag<float>;
using RoundedF64 = hn::ScalableTag<double>;
using Rounded = hn::ScalableTag<std::int32_t>;

/// In the range of 32 bits, or the next number that is; not NaN.
HWY_INLINE hn::Vec<Rounded> saturated(hn::Vec<RoundedF32> x) { return hn::NearestInt(x); }
HWY_INLINE hn::Vec<Rounded> saturated(hn::Vec<RoundedF64> low, hn::Vec<RoundedF64> high) {
  const hn::Half<Rounded> half;
  return hn::Combine(Rounded(), hn::DemoteTo(half, hn::Round(high)),
                     hn::DemoteTo(half, hn::Round(low)));
}

/// Likewise; of what has not 32 bits, or is NaN, needs_care() knows.
#if HWY_ARCH_X86
HWY_INLINE hn::Vec<Rounded> nearest(hn::Vec<RoundedF32> x) {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
  return hn::Vec<Rounded>{_mm512_cvtps_epi32(x.raw)};
#elif HWY_TARGET == HWY_AVX2
  return hn::Vec<Rounded>{_mm256_cvtps_epi32(x.raw)};
#else
  return hn::Vec<Rounded>{_mm_cvtps_epi32(x.raw)};
#endif
}
HWY_INLINE hn::Vec<hn::Half<Rounded>> nearest_half(hn::Vec<RoundedF64> x) {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
  return hn::Vec<hn::Half<Rounded>>{_mm512_cvtpd_epi32(x.raw)};
#elif HWY_TARGET == HWY_AVX2
  return hn::Vec<hn::Half<Rounded>>{_mm256_cvtpd_epi32(x.raw)};
#else
  return hn::Vec<hn::Half<Rounded>>{_mm_cvtpd_epi32(x.raw)};
#endif
}
HWY_INLINE hn::Vec<Rounded> nearest(hn::Vec<RoundedF64> low, hn::Vec<RoundedF64> high) {
  return hn::Combine(Rounded(), nearest_half(high), nearest_half(low));
}
#else
HWY_INLINE hn::Vec<Rounded> nearest(hn::Vec<RoundedF32> x) { return saturated(x); }
HWY_INLINE hn::Vec<Rounded> nearest(hn::Vec<RoundedF64> low, hn::Vec<RoundedF64> high) {
  return saturated(low, high);
}
#endif

/// Whether `count` samples, whole vectors, are neither NaN nor infinite.
template <typename From>
HWY_INLINE bool all_finite(const From* in, std::size_t count) {
  const hn::ScalableTag<From> d;
  const auto zero = hn::Zero(d);
  auto sum = zero;
  for (std::size_t i = 0; i < count; i += hn::MaxLanes(d)) {
    sum = hn::MulAdd(hn::LoadU(d, in + i), zero, sum);
  }
  return hn::AllFalse(d, hn::IsNaN(sum));
}

/// Whether some of the samples from `in` on, from which nearest() made `y`, are NaN or too large.
/// The indices are those of `y`.
template <typename From, std::size_t... kIndex>
HWY_INLINE bool needs_care([[maybe_unused]] const From* in,
                           [[maybe_unused]] const hn::Vec<Rounded>* y,
                           std::index_sequence<kIndex...> /*all*/) {
#if HWY_ARCH_X86
  const Rounded d;
  auto least = y[0];
  ((least = hn::Min(least, y[kIndex])), ...);
  return !hn::AllFalse(d, hn::Eq(least, hn::Set(d, std::numeric_limits<std::int32_t>::min())));
#else
  return !all_finite(in, sizeof...(kIndex) * hn::MaxLanes(Rounded()));
#endif
}

/// Saturated, in their order: the instruction takes blocks of 128 bits of both in turns.
HWY_INLINE hn::Vec<hn::ScalableTag<std::int16_t>> narrowed(hn::Vec<Rounded> low,
                                                           hn::Vec<Rounded> high) {
  const hn::ScalableTag<std::int16_t> d;
  const Rounded pairs;
  const auto blocks = hn::ReorderDemote2To(d, low, high);
  if constexpr (hn::MaxLanes(pairs) <= 4) {
    return blocks;
  } else {
    alignas(64) static constexpr std::int32_t kOrder8[] = {0, 1, 4, 5, 2, 3, 6, 7};
    alignas(64) static constexpr std::int32_t kOrder16[] = {0, 1, 4, 5, 8,  9,  12, 13,
                                                            2, 3, 6, 7, 10, 11, 14, 15};
    const auto order = hn::SetTableIndices(pairs, hn::MaxLanes(pairs) == 8 ? kOrder8 : kOrder16);
    return hn::BitCast(d, hn::TableLookupLanes(hn::BitCast(pairs, blocks), order));
  }
}

#endif

}  // namespace
}  // namespace remotemedia::dsp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
