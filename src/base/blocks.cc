#include "remotemedia/base/blocks.h"

#include "base/large_blocks.h"
#include "base/thread_blocks.h"

namespace remotemedia {
namespace {

constexpr std::align_val_t kBlockAlignment{64};  // a cache line, and the widest vector

}  // namespace

void* allocate_block(std::size_t bytes) {
  if (bytes <= SizeClass::kLargest) {
    const SizeClass of = SizeClass::of(bytes);
    void* const kept = ThreadBlocks::of_this_thread().take(of);
    return kept != nullptr ? kept : ::operator new(of.size, kBlockAlignment);
  }
  return take_large_block(large_block_size(bytes));
}

void free_block(void* block, std::size_t bytes) noexcept {
  if (bytes <= SizeClass::kLargest) {
    if (ThreadBlocks::of_this_thread().keep(block, SizeClass::of(bytes))) return;
    ::operator delete(block, kBlockAlignment);
  } else {
    keep_large_block(block, large_block_size(bytes));
  }
}

void free_kept_blocks() noexcept { ThreadBlocks::of_this_thread().give_back(); }

}  // namespace remotemedia
