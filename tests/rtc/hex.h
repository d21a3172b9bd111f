#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace remotemedia::rtc::test {

/// Bytes of "01 0a ff"; blanks and line ends do not matter.
inline std::vector<std::uint8_t> hex(std::string_view text) {
  std::vector<std::uint8_t> bytes;
  std::string pair;
  for (const char letter : text) {
    if (letter == ' ' || letter == '\n') continue;
    pair += letter;
    if (pair.size() < 2) continue;
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(pair, nullptr, 16)));
    pair.clear();
  }
  return bytes;
}

}  // namespace remotemedia::rtc::test
