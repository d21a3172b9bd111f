#pragma once

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

}  // namespace remotemedia::dsp
