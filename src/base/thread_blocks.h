#pragma once

#include <array>
#include <cstddef>

namespace remotemedia {

/// The sizes of small blocks: each multiple of 64 up to 512, then four until it doubles.
struct SizeClass {
  static constexpr std::size_t kLargest = std::size_t{64} << 10U;
  static constexpr std::size_t kCount = 36;

  /// The smallest that has room for `bytes`, at most kLargest.
  static SizeClass of(std::size_t bytes) noexcept;

  std::size_t index = 0;  ///< below kCount
  std::size_t size = 0;   ///< bytes of each of its blocks
};

/// The small blocks that one thread gave back and has not taken again: of each size, no more than
/// it had itself, so that a thread that only gives back what others took keeps nothing. The
/// thread's alone; no call locks. Of a type that is never destroyed, because buffers may go at the
/// end of a thread after this: what is kept goes back to the heap then, and nothing is kept any
/// more.
class ThreadBlocks {
 public:
  static constexpr std::size_t kMostBytes = std::size_t{256} << 10U;

  static ThreadBlocks& of_this_thread() noexcept;

  /// The block that was given back last; null if none is kept, and the heap has to give it.
  void* take(SizeClass of) noexcept;
  /// False if the thread has none of this size to give back, and at its end. Past kMostBytes others
  /// make room, first of other classes by turns, so that sizes that nobody needs any more go.
  bool keep(void* memory, SizeClass of) noexcept;
  /// Gives the heap all that is kept.
  void give_back() noexcept;
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct Link {
    Link* next;
    std::size_t size;
  };
  struct End;

  void register_end();
  void make_room(std::size_t for_index) noexcept;
  void* unlink(std::size_t index) noexcept;
  void drop_one(std::size_t index) noexcept;
  void end() noexcept;

  std::array<Link*, SizeClass::kCount> last_{};
  std::array<std::size_t, SizeClass::kCount> taken_{};  ///< and not given back, by anybody's block
  std::size_t bytes_ = 0;
  std::size_t next_to_drop_ = 0;  ///< index of a class
  bool end_is_registered_ = false;
  bool has_ended_ = false;
};

}  // namespace remotemedia
