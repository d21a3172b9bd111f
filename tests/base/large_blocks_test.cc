#include "base/large_blocks.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

namespace remotemedia {
namespace {

constexpr std::size_t kMebibyte = std::size_t{1} << 20U;
constexpr std::size_t kLimit = 128 * kMebibyte;

TEST(LargeBlocks, AreUsedAgainByWhatNeedsAboutAsMuch) {
  void* first = allocate_block(3 * kMebibyte);
  std::memset(first, 1, 3 * kMebibyte);
  free_block(first, 3 * kMebibyte);
  const std::size_t kept = kept_block_bytes();
  void* second = allocate_block(3 * kMebibyte - 100);
  EXPECT_EQ(second, first);
  EXPECT_EQ(kept_block_bytes(), kept - 3 * kMebibyte);
  std::memset(second, 2, 3 * kMebibyte - 100);
  free_block(second, 3 * kMebibyte - 100);
}

TEST(LargeBlocks, AreTwoWhileTwoAreInUse) {
  free_block(allocate_block(2 * kMebibyte), 2 * kMebibyte);
  void* first = allocate_block(2 * kMebibyte);
  void* second = allocate_block(2 * kMebibyte);
  EXPECT_NE(first, second);
  free_block(first, 2 * kMebibyte);
  free_block(second, 2 * kMebibyte);
}

TEST(LargeBlocks, AreKeptUpToALimit) {
  std::vector<void*> blocks;
  for (int i = 0; i < 20; ++i) blocks.push_back(allocate_block(10 * kMebibyte));
  for (void* block : blocks) {
    free_block(block, 10 * kMebibyte);
    EXPECT_LE(kept_block_bytes(), kLimit);
  }
  EXPECT_EQ(kept_block_bytes(), 80 * kMebibyte);  // eight blocks
  void* huge = allocate_block(kLimit + 1);
  free_block(huge, kLimit + 1);
  EXPECT_EQ(kept_block_bytes(), 80 * kMebibyte);
}

TEST(LargeBlocks, AreNotKeptBelowOneMebibyte) {
  const std::size_t kept = kept_block_bytes();
  free_block(allocate_block(kMebibyte - 1), kMebibyte - 1);
  free_block(allocate_block(0), 0);
  EXPECT_EQ(kept_block_bytes(), kept);
}

TEST(SmallBlocks, AreUsedAgainByTheSameThread) {
  void* first = allocate_block(1'280);
  std::memset(first, 1, 1'280);
  free_block(first, 1'280);
  void* second = allocate_block(1'200);
  EXPECT_EQ(second, first);
  void* third = allocate_block(1'280);
  EXPECT_NE(third, second);
  free_block(second, 1'200);
  free_block(third, 1'280);
}

TEST(SmallBlocks, AreGivenBackByOtherThreadsAndAfterAThreadHasEnded) {
  std::vector<void*> blocks;
  std::thread([&] {
    for (int i = 0; i < 20; ++i) blocks.push_back(allocate_block(1'280));
    for (int i = 0; i < 10; ++i) free_block(blocks[static_cast<std::size_t>(i)], 1'280);
  }).join();  // the address sanitizer tells if that leaves any behind
  for (std::size_t i = 10; i < 20; ++i) {
    std::memset(blocks[i], 1, 1'280);
    free_block(blocks[i], 1'280);
  }
}

TEST(LargeBlocks, OfAnySizeBeginAtACacheLine) {
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, 5 * kMebibyte}) {
    void* block = allocate_block(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 64, 0U);
    free_block(block, bytes);
  }
}

}  // namespace
}  // namespace remotemedia
