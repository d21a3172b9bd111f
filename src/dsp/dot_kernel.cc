#include "dsp/dot_kernel.h"

#include <cstddef>
#include <utility>

// SVE vectors have no size at compile time, so they cannot sit in an array of accumulators; NEON
// can.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dsp/dot_kernel.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace remotemedia::dsp::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <typename T>
using Tag = hn::CappedTag<T, kPartialSums>;

/// Sum of the lanes of `v`: upper half onto lower half until one is left.
template <class D>
HWY_INLINE hn::TFromD<D> fold_lanes(D d, hn::Vec<D> v) {
  if constexpr (hn::MaxLanes(d) == 1) {
    return hn::GetLane(v);
  } else {
    const hn::Half<D> half;
    // Unqualified: the one-lane target has no UpperHalf, and a qualified name is looked up even
    // there.
    return fold_lanes(half, hn::Add(LowerHalf(half, v), UpperHalf(half, v)));
  }
}

template <typename T>
constexpr std::size_t vectors_per_sum() {
  return kPartialSums / hn::MaxLanes(Tag<T>());
}

/// The same tree over the vectors of one product, which begin at kFirst; this is the node that adds
/// those kStride apart. Accumulators are indexed by constants only, else they would live in memory.
template <typename T, std::size_t kFirst, std::size_t kStride, class Sums>
HWY_INLINE hn::Vec<Tag<T>> fold_vectors(const Sums& sums) {
  if constexpr (kStride == vectors_per_sum<T>()) {
    return sums[kFirst];
  } else {
    return hn::Add(fold_vectors<T, kFirst, 2 * kStride>(sums),
                   fold_vectors<T, kFirst + kStride, 2 * kStride>(sums));
  }
}

/// Dot products side by side, as one alone would wait for its own additions. kIndex counts their
/// vectors of partial sums: those of the first product, of the second, ...; kSum counts the
/// products.
template <typename T, std::size_t... kIndex, std::size_t... kSum>
HWY_INLINE void dot_group(const T* const* windows, const T* const* rows, std::size_t taps, T* out,
                          std::index_sequence<kIndex...>, std::index_sequence<kSum...>) {
  constexpr std::size_t kVectors = vectors_per_sum<T>();
  const Tag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  const T* const window[] = {(windows[kIndex / kVectors] + kIndex % kVectors * lanes)...};
  const T* const row[] = {(rows[kIndex / kVectors] + kIndex % kVectors * lanes)...};
  hn::Vec<Tag<T>> sums[sizeof...(kIndex)];
  ((sums[kIndex] = hn::Zero(d)), ...);
  for (std::size_t j = 0; j < taps; j += kPartialSums) {
    ((sums[kIndex] =
          hn::MulAdd(hn::LoadU(d, window[kIndex] + j), hn::Load(d, row[kIndex] + j), sums[kIndex])),
     ...);
  }
  ((out[kSum] = fold_lanes(d, fold_vectors<T, kSum * kVectors, 1>(sums))), ...);
}

template <typename T, std::size_t kSums>
HWY_INLINE void dot_group(const T* const* windows, const T* const* rows, std::size_t taps, T* out) {
  dot_group<T>(windows, rows, taps, out, std::make_index_sequence<kSums * vectors_per_sum<T>()>(),
               std::make_index_sequence<kSums>());
}

template <typename T>
HWY_INLINE void dot_all(const T* const* windows, const T* const* rows, std::size_t count,
                        std::size_t taps, T* HWY_RESTRICT out) {
  // Eight accumulators cover the latency of FMA; more than four products run out of pointer
  // registers.
  constexpr std::size_t kVectors = vectors_per_sum<T>();
  constexpr std::size_t kGroup = kVectors <= 2 ? 4 : kVectors <= 4 ? 2 : 1;
  std::size_t i = 0;
  for (; i + kGroup <= count; i += kGroup) {
    dot_group<T, kGroup>(windows + i, rows + i, taps, out + i);
  }
  for (; i < count; ++i) dot_group<T, 1>(windows + i, rows + i, taps, out + i);
}

void dot_f32(const float* const* windows, const float* const* rows, std::size_t count,
             std::size_t taps, float* out) {
  dot_all(windows, rows, count, taps, out);
}

void dot_f64(const double* const* windows, const double* const* rows, std::size_t count,
             std::size_t taps, double* out) {
  dot_all(windows, rows, count, taps, out);
}

const char* target_name() { return hwy::TargetName(HWY_TARGET); }

}  // namespace
}  // namespace remotemedia::dsp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace remotemedia::dsp {

HWY_EXPORT(dot_f32);
HWY_EXPORT(dot_f64);
HWY_EXPORT(target_name);

void dot_products(const float* const* windows, const float* const* rows, std::size_t count,
                  std::size_t taps, float* out) noexcept {
  HWY_DYNAMIC_DISPATCH(dot_f32)(windows, rows, count, taps, out);
}

void dot_products(const double* const* windows, const double* const* rows, std::size_t count,
                  std::size_t taps, double* out) noexcept {
  HWY_DYNAMIC_DISPATCH(dot_f64)(windows, rows, count, taps, out);
}

std::string dot_kernel_target() { return HWY_DYNAMIC_DISPATCH(target_name)(); }

}  // namespace remotemedia::dsp
#endif
