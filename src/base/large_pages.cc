#include "remotemedia/base/large_pages.h"

#include <cerrno>
#include <cstdint>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace remotemedia {

#ifdef __linux__

namespace {

/// About the whole pages of these bytes.
void advise(void* memory, std::size_t bytes, int advice) noexcept {
  constexpr std::uintptr_t kPage = 4096;
  const std::size_t past = reinterpret_cast<std::uintptr_t>(memory) % kPage;
  const std::size_t skipped = past == 0 ? 0 : kPage - past;
  if (bytes < skipped + kPage) return;
  const int before = errno;  // a refusal is nobody's error
  static_cast<void>(::madvise(static_cast<std::byte*>(memory) + skipped,
                              (bytes - skipped) / kPage * kPage, advice));
  errno = before;
}

}  // namespace

void ask_for_large_pages(void* memory, std::size_t bytes) noexcept {
  advise(memory, bytes, MADV_HUGEPAGE);
}

void do_without_large_pages(void* memory, std::size_t bytes) noexcept {
  advise(memory, bytes, MADV_NOHUGEPAGE);
}

#else

void ask_for_large_pages(void* /*memory*/, std::size_t /*bytes*/) noexcept {}
void do_without_large_pages(void* /*memory*/, std::size_t /*bytes*/) noexcept {}

#endif

}  // namespace remotemedia
