#pragma once

#include <cstddef>

namespace remotemedia::cli {

/// The heap of a process that serves sessions: one for all threads, on large pages.
///
/// Each packet touches another session's memory, and hundreds of sessions have more of it than the
/// processor's table of pages reaches with pages of 4 KiB. So malloc takes from the system 16 MiB
/// at a time, and these are advised (remotemedia/base/large_pages.h). Where malloc is not glibc's,
/// nothing changes.
class ServingHeap {
 public:
  /// Sets malloc up, for the whole process and for good; before there are threads.
  ServingHeap();

  /// Asks for large pages wherever the heap has grown. Before each session is made; on any thread.
  void ask_for_large_pages() const noexcept;
  /// Until they are asked for again: for as long as there is no session. The system fills holes
  /// with large pages, so that memory which has been given back would soon be there again.
  void do_without_large_pages() const noexcept;

 private:
  /// Bytes since this was made.
  [[nodiscard]] std::size_t grown() const noexcept;

  char* begin_ = nullptr;  ///< where the heap ended when this was made
};

}  // namespace remotemedia::cli
