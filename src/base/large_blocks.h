#pragma once

#include <cstddef>

namespace remotemedia {

/// Memory for audio, 64-byte aligned; throws std::bad_alloc. [control, worker]
///
/// The pages of fresh memory are zeroed by the system when they are first written to, which takes
/// longer than a conversion of the samples that come there. So blocks of 1 MiB and more are kept
/// when they are given back, up to 8 blocks of together 128 MiB, for the next one that needs about
/// as much; a mutex guards them.
///
/// Allocators split and join memory to align it, which takes longer than the work on 20 ms of
/// speech. So a thread keeps up to 8 blocks of 8 KiB or less that it gave back, until it ends. What
/// is in between is the allocator's alone.
void* allocate_block(std::size_t bytes);
/// `bytes` as given to allocate_block.
void free_block(void* block, std::size_t bytes) noexcept;

/// How many bytes are kept now.
std::size_t kept_block_bytes();

}  // namespace remotemedia
