#include "cli/serving_heap.h"

#include "base/page_advice.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <unistd.h>
#include <vector>

namespace remotemedia::cli {
namespace {

using Blocks = std::vector<std::unique_ptr<std::byte[]>>;

constexpr std::size_t kBlock = std::size_t{64} << 10U;

Blocks blocks_of(std::size_t mebibytes) {
  Blocks blocks((mebibytes << 20U) / kBlock);
  for (auto& block : blocks) block = std::make_unique<std::byte[]>(kBlock);
  return blocks;
}

/// With sanitizers blocks do not come from the heap of the C library.
bool is_in_heap(const std::byte* address, const char* heap_begin) {
  return address >= reinterpret_cast<const std::byte*>(heap_begin) &&
         address < static_cast<const std::byte*>(::sbrk(0));
}

void expect_large_pages(const Blocks& blocks, const char* heap_begin) {
  // Those between: the first page may be older than the advice.
  for (std::size_t i = 1; i < blocks.size(); i += blocks.size() / 8) {
    const std::byte* address = blocks[i].get();
    if (!is_in_heap(address, heap_begin)) continue;
    EXPECT_EQ(test::wants_large_pages(address), test::system_has_large_pages()) << "block " << i;
  }
}

TEST(ServingHeap, WantsLargePagesWhereverItHasGrown) {
  const auto* begin = static_cast<const char*>(::sbrk(0));
  const ServingHeap heap;
  const Blocks first = blocks_of(24);
  heap.ask_for_large_pages();
  expect_large_pages(first, begin);
  const Blocks more = blocks_of(24);
  heap.ask_for_large_pages();
  expect_large_pages(more, begin);
}

TEST(ServingHeap, DoesWithoutLargePagesUntilTheyAreAskedForAgain) {
  const auto* begin = static_cast<const char*>(::sbrk(0));
  const ServingHeap heap;
  const Blocks blocks = blocks_of(24);
  heap.ask_for_large_pages();
  heap.do_without_large_pages();
  for (const auto& block : blocks) {
    if (!is_in_heap(block.get(), begin)) continue;
    EXPECT_FALSE(test::wants_large_pages(block.get()));
  }
  heap.ask_for_large_pages();
  expect_large_pages(blocks, begin);
}

TEST(ServingHeap, GrowsInStepsOfMoreThanASessionTakes) {
  const ServingHeap heap;
  const Blocks first = blocks_of(24);
  const void* const end = ::sbrk(0);
  const Blocks more = blocks_of(1);
  const auto grown = static_cast<const std::byte*>(::sbrk(0)) - static_cast<const std::byte*>(end);
  EXPECT_TRUE(grown == 0 || grown >= std::ptrdiff_t{16} << 20);
}

}  // namespace
}  // namespace remotemedia::cli
