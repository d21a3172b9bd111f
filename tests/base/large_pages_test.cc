#include "remotemedia/base/large_pages.h"

#include "base/page_advice.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstddef>
#include <sys/mman.h>

namespace remotemedia {
namespace {

using test::system_has_large_pages;
using test::wants_large_pages;

constexpr std::size_t kPage = 4096;
constexpr std::size_t kSize = std::size_t{4} << 20U;

/// Fresh memory of this process.
class Mapping {
 public:
  Mapping()
      : begin_(::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
  }
  ~Mapping() { ::munmap(begin_, kSize); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  [[nodiscard]] bool exists() const { return begin_ != MAP_FAILED; }
  [[nodiscard]] std::byte* at(std::size_t offset) const {
    return static_cast<std::byte*>(begin_) + offset;
  }

 private:
  void* begin_;
};

TEST(LargePages, AreWantedWhereAskedForAndNowhereElse) {
  const Mapping memory;
  ASSERT_TRUE(memory.exists());
  // From the middle of a page to the middle of another: whole pages between them.
  ask_for_large_pages(memory.at(kPage / 2), kSize / 2);
  EXPECT_FALSE(wants_large_pages(memory.at(0)));
  EXPECT_EQ(wants_large_pages(memory.at(kPage)), system_has_large_pages());
  EXPECT_EQ(wants_large_pages(memory.at(kSize / 2 - 1)), system_has_large_pages());
  EXPECT_FALSE(wants_large_pages(memory.at(kSize / 2 + kPage)));
}

TEST(LargePages, AreWantedNoMoreWhereThatIsTakenBack) {
  const Mapping memory;
  ASSERT_TRUE(memory.exists());
  ask_for_large_pages(memory.at(0), kSize);
  do_without_large_pages(memory.at(0), kSize / 2);
  EXPECT_FALSE(wants_large_pages(memory.at(0)));
  EXPECT_EQ(wants_large_pages(memory.at(kSize / 2)), system_has_large_pages());
}

TEST(LargePages, AreNoErrorWhereThereIsNoMemoryOrTooLittle) {
  errno = 0;
  {
    const Mapping gone;
    ASSERT_TRUE(gone.exists());
    ::munmap(gone.at(kSize / 2), kSize / 2);
    ask_for_large_pages(gone.at(0), kSize);
    EXPECT_EQ(wants_large_pages(gone.at(0)), system_has_large_pages());
  }
  ask_for_large_pages(nullptr, 0);
  std::byte one{};
  ask_for_large_pages(&one, 1);
  EXPECT_EQ(errno, 0);
}

}  // namespace
}  // namespace remotemedia
