#pragma once

#include "remotemedia/rtc/drop.h"

#include <utility>
#include <variant>

namespace remotemedia::rtc {

/// What a parser of network input gives: a value, or why there is none. Parsers never throw.
template <typename T>
class Parsed {
 public:
  Parsed(T value) : content_(std::move(value)) {}
  Parsed(Drop drop) : content_(drop) {}

  explicit operator bool() const { return content_.index() == 0; }
  const T& operator*() const { return *std::get_if<0>(&content_); }
  const T* operator->() const { return std::get_if<0>(&content_); }
  /// Only where there is no value.
  [[nodiscard]] Drop drop() const { return *std::get_if<1>(&content_); }

 private:
  std::variant<T, Drop> content_;
};

}  // namespace remotemedia::rtc
