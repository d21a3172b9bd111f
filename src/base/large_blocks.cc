#include "base/large_blocks.h"

#include "remotemedia/base/large_pages.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <mutex>
#include <new>
#include <sanitizer/asan_interface.h>
#include <utility>

namespace remotemedia {
namespace {

constexpr std::align_val_t kAlignment{64};  // a cache line, and the widest vector
// Two results of 64 MiB, each with what owns it.
constexpr std::size_t kMostKept = std::size_t{129} << 20U;
constexpr std::size_t kMostBlocks = 8;
// From here on one of a block's large pages is whole.
constexpr std::size_t kTwoLargePages = std::size_t{4} << 20U;

class KeptBlocks {
 public:
  /// The block of `size` bytes that was used last; null if there is none.
  void* take(std::size_t size) {
    const std::scoped_lock lock(mutex_);
    for (std::size_t i = count_; i-- > 0;) {
      if (blocks_[i].size == size) return remove(i).memory;
    }
    return nullptr;
  }

  /// Keeps a block; the oldest ones make room.
  void keep(void* memory, std::size_t size) {
    const std::scoped_lock lock(mutex_);
    while (count_ == kMostBlocks || (count_ > 0 && bytes_ + size > kMostKept)) {
      ::operator delete(remove(0).memory, kAlignment);
    }
    blocks_[count_++] = {memory, size};
    bytes_ += size;
    ASAN_POISON_MEMORY_REGION(memory, size);  // does nothing but under the address sanitizer
  }

  std::size_t bytes() {
    const std::scoped_lock lock(mutex_);
    return bytes_;
  }

 private:
  struct Block {
    void* memory = nullptr;
    std::size_t size = 0;
  };

  Block remove(std::size_t index) {
    const Block block = blocks_[index];
    std::move(blocks_.begin() + static_cast<std::ptrdiff_t>(index) + 1,
              blocks_.begin() + static_cast<std::ptrdiff_t>(count_),
              blocks_.begin() + static_cast<std::ptrdiff_t>(index));
    --count_;
    bytes_ -= block.size;
    ASAN_UNPOISON_MEMORY_REGION(block.memory, block.size);
    return block;
  }

  std::mutex mutex_;
  std::array<Block, kMostBlocks> blocks_;  // the oldest first
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

/// Never destroyed, as buffers may outlive every static object.
KeptBlocks& kept_blocks() {
  static KeptBlocks& blocks = *new KeptBlocks;
  return blocks;
}

}  // namespace

std::size_t large_block_size(std::size_t bytes) {
  constexpr std::size_t kGrain = kLargeBlock / 4;
  return (bytes + kGrain - 1) / kGrain * kGrain;
}

void* take_large_block(std::size_t size) {
  if (void* kept = kept_blocks().take(size)) return kept;
  void* memory = ::operator new(size, kAlignment);
  if (size >= kTwoLargePages) ask_for_large_pages(memory, size);
  return memory;
}

void keep_large_block(void* block, std::size_t size) noexcept {
  if (size <= kMostKept) {
    kept_blocks().keep(block, size);
  } else {
    ::operator delete(block, kAlignment);
  }
}

std::size_t kept_large_bytes() { return kept_blocks().bytes(); }

}  // namespace remotemedia
