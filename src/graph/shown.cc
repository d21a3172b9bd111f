#include "graph/shown.h"

#include "graph/utf8.h"

#include <cmath>

namespace remotemedia {

std::string shortened(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  std::size_t end = max_bytes;
  const auto continues = [&](std::size_t i) {
    return (static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U;
  };
  while (end > 0 && continues(end)) --end;
  return std::string(text.substr(0, end)) + "...";
}

std::string readable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const bool is_control = length == 1 && (text[0] < ' ' || text[0] == '\x7F');
    result += length == 0 || is_control ? std::string_view("\xEF\xBF\xBD") : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return result;
}

std::string shown(const Value& value) {
  if (const double* number = value.as_double(); number != nullptr && !std::isfinite(*number)) {
    // JSON has no such numbers, and "null" would hide what was given.
    if (std::isnan(*number)) return "NaN";
    return *number > 0 ? "Infinity" : "-Infinity";
  }
  constexpr std::size_t kMaxShown = 80;
  return shortened(to_json(value), kMaxShown);
}

}  // namespace remotemedia
