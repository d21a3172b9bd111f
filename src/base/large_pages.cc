#include "remotemedia/base/large_pages.h"

#include <cerrno>
#include <cstdint>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace remotemedia {

void ask_for_large_pages([[maybe_unused]] void* memory,
                         [[maybe_unused]] std::size_t bytes) noexcept {
#ifdef __linux__
  constexpr std::uintptr_t kPage = 4096;
  const std::size_t past = reinterpret_cast<std::uintptr_t>(memory) % kPage;
  const std::size_t skipped = past == 0 ? 0 : kPage - past;
  if (bytes < skipped + kPage) return;
  const int before = errno;  // a refusal is nobody's error
  static_cast<void>(::madvise(static_cast<std::byte*>(memory) + skipped,
                              (bytes - skipped) / kPage * kPage, MADV_HUGEPAGE));
  errno = before;
#endif
}

}  // namespace remotemedia
