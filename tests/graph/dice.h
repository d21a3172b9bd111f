#pragma once

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace remotemedia::test {

/// Random choices of one seed.
class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}

  /// 0..n-1; n is at least 1.
  std::size_t below(std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_);
  }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <typename List>
  const auto& pick(const List& list) {
    return *(std::begin(list) + static_cast<std::ptrdiff_t>(below(std::size(list))));
  }
  template <typename T>
  void shuffle(std::vector<T>& items) {
    std::ranges::shuffle(items, random_);
  }

 private:
  std::mt19937 random_;
};

}  // namespace remotemedia::test
