// Sample formats: all 12 pairs of i16, i32, f32 and f64, element by element.
//
// Design. A step takes eight vectors, or four where the samples become twice as long. The powers of
// two between the formats are exact factors, so each conversion rounds once.
// From floats to integers: the conversion instruction, then to i16 the one that narrows and
// saturates; a step with what is not finite or too large is made ordinary first (rounding-inl.h).
// Ends that are no whole step go through buffers.
// Cost: bound by the caches, and by memory with streaming stores (docs/audio.md).
// Accuracy: the bits of the definition, on every target.

#include "dsp/format_kernels.h"

#include "dsp/sanitize.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <tuple>
#include <type_traits>
#include <utility>

// SVE vectors have no size at compile time, which the steps below need.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dsp/format_kernels.cc"
#include <hwy/foreach_target.h>

#ifndef REMOTEMEDIA_DSP_FORMAT_KERNELS_ONCE
#define REMOTEMEDIA_DSP_FORMAT_KERNELS_ONCE
namespace remotemedia::dsp {
namespace {

template <typename From, typename To>
using Convert = std::uint64_t (*)(const From*, std::size_t, To*, Stores);

using I16 = std::int16_t;
using I32 = std::int32_t;

using ConvertTable = std::tuple<Convert<I16, I32>, Convert<I16, float>, Convert<I16, double>,
                                Convert<I32, I16>, Convert<I32, float>, Convert<I32, double>,
                                Convert<float, I16>, Convert<float, I32>, Convert<float, double>,
                                Convert<double, I16>, Convert<double, I32>, Convert<double, float>>;

/// 2^15 or 2^31.
template <typename Integer, typename Float>
constexpr Float full_scale() {
  return -static_cast<Float>(std::numeric_limits<Integer>::min());
}

/// Whether the conversion replaces what is not finite.
template <typename From, typename To>
inline constexpr bool kCleans = std::is_floating_point_v<From>&& std::is_integral_v<To>;

}  // namespace
}  // namespace remotemedia::dsp
#endif

// again for each target
#include "dsp/rounding-inl.h"
#include "dsp/streaming-inl.h"

HWY_BEFORE_NAMESPACE();
namespace remotemedia::dsp::HWY_NAMESPACE {
namespace {

#if HWY_TARGET == HWY_SCALAR

/// Of a value without NaN.
template <typename To, typename From>
To convert_one(From x) {
  if constexpr (std::is_integral_v<From> && std::is_floating_point_v<To>) {
    return static_cast<To>(x) / full_scale<From, To>();
  } else if constexpr (kCleans<From, To>) {
    constexpr double kMin = std::numeric_limits<To>::min();
    constexpr double kMax = std::numeric_limits<To>::max();
    const double scaled = static_cast<double>(x) * full_scale<To, double>();
    return static_cast<To>(std::nearbyint(std::clamp(scaled, kMin, kMax)));
  } else if constexpr (std::is_same_v<From, I32> && std::is_same_v<To, I16>) {
    return static_cast<I16>(std::clamp(std::nearbyint(x / 65536.0), -32768.0, 32767.0));
  } else if constexpr (std::is_same_v<From, I16> && std::is_same_v<To, I32>) {
    return x * 65536;
  } else {
    return static_cast<To>(x);
  }
}

template <typename From, typename To>
std::uint64_t convert(const From* in, std::size_t count, To* out, Stores) {
  std::uint64_t replaced = 0;
  for (std::size_t i = 0; i < count; ++i) {
    From x = in[i];
    if constexpr (kCleans<From, To>) replaced += make_ordinary(&x, 1, &x);
    out[i] = convert_one<To>(x);
  }
  return replaced;
}

#else

using D32 = hn::ScalableTag<float>;
using DI32 = hn::ScalableTag<I32>;
using DI16 = hn::ScalableTag<I16>;
using D64 = hn::ScalableTag<double>;
using HalfI32 = hn::Half<DI32>;

constexpr std::size_t kLanes = hn::MaxLanes(D32());
template <typename From, typename To>
constexpr std::size_t kStep = sizeof(From) == 8 || sizeof(To) == 8 ? 4 * kLanes : 8 * kLanes;
constexpr std::size_t kWorthAligning = 64 * kLanes;  // stores across cache lines cost twice

/// kLanes / 2 samples as f64.
template <typename From>
HWY_INLINE hn::Vec<D64> to_f64(const From* in) {
  const D64 d;
  if constexpr (std::is_same_v<From, I16>) {
    const hn::Rebind<I16, D64> narrow;
    const auto wide = hn::PromoteTo(HalfI32(), hn::LoadU(narrow, in));
    return hn::Mul(hn::PromoteTo(d, wide), hn::Set(d, 1.0 / full_scale<I16, double>()));
  } else if constexpr (std::is_same_v<From, I32>) {
    const auto wide = hn::PromoteTo(d, hn::LoadU(HalfI32(), in));
    return hn::Mul(wide, hn::Set(d, 1.0 / full_scale<I32, double>()));
  } else {
    return hn::PromoteTo(d, hn::LoadU(hn::Half<D32>(), in));
  }
}

/// kLanes samples as f32.
template <typename From>
HWY_INLINE hn::Vec<D32> to_f32(const From* in) {
  const D32 d;
  if constexpr (std::is_same_v<From, double>) {
    const hn::Half<D32> half;
    return hn::Combine(d, hn::DemoteTo(half, hn::LoadU(D64(), in + kLanes / 2)),
                       hn::DemoteTo(half, hn::LoadU(D64(), in)));
  } else if constexpr (std::is_same_v<From, I32>) {
    return hn::Mul(hn::ConvertTo(d, hn::LoadU(DI32(), in)),
                   hn::Set(d, 1.0F / full_scale<I32, float>()));
  } else {
    const auto wide = hn::PromoteTo(DI32(), hn::LoadU(hn::Half<DI16>(), in));
    return hn::Mul(hn::ConvertTo(d, wide), hn::Set(d, 1.0F / full_scale<I16, float>()));
  }
}

/// kLanes samples in steps of To, of which `convert` makes integers.
template <typename To, class Rounding>
HWY_INLINE hn::Vec<DI32> to_integers(const float* in, Rounding convert) {
  const D32 d;
  return convert(hn::Mul(hn::LoadU(d, in), hn::Set(d, full_scale<To, float>())));
}
template <typename To, class Rounding>
HWY_INLINE hn::Vec<DI32> to_integers(const double* in, Rounding convert) {
  const D64 d;
  const auto scale = hn::Set(d, full_scale<To, double>());
  return convert(hn::Mul(hn::LoadU(d, in), scale), hn::Mul(hn::LoadU(d, in + kLanes / 2), scale));
}

/// i32 to i16, which is the high half: adds half a step less a bit, plus the bit that makes ties
/// even. What would overflow is cut to the largest number that rounds to the largest i16.
HWY_INLINE hn::Vec<DI32> high_i16(const I32* in) {
  const DI32 d;
  const auto x = hn::Min(hn::LoadU(d, in), hn::Set(d, 0x7FFF7FFF));
  const auto odd = hn::And(hn::ShiftRight<16>(x), hn::Set(d, 1));
  return hn::Add(hn::Add(x, hn::Set(d, 0x7FFF)), odd);
}

template <Stores kStores, typename From, typename To>
HWY_INLINE void convert_step(const From* HWY_RESTRICT in, To* HWY_RESTRICT out) {
  if constexpr (std::is_same_v<To, double>) {
    for (std::size_t i = 0; i < kStep<From, To>; i += kLanes / 2) {
      store<kStores>(to_f64(in + i), D64(), out + i);
    }
  } else if constexpr (std::is_same_v<To, float>) {
    for (std::size_t i = 0; i < kStep<From, To>; i += kLanes) {
      store<kStores>(to_f32(in + i), D32(), out + i);
    }
  } else if constexpr (std::is_same_v<To, I32>) {
    for (std::size_t i = 0; i < kStep<From, To>; i += kLanes) {
      const auto wide = hn::PromoteTo(DI32(), hn::LoadU(hn::Half<DI16>(), in + i));
      store<kStores>(hn::ShiftLeft<16>(wide), DI32(), out + i);
    }
  } else {
    const DI16 d;
    for (std::size_t i = 0; i < kStep<From, To>; i += 2 * kLanes) {
      const auto low = hn::BitCast(d, high_i16(in + i));
      const auto high = hn::BitCast(d, high_i16(in + i + kLanes));
      store<kStores>(hn::ConcatOdd(d, high, low), d, out + i);
    }
  }
}

/// Vectors of a step are indexed by constants only, else they would live in memory.
template <Stores kStores, std::size_t... kIndex>
HWY_INLINE void write(const hn::Vec<DI32>* y, I32* HWY_RESTRICT out,
                      std::index_sequence<kIndex...>) {
  (store<kStores>(y[kIndex], DI32(), out + kIndex * kLanes), ...);
}

template <Stores kStores, std::size_t... kIndex>
HWY_INLINE void write(const hn::Vec<DI32>* y, I16* HWY_RESTRICT out,
                      std::index_sequence<kIndex...>) {
  constexpr std::size_t kHalf = sizeof...(kIndex) / 2;
  ((kIndex < kHalf ? store<kStores>(narrowed(y[2 * (kIndex % kHalf)], y[2 * (kIndex % kHalf) + 1]),
                                    DI16(), out + 2 * kIndex * kLanes)
                   : void()),
   ...);
}

/// As clean_step(), where needs_care() says so. Apart from it, so that the other steps keep their
/// vectors in registers.
template <typename From, typename To, std::size_t... kIndex>
HWY_NOINLINE std::uint64_t careful_step(const From* in, To* out,
                                        std::index_sequence<kIndex...> all) {
  const auto rounding = [](auto... x) HWY_ATTR { return saturated(x...); };
  From ordinary[kStep<From, To>];
  std::uint64_t replaced = 0;
  if (!all_finite(in, kStep<From, To>)) {
    replaced = make_ordinary(in, kStep<From, To>, ordinary);
    in = ordinary;
  }
  const hn::Vec<DI32> y[] = {to_integers<To>(in + kIndex * kLanes, rounding)...};
  write<Stores::cached>(y, out, all);
  return replaced;
}

template <Stores kStores, typename From, typename To, std::size_t... kIndex>
HWY_INLINE std::uint64_t clean_step(const From* HWY_RESTRICT in, To* HWY_RESTRICT out,
                                    std::index_sequence<kIndex...> all) {
  const auto rounding = [](auto... x) HWY_ATTR { return nearest(x...); };
  const hn::Vec<DI32> y[] = {to_integers<To>(in + kIndex * kLanes, rounding)...};
  if (HWY_UNLIKELY(needs_care(in, y, all))) return careful_step(in, out, all);
  write<kStores>(y, out, all);
  return 0;
}

#if HWY_TARGET == HWY_AVX2
/// A step of f64 to i16 without the conversion instruction, which here takes two operations for
/// half a vector: in a sum with 1.5 * 2^52 the lowest bits are the rounded number. Does nothing and
/// gives false if a sample is NaN or its size 2 or more, which is one bit of its exponent.
template <Stores kStores>
HWY_INLINE bool quick_step(const double* HWY_RESTRICT in, I16* HWY_RESTRICT out) {
  const D64 d;
  const hn::RebindToUnsigned<D64> bits;
  constexpr std::size_t kLanes64 = kLanes / 2;
  const auto at = [in](std::size_t k) HWY_ATTR { return hn::LoadU(D64(), in + k * kLanes64); };
  const hn::Vec<D64> x[] = {at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7)};
  const auto any = hn::Or(hn::Or(hn::Or(x[0], x[1]), hn::Or(x[2], x[3])),
                          hn::Or(hn::Or(x[4], x[5]), hn::Or(x[6], x[7])));
  const auto large = hn::BitCast(d, hn::ShiftLeft<1>(hn::BitCast(bits, any)));
  if (HWY_UNLIKELY(_mm256_movemask_pd(large.raw) != 0)) return false;
  const auto rounded = [&](std::size_t k) HWY_ATTR {
    return hn::BitCast(
        D32(), hn::MulAdd(x[k], hn::Set(d, full_scale<I16, double>()), hn::Set(d, 0x1.8p52)));
  };
  const auto low_words = [&](std::size_t k) HWY_ATTR {
    constexpr int kEven = 0x88;
    return hn::BitCast(DI32(),
                       hn::Vec<D32>{_mm256_shuffle_ps(rounded(k).raw, rounded(k + 1).raw, kEven)});
  };
  const auto write = [&](std::size_t k) HWY_ATTR {
    alignas(32) static constexpr I32 kOrder[] = {0, 4, 1, 5, 2, 6, 3, 7};
    const auto pairs = hn::ReorderDemote2To(DI16(), low_words(k), low_words(k + 2));
    const auto order = hn::SetTableIndices(DI32(), kOrder);
    const auto sorted = hn::TableLookupLanes(hn::BitCast(DI32(), pairs), order);
    store<kStores>(hn::BitCast(DI16(), sorted), DI16(), out + k * kLanes64);
  };
  write(0), write(4);
  return true;
}
#endif

/// One step; gives how many samples were replaced.
template <Stores kStores, typename From, typename To>
HWY_INLINE std::uint64_t step(const From* HWY_RESTRICT in, To* HWY_RESTRICT out) {
#if HWY_TARGET == HWY_AVX2
  if constexpr (std::is_same_v<From, double> && std::is_same_v<To, I16>) {
    if (HWY_LIKELY(quick_step<kStores>(in, out))) return 0;
  }
#endif
  if constexpr (kCleans<From, To>) {
    constexpr std::size_t kVectors = kStep<From, To> / kLanes;
    return clean_step<kStores>(in, out, std::make_index_sequence<kVectors>());
  } else {
    convert_step<kStores>(in, out);
    return 0;
  }
}

/// Fewer samples than a step.
template <typename From, typename To>
HWY_NOINLINE std::uint64_t part_of_step(const From* in, std::size_t count, To* out) {
  From in_step[kStep<From, To>] = {};
  To out_step[kStep<From, To>];
  std::copy_n(in, count, in_step);
  const std::uint64_t replaced = step<Stores::cached>(in_step, out_step);
  std::copy_n(out_step, count, out);
  return replaced;
}

template <Stores kStores, typename From, typename To>
HWY_INLINE std::uint64_t convert_all(const From* in, std::size_t count, To* out) {
  constexpr std::size_t kCount = kStep<From, To>;
  std::uint64_t replaced = 0;
  std::size_t i = 0;
  if (kStores == Stores::streaming || count >= kWorthAligning) {
    i = std::min(count, samples_to_alignment(out));
    if (i > 0) replaced += part_of_step(in, i, out);
  }
  for (; i + kCount <= count; i += kCount) {
    ask_for<kStores>(in + i + kAskAhead<From>, kCount);
    replaced += step<kStores>(in + i, out + i);
  }
  if constexpr (kStores == Stores::streaming) hwy::FlushStream();
  if (i < count) replaced += part_of_step(in + i, count - i, out + i);
  return replaced;
}

template <typename From, typename To>
std::uint64_t convert(const From* in, std::size_t count, To* out, Stores stores) {
  return stores == Stores::streaming ? convert_all<Stores::streaming>(in, count, out)
                                     : convert_all<Stores::cached>(in, count, out);
}

#endif

const ConvertTable* convert_table() {
  static constexpr ConvertTable kTable = {
      convert<I16, I32>,      convert<I16, float>,  convert<I16, double>, convert<I32, I16>,
      convert<I32, float>,    convert<I32, double>, convert<float, I16>,  convert<float, I32>,
      convert<float, double>, convert<double, I16>, convert<double, I32>, convert<double, float>};
  return &kTable;
}

}  // namespace
}  // namespace remotemedia::dsp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace remotemedia::dsp {

HWY_EXPORT(convert_table);

template <typename From, typename To>
std::uint64_t convert_samples(const From* in, std::size_t count, To* out, Stores stores) noexcept {
  return std::get<Convert<From, To>>(*HWY_DYNAMIC_DISPATCH(convert_table)())(in, count, out,
                                                                             stores);
}

template std::uint64_t convert_samples(const I16*, std::size_t, I32*, Stores) noexcept;
template std::uint64_t convert_samples(const I16*, std::size_t, float*, Stores) noexcept;
template std::uint64_t convert_samples(const I16*, std::size_t, double*, Stores) noexcept;
template std::uint64_t convert_samples(const I32*, std::size_t, I16*, Stores) noexcept;
template std::uint64_t convert_samples(const I32*, std::size_t, float*, Stores) noexcept;
template std::uint64_t convert_samples(const I32*, std::size_t, double*, Stores) noexcept;
template std::uint64_t convert_samples(const float*, std::size_t, I16*, Stores) noexcept;
template std::uint64_t convert_samples(const float*, std::size_t, I32*, Stores) noexcept;
template std::uint64_t convert_samples(const float*, std::size_t, double*, Stores) noexcept;
template std::uint64_t convert_samples(const double*, std::size_t, I16*, Stores) noexcept;
template std::uint64_t convert_samples(const double*, std::size_t, I32*, Stores) noexcept;
template std::uint64_t convert_samples(const double*, std::size_t, float*, Stores) noexcept;

}  // namespace remotemedia::dsp
#endif
