#include "graph/shown.h"

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

std::string shown(const Value& value) {
  constexpr std::size_t kMaxShown = 80;
  return shortened(to_json(value), kMaxShown);
}

}  // namespace remotemedia
