#include "cli/serving_heap.h"

#include "remotemedia/base/large_pages.h"

#ifdef __GLIBC__
#include <malloc.h>
#include <unistd.h>
#endif

namespace remotemedia::cli {

#ifdef __GLIBC__

namespace {

constexpr int kMebibyte = 1 << 20;
/// Of one step of growth: eight large pages, of which those nobody writes to cost nothing.
constexpr int kStep = 16 * kMebibyte;

/// Where the heap ends now. No system call: the C library remembers it.
char* end_of_heap() noexcept { return static_cast<char*>(::sbrk(0)); }

}  // namespace

ServingHeap::ServingHeap() : begin_(end_of_heap()) {
  // A session is made on one thread, works on a second and ends on a third. With a heap for each of
  // them, what one has freed the others cannot use: the process grew as sessions came and went.
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_TOP_PAD, kStep);
  // A single free does not give back what the next session takes again; the end of the last does.
  mallopt(M_TRIM_THRESHOLD, 2 * kStep);
  // Smaller blocks come from the heap: a mapping of their own would be on small pages.
  mallopt(M_MMAP_THRESHOLD, kMebibyte);
}

/// The whole of it each time: what was given back and taken again has lost the advice.
void ServingHeap::ask_for_large_pages() const noexcept {
  if (const std::size_t size = grown()) remotemedia::ask_for_large_pages(begin_, size);
}

void ServingHeap::do_without_large_pages() const noexcept {
  if (const std::size_t size = grown()) remotemedia::do_without_large_pages(begin_, size);
}

std::size_t ServingHeap::grown() const noexcept {
  char* const end = end_of_heap();
  return end > begin_ ? static_cast<std::size_t>(end - begin_) : 0;
}

#else

ServingHeap::ServingHeap() = default;
void ServingHeap::ask_for_large_pages() const noexcept {}
void ServingHeap::do_without_large_pages() const noexcept {}
std::size_t ServingHeap::grown() const noexcept { return 0; }

#endif

}  // namespace remotemedia::cli
