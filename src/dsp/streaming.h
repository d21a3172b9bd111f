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

/// How far ahead of what it reads now a kernel with streaming stores asks for input.
inline constexpr std::size_t kPrefetchAheadBytes = 4096;

/// Asks for the cache lines of `bytes` of input, `ahead` of `input` (also beyond its end), if the
/// stores are streaming. A processor's own prefetchers stop at pages and keep fewer reads under way
/// than a core can have: without this, what reads more than it writes takes up to a third longer.
/// Always inlined, as GCC drops calls of functions that do nothing but prefetch.
template <Stores kStores>
HWY_INLINE void prefetch_after(const void* input, std::size_t bytes,
                               std::size_t ahead = kPrefetchAheadBytes) {
  if constexpr (kStores == Stores::streaming) {
    constexpr std::size_t kLine = 64;
    const char* const line = static_cast<const char*>(input) + ahead;
    for (std::size_t i = 0; i < bytes; i += kLine) __builtin_prefetch(line + i, 0, 2);  // into L2
  }
}

}  // namespace remotemedia::dsp
