// f32 to integers, rounded to nearest with ties to even, once per target.
//
// The conversion instruction of x86 makes the lowest i32 of what it cannot convert, so one look at
// the results of some vectors finds NaN and all that is too large. These are made ordinary and
// converted with saturation instead (hn::NearestInt), which takes three instructions more there.

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

/// What is none of 32 bits becomes the lowest (x86), or saturates, and NaN 0 (NEON).
HWY_INLINE hn::Vec<hn::ScalableTag<std::int32_t>> nearest(hn::Vec<hn::ScalableTag<float>> x) {
#if !HWY_ARCH_X86
  return hn::NearestInt(x);
#else
  using Integers = hn::Vec<hn::ScalableTag<std::int32_t>>;
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
  return Integers{_mm512_cvtps_epi32(x.raw)};
#elif HWY_TARGET == HWY_AVX2
  return Integers{_mm256_cvtps_epi32(x.raw)};
#else
  return Integers{_mm_cvtps_epi32(x.raw)};
#endif
#endif
}

/// Whether some of the vectors from `in` on, from which nearest() made `y`, hold NaN or what is too
/// large.
template <std::size_t... kIndex>
HWY_INLINE bool needs_care([[maybe_unused]] const float* in,
                           [[maybe_unused]] const hn::Vec<hn::ScalableTag<std::int32_t>>* y,
                           std::index_sequence<kIndex...> /*all*/) {
#if HWY_ARCH_X86
  const hn::ScalableTag<std::int32_t> d;
  auto least = y[0];
  ((least = hn::Min(least, y[kIndex])), ...);
  return !hn::AllFalse(d, hn::Eq(least, hn::Set(d, std::numeric_limits<std::int32_t>::min())));
#else
  const hn::ScalableTag<float> d;
  const auto zero = hn::Zero(d);
  auto sum = zero;
  ((sum = hn::MulAdd(hn::LoadU(d, in + kIndex * hn::MaxLanes(d)), zero, sum)), ...);
  return !hn::AllFalse(d, hn::IsNaN(sum));
#endif
}

/// Saturated, in their order: the instruction takes blocks of 128 bits of both in turns.
HWY_INLINE hn::Vec<hn::ScalableTag<std::int16_t>> narrowed(
    hn::Vec<hn::ScalableTag<std::int32_t>> low, hn::Vec<hn::ScalableTag<std::int32_t>> high) {
  const hn::ScalableTag<std::int16_t> d;
  const hn::ScalableTag<std::int32_t> pairs;
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
