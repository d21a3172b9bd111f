#pragma once

#include <cstddef>

namespace remotemedia {

/// Blocks too large for a thread to keep (base/thread_blocks.h) that nobody uses now.
///
/// The pages of fresh memory are zeroed by the system when they are first written to, which takes
/// longer than a conversion of the samples that come there. So they are kept for the next one that
/// needs about as much, on whatever thread: up to 16 blocks of less than 1 MiB, together 4 MiB, and
/// up to 8 larger ones, together 129 MiB; a mutex guards each kind.
inline constexpr std::size_t kLargeBlock = std::size_t{1} << 20U;

/// The size that a block has if it needs room for `bytes`: a quarter more at most.
std::size_t large_block_size(std::size_t bytes);
/// A block of exactly `size` bytes, large_block_size() of what is needed.
void* take_large_block(std::size_t size);
void keep_large_block(void* block, std::size_t size) noexcept;

/// How many bytes are kept now in blocks of less than kLargeBlock, and in larger ones.
std::size_t kept_medium_bytes();
std::size_t kept_large_bytes();

}  // namespace remotemedia
