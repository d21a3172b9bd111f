#pragma once

#include "remotemedia/base/blocks.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>

namespace remotemedia::dsp {

/// The last inputs of a filter: a window that moves over a buffer, which is compacted when full, or
/// when it has moved so far that short inputs would leave the cache. Memory: two windows and
/// `max_input` samples. What lies behind the inputs is finite, and set no earlier than the inputs
/// come near: a stream of short inputs touches little of it.
template <typename T>
class History {
  static_assert(std::is_arithmetic_v<T>);  // lives in plain memory

 public:
  /// `window`: inputs that may stay. `max_input`: most that come at a time, with those that stay
  /// beyond a window because their outputs are not wanted yet.
  History(std::size_t window, std::size_t max_input)
      : window_(window),
        limit_(window + max_input),
        samples_(static_cast<T*>(allocate_block(bytes())), FreeBlock{bytes()}) {}

  /// Forgets all; `silence` zeros, at most a window, come before the first input.
  void reset(std::size_t silence) {
    assert(silence <= window_);
    std::fill_n(samples_.get(), silence, T{0});
    begin_ = 0;
    end_ = silence;
    set_window_behind();
  }
  /// Room for the next `count` inputs, to be filled.
  std::span<T> extend(std::size_t count) {
    if (end_ + count > limit_ || begin_ > kFar) {
      std::copy(samples_.get() + begin_, samples_.get() + end_, samples_.get());
      end_ -= begin_;
      begin_ = 0;
    }
    assert(end_ + count <= limit_);
    const std::span<T> room(samples_.get() + end_, count);
    end_ += count;
    set_window_behind();
    return room;
  }
  /// The oldest input that is still needed. `window` samples from here can be read, even if fewer
  /// have come.
  [[nodiscard]] const T* data() const { return samples_.get() + begin_; }
  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  void drop(std::size_t count) {
    begin_ += count;
    assert(begin_ <= end_);
  }

 private:
  struct FreeBlock {
    std::size_t bytes;
    void operator()(T* block) const noexcept { free_block(block, bytes); }
  };

  static constexpr std::size_t kFar = 1'024;  // samples

  [[nodiscard]] std::size_t bytes() const { return (limit_ + window_) * sizeof(T); }
  /// Makes what can be read behind the inputs finite, where nothing has been yet.
  void set_window_behind() {
    const std::size_t end = end_ + window_;
    if (end <= set_) return;
    const std::size_t begin = std::max(set_, end_);
    std::fill_n(samples_.get() + begin, end - begin, T{0});
    set_ = end;
  }

  std::size_t window_;
  std::size_t limit_;
  std::unique_ptr<T[], FreeBlock> samples_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t set_ = 0;  ///< samples before it are numbers
};

}  // namespace remotemedia::dsp
