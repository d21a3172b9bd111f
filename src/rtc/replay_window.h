#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>

namespace remotemedia::rtc {

/// The numbers of packets that have been seen, of the last kSize (RFC 3711, 3.3.2).
class ReplayWindow {
 public:
  static constexpr std::int64_t kSize = 1'024;

  /// Of the numbers added; -1 before the first.
  [[nodiscard]] std::int64_t highest() const { return highest_; }
  /// True if it has not been seen and is young enough to tell.
  [[nodiscard]] bool is_new(std::int64_t number) const {
    if (number > highest_) return true;
    return number >= 0 && number > highest_ - kSize && !seen_[place(number)];
  }
  /// `number` must be new.
  void add(std::int64_t number) {
    if (number - highest_ >= kSize) {
      seen_.reset();
    } else {
      for (std::int64_t i = highest_ + 1; i < number; ++i) seen_[place(i)] = false;
    }
    if (number > highest_) highest_ = number;
    seen_[place(number)] = true;
  }

 private:
  static std::size_t place(std::int64_t number) { return static_cast<std::size_t>(number % kSize); }

  std::bitset<kSize> seen_;
  std::int64_t highest_ = -1;
};

}  // namespace remotemedia::rtc
