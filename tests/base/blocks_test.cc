#include "remotemedia/base/blocks.h"

#include "base/large_blocks.h"
#include "base/thread_blocks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

namespace remotemedia {
namespace {

constexpr std::size_t kMebibyte = std::size_t{1} << 20U;
constexpr std::size_t kLimit = 129 * kMebibyte;

TEST(LargeBlocks, AreUsedAgainByWhatNeedsAboutAsMuch) {
  void* first = allocate_block(3 * kMebibyte);
  std::memset(first, 1, 3 * kMebibyte);
  free_block(first, 3 * kMebibyte);
  const std::size_t kept = kept_large_bytes();
  void* second = allocate_block(3 * kMebibyte - 100);
  EXPECT_EQ(second, first);
  EXPECT_EQ(kept_large_bytes(), kept - 3 * kMebibyte);
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
    EXPECT_LE(kept_large_bytes(), kLimit);
  }
  EXPECT_EQ(kept_large_bytes(), 80 * kMebibyte);  // eight blocks
  void* huge = allocate_block(kLimit + 1);
  free_block(huge, kLimit + 1);
  EXPECT_EQ(kept_large_bytes(), 80 * kMebibyte);
}

TEST(MediumBlocks, AreUsedAgainOnAnyThread) {
  constexpr std::size_t kBytes = (std::size_t{128} << 10U) + 64;  // 32,768 floats and their owner
  void* first = allocate_block(kBytes);
  std::memset(first, 1, kBytes);
  std::thread([&] { free_block(first, kBytes); }).join();
  const std::size_t kept = kept_medium_bytes();
  void* second = allocate_block(kBytes + 1'000);
  EXPECT_EQ(second, first);
  EXPECT_LT(kept_medium_bytes(), kept);
  free_block(second, kBytes + 1'000);
}

TEST(MediumBlocks, AreKeptUpToALimitBesideTheLargeOnes) {
  const std::size_t large = kept_large_bytes();
  for (const std::size_t bytes : {std::size_t{100} << 10U, std::size_t{800} << 10U}) {
    std::vector<void*> blocks;
    for (int i = 0; i < 40; ++i) blocks.push_back(allocate_block(bytes));
    for (void* block : blocks) {
      free_block(block, bytes);
      EXPECT_LE(kept_medium_bytes(), 4 * kMebibyte);
    }
  }
  EXPECT_EQ(kept_medium_bytes(), 4 * 896 << 10U);
  EXPECT_EQ(kept_large_bytes(), large);
}

TEST(LargeBlocks, HaveRoomForWhatIsAskedAndAQuarterMoreAtMost) {
  for (std::size_t bytes = SizeClass::kLargest + 1; bytes < 4 * kMebibyte; bytes += 1'021) {
    const std::size_t size = large_block_size(bytes);
    ASSERT_GE(size, bytes);
    ASSERT_LE(size, bytes + bytes / 4) << bytes;
    ASSERT_EQ(large_block_size(size), size) << bytes;
  }
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

TEST(SmallBlocks, OfOtherThreadsAreKeptOnlyInPlaceOfOnesOwn) {
  std::vector<void*> blocks;
  for (int i = 0; i < 10; ++i) blocks.push_back(allocate_block(1'280));
  std::thread([&] {
    const ThreadBlocks& kept = ThreadBlocks::of_this_thread();
    const auto free_one = [&] {
      free_block(blocks.back(), 1'280);
      blocks.pop_back();
    };
    for (int i = 0; i < 5; ++i) free_one();
    EXPECT_EQ(kept.bytes(), 0U) << "this thread has taken none";
    void* const own = allocate_block(1'280);
    free_one();
    free_one();
    EXPECT_EQ(kept.bytes(), 1'280U);
    free_block(own, 1'280);
    EXPECT_EQ(kept.bytes(), 1'280U);
    void* const again = allocate_block(1'280);
    EXPECT_EQ(kept.bytes(), 0U) << "it is found again";
    free_block(again, 1'280);
  }).join();
  for (void* block : blocks) free_block(block, 1'280);
}

TEST(SmallBlocks, AreGivenToTheHeapOnDemand) {
  std::thread([] {
    const ThreadBlocks& kept = ThreadBlocks::of_this_thread();
    for (const std::size_t bytes : {64U, 1'280U, 40'000U}) {
      free_block(allocate_block(bytes), bytes);
    }
    EXPECT_GT(kept.bytes(), 41'000U);
    free_kept_blocks();
    EXPECT_EQ(kept.bytes(), 0U);
    free_block(allocate_block(1'280), 1'280);
    EXPECT_EQ(kept.bytes(), 1'280U) << "it goes on as before";
  }).join();
}

TEST(SmallBlocks, HaveRoomForWhatIsAskedAndLittleMore) {
  for (std::size_t bytes = 0; bytes <= SizeClass::kLargest; ++bytes) {
    const SizeClass of = SizeClass::of(bytes);
    ASSERT_LT(of.index, SizeClass::kCount) << bytes;
    ASSERT_GE(of.size, bytes);
    ASSERT_LE(of.size, bytes + std::max<std::size_t>(64, bytes / 4)) << bytes;
    ASSERT_EQ(of.size % 64, 0U) << bytes;
    ASSERT_EQ(SizeClass::of(of.size).index, of.index) << bytes;
  }
  EXPECT_EQ(SizeClass::of(SizeClass::kLargest).index, SizeClass::kCount - 1);
}

TEST(SmallBlocks, AreKeptUpToALimitAndThoseInUseReplaceThoseThatWere) {
  std::thread([] {
    ThreadBlocks& kept = ThreadBlocks::of_this_thread();
    const auto use = [](std::size_t count, std::size_t bytes) {
      std::vector<void*> blocks;
      for (std::size_t i = 0; i < count; ++i) blocks.push_back(allocate_block(bytes));
      for (void* block : blocks) free_block(block, bytes);
    };
    use(1'000, 1'024);
    EXPECT_EQ(kept.bytes(), ThreadBlocks::kMostBytes);
    // Four of 48 KiB fit beside some of the others, which make room for them.
    for (int i = 0; i < 100; ++i) use(4, 48 << 10U);
    std::vector<void*> blocks;
    const std::size_t before = kept.bytes();
    for (int i = 0; i < 4; ++i) blocks.push_back(allocate_block(48 << 10U));
    EXPECT_EQ(kept.bytes(), before - 4 * (48 << 10U));
    for (void* block : blocks) free_block(block, 48 << 10U);
    EXPECT_LE(kept.bytes(), ThreadBlocks::kMostBytes);
  }).join();
}

TEST(LargeBlocks, OfAnySizeBeginAtACacheLine) {
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, kMebibyte / 10, 5 * kMebibyte}) {
    void* block = allocate_block(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 64, 0U);
    free_block(block, bytes);
  }
}

}  // namespace
}  // namespace remotemedia
