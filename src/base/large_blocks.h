#pragma once

#include <cstddef>

namespace remotemedia {

/// Blocks of 1 MiB and more that nobody uses now.
///
/// The pages of fresh memory are zeroed by the system when they are first written to, which takes
/// longer than a conversion of the samples that come there. So up to 8 blocks of together 129 MiB
/// are kept for the next one that needs about as much; a mutex guards them.
inline constexpr std::size_t kLargeBlock = std::size_t{1} << 20U;

/// The size that a large block has if it needs room for `bytes`.
std::size_t large_block_size(std::size_t bytes);
/// A block of exactly `size` bytes, large_block_size() of what is needed.
void* take_large_block(std::size_t size);
void keep_large_block(void* block, std::size_t size) noexcept;

/// How many bytes are kept now.
std::size_t kept_large_bytes();

}  // namespace remotemedia
