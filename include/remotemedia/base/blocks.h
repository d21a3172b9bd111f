#pragma once

#include <cstddef>
#include <limits>
#include <new>

namespace remotemedia {

/// Memory for what comes and goes with each packet: audio, metadata, lists. 64-byte aligned; throws
/// std::bad_alloc. [control, session, worker]
///
/// A block of up to 64 KiB is kept by the thread that gives it back, up to 256 KiB a thread, and
/// found again by the next one of about its size: no lock, and no system call. So a thread that
/// gives back as much as it takes, its own blocks or others, takes nothing from the heap, once it
/// has seen the sizes it needs; what it gives back beyond that, the heap has again.
/// Larger blocks are kept for all threads (base/large_blocks.h): up to 4 MiB of those below 1 MiB,
/// up to 129 MiB of others.
void* allocate_block(std::size_t bytes);
/// `bytes` as given to allocate_block. On any thread.
void free_block(void* block, std::size_t bytes) noexcept;
/// Gives the heap the blocks of up to 64 KiB that this thread keeps. Each may be all that is in use
/// of a page: for a thread that has nothing to do, before free memory goes back to the system.
void free_kept_blocks() noexcept;

/// Lets containers and std::allocate_shared have their memory from allocate_block.
template <typename T>
class BlockAllocator {
 public:
  using value_type = T;

  BlockAllocator() = default;
  template <typename Other>
  BlockAllocator(const BlockAllocator<Other>& /*other*/) noexcept {}

  [[nodiscard]] T* allocate(std::size_t count) {
    if (count > std::numeric_limits<std::ptrdiff_t>::max() / kSize) {
      throw std::bad_array_new_length();
    }
    return static_cast<T*>(allocate_block(count * kSize));
  }
  void deallocate(T* memory, std::size_t count) noexcept { free_block(memory, count * kSize); }

  template <typename Other>
  bool operator==(const BlockAllocator<Other>& /*other*/) const noexcept {
    return true;
  }

 private:
  // NOLINTNEXTLINE(bugprone-sizeof-expression): containers of containers ask for pointers
  static constexpr std::size_t kSize = sizeof(T);
};

}  // namespace remotemedia
