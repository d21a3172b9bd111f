#include "base/large_blocks.h"

#include "remotemedia/base/large_pages.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <mutex>
#include <new>
#include <sanitizer/asan_interface.h>
#include <utility>

namespace remotemedia {
namespace {

constexpr std::align_val_t kAlignment{64};  // a cache line, and the widest vector

struct Limits {
  std::size_t bytes;
  std::size_t blocks;
};
// Below kLargeBlock: what a few threads convert at a time.
constexpr Limits kMedium{.bytes = std::size_t{4} << 20U, .blocks = 16};
// Two results of 64 MiB, each with what owns it.
constexpr Limits kLarge{.bytes = std::size_t{129} << 20U, .blocks = 8};
// From here on one of a block's large pages is whole.
constexpr std::size_t kTwoLargePages = std::size_t{4} << 20U;

template <Limits kLimits>
class KeptBlocks {
 public:
  /// Never destroyed, as buffers may outlive every static object.
  static KeptBlocks& shared() {
    static KeptBlocks& blocks = *new KeptBlocks;
    return blocks;
  }

  /// The block of `size` bytes that was used last; null if there is none.
  void* take(std::size_t size) {
    const std::scoped_lock lock(mutex_);
    for (std::size_t i = count_; i-- > 0;) {
      if (blocks_[i].size == size) return remove(i).memory;
    }
    return nullptr;
  }

  /// Keeps a block if it is not too large alone; the oldest ones make room.
  void keep(void* memory, std::size_t size) {
    if (size > kLimits.bytes) {
      ::operator delete(memory, kAlignment);
      return;
    }
    const std::scoped_lock lock(mutex_);
    while (count_ == kLimits.blocks || (count_ > 0 && bytes_ + size > kLimits.bytes)) {
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
  std::array<Block, kLimits.blocks> blocks_;  // the oldest first
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

using MediumBlocks = KeptBlocks<kMedium>;
using LargeBlocks = KeptBlocks<kLarge>;

}  // namespace

std::size_t large_block_size(std::size_t bytes) {
  const std::size_t grain = std::bit_floor(std::min(bytes, kLargeBlock)) / 4;
  return (bytes + grain - 1) / grain * grain;
}

void* take_large_block(std::size_t size) {
  void* kept =
      size < kLargeBlock ? MediumBlocks::shared().take(size) : LargeBlocks::shared().take(size);
  if (kept != nullptr) return kept;
  void* memory = ::operator new(size, kAlignment);
  if (size >= kTwoLargePages) ask_for_large_pages(memory, size);
  return memory;
}

void keep_large_block(void* block, std::size_t size) noexcept {
  if (size < kLargeBlock) {
    MediumBlocks::shared().keep(block, size);
  } else {
    LargeBlocks::shared().keep(block, size);
  }
}

std::size_t kept_medium_bytes() { return MediumBlocks::shared().bytes(); }
std::size_t kept_large_bytes() { return LargeBlocks::shared().bytes(); }

}  // namespace remotemedia
