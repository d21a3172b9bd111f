// Stores of a kind that is chosen at compile time, once per target.

#if defined(REMOTEMEDIA_DSP_STREAMING_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef REMOTEMEDIA_DSP_STREAMING_INL_H
#undef REMOTEMEDIA_DSP_STREAMING_INL_H
#else
#define REMOTEMEDIA_DSP_STREAMING_INL_H
#endif

#include "dsp/streaming.h"

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace remotemedia::dsp::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// Anywhere, or by streaming where a whole vector may lie; FlushStream() after the last.
template <Stores kStores, class D>
HWY_INLINE void store(hn::Vec<D> v, D d, hn::TFromD<D>* out) {
  if constexpr (kStores == Stores::streaming) {
    hn::Stream(v, d, out);
  } else {
    hn::StoreU(v, d, out);
  }
}

/// Samples before the first where a whole vector may lie, so that none crosses a cache line.
template <typename T>
HWY_INLINE std::size_t samples_to_alignment(const T* out) {
  constexpr std::size_t kAlignment = sizeof(T) * hn::MaxLanes(hn::ScalableTag<T>());
  const std::size_t past = reinterpret_cast<std::uintptr_t>(out) % kAlignment;
  return past == 0 ? 0 : (kAlignment - past) / sizeof(T);
}

}  // namespace
}  // namespace remotemedia::dsp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
