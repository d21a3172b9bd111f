#include "base/thread_blocks.h"

#include <bit>
#include <new>
#include <sanitizer/asan_interface.h>

namespace remotemedia {
namespace {

constexpr std::size_t kGrain = 64;
constexpr std::align_val_t kGrainAlignment{kGrain};
constexpr std::size_t kLinear = 512;  ///< up to here each multiple of kGrain

thread_local constinit ThreadBlocks thread_blocks;

}  // namespace

SizeClass SizeClass::of(std::size_t bytes) noexcept {
  if (bytes <= kLinear) {
    const std::size_t index = bytes == 0 ? 0 : (bytes - 1) / kGrain;
    return {index, (index + 1) * kGrain};
  }
  const auto bits = static_cast<std::size_t>(std::bit_width(bytes - 1));
  const std::size_t below = std::size_t{1} << (bits - 1);  // below < bytes <= 2 * below
  const std::size_t step = below / 4;
  const std::size_t quarter = (bytes - 1 - below) / step;
  constexpr std::size_t kFirstBits = 10;  // of kLinear < bytes <= 2 * kLinear
  return {kLinear / kGrain + (bits - kFirstBits) * 4 + quarter, below + (quarter + 1) * step};
}

struct ThreadBlocks::End {
  ThreadBlocks& blocks;
  ~End() { blocks.end(); }
};

ThreadBlocks& ThreadBlocks::of_this_thread() noexcept { return thread_blocks; }

void* ThreadBlocks::take(SizeClass of) noexcept {
  ++taken_[of.index];
  return last_[of.index] == nullptr ? nullptr : unlink(of.index);
}

void* ThreadBlocks::unlink(std::size_t index) noexcept {
  Link* const block = last_[index];
  const std::size_t size = block->size;
  ASAN_UNPOISON_MEMORY_REGION(block, size);
  last_[index] = block->next;
  bytes_ -= size;
  return block;
}

bool ThreadBlocks::keep(void* memory, SizeClass of) noexcept {
  if (taken_[of.index] == 0) return false;
  --taken_[of.index];
  if (!end_is_registered_) register_end();
  if (has_ended_) return false;
  last_[of.index] = ::new (memory) Link{last_[of.index], of.size};
  bytes_ += of.size;
  // Not the link: the leak sanitizer follows none that is poisoned.
  ASAN_POISON_MEMORY_REGION(last_[of.index] + 1, of.size - sizeof(Link));
  if (bytes_ > kMostBytes) make_room(of.index);
  return true;
}

void ThreadBlocks::register_end() {
  thread_local const End end{*this};
  end_is_registered_ = true;
}

void ThreadBlocks::make_room(std::size_t for_index) noexcept {
  std::size_t passed = 0;  // classes without a block to spare, one after another
  while (bytes_ > kMostBytes) {
    next_to_drop_ = (next_to_drop_ + 1) % SizeClass::kCount;
    const bool is_only_one = ++passed > SizeClass::kCount;
    if (last_[next_to_drop_] == nullptr || (next_to_drop_ == for_index && !is_only_one)) continue;
    drop_one(next_to_drop_);
    passed = 0;
  }
}

void ThreadBlocks::drop_one(std::size_t index) noexcept {
  ::operator delete(unlink(index), kGrainAlignment);
}

void ThreadBlocks::end() noexcept {
  has_ended_ = true;
  give_back();
}

void ThreadBlocks::give_back() noexcept {
  for (std::size_t index = 0; index < SizeClass::kCount; ++index) {
    while (last_[index] != nullptr) drop_one(index);
  }
}

}  // namespace remotemedia
