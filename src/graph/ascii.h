#pragma once

namespace remotemedia {

// Names in manifests mean the same everywhere; <cctype> follows the locale that the embedding
// program chose.

constexpr bool is_ascii_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace remotemedia
