#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <span>
#include <vector>

namespace remotemedia::dsp {

/// The last inputs of a filter: a window that moves over a buffer, which is compacted when full.
/// Memory: `window` + 2 * `max_input` samples, and what lies behind the inputs is finite.
template <typename T>
class History {
 public:
  /// `window`: inputs that may stay. `max_input`: most that come at a time.
  History(std::size_t window, std::size_t max_input)
      : limit_(window + 2 * max_input), samples_(limit_ + window) {}

  /// Forgets all; `silence` zeros come before the first input.
  void reset(std::size_t silence) {
    std::fill(samples_.begin(), samples_.end(), T{0});
    begin_ = 0;
    end_ = silence;
  }
  /// Room for the next `count` inputs, to be filled.
  std::span<T> extend(std::size_t count) {
    if (end_ + count > limit_) {
      std::copy(samples_.data() + begin_, samples_.data() + end_, samples_.data());
      end_ -= begin_;
      begin_ = 0;
    }
    assert(end_ + count <= limit_);
    const std::span<T> room(samples_.data() + end_, count);
    end_ += count;
    return room;
  }
  /// The oldest input that is still needed. `window` samples from here can be read, even if fewer
  /// have come.
  [[nodiscard]] const T* data() const { return samples_.data() + begin_; }
  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  void drop(std::size_t count) {
    begin_ += count;
    assert(begin_ <= end_);
  }

 private:
  std::size_t limit_;
  std::vector<T> samples_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace remotemedia::dsp
