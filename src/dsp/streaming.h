#pragma once

#include <hwy/base.h>

#include <cstddef>
#include <cstdint>

namespace remotemedia::dsp {

/// How a kernel writes its output. A streaming store does not read the cache line that it fills,
/// which saves a third of the memory traffic, and does not keep it in the caches either.
enum class Stores : std::uint8_t { cached, streaming };

/// Output from here on would not stay in the caches that a core can count on.
inline constexpr std::size_t kStreamFromBytes = std::size_t{8} << 20U;

/// The faster stores for that much output.
inline Stores stores_for(std::size_t bytes) {
  return bytes < kStreamFromBytes ? Stores::cached : Stores::streaming;
}

/// Samples of a cache line.
template <typename T>
inline constexpr std::size_t kLine = 64 / sizeof(T);

/// How many samples ahead of what it reads now a kernel with streaming stores asks for: a page.
template <typename T>
inline constexpr std::size_t kAskAhead = 4096 / sizeof(T);

/// Asks for the cache lines of input that is read later, also beyond its end, if the stores are
/// streaming. A processor's own prefetchers stop at pages and keep fewer reads under way than a
/// core can have: without this, what reads more than it writes takes up to a third longer. Always
/// inlined, as GCC drops calls of functions that do nothing but prefetch.
template <Stores kStores, typename T>
HWY_INLINE void ask_for(const T* later, std::size_t samples) {
  if constexpr (kStores == Stores::streaming) {
    for (std::size_t i = 0; i < samples; i += kLine<T>) {
      __builtin_prefetch(later + i, 0, 2);  // to L2
    }
  }
}

}  // namespace remotemedia::dsp
