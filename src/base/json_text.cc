#include "remotemedia/base/json_text.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace remotemedia {
namespace {

/// The shortest digits that give the number again, in the library's form; nothing where that one
/// has an exponent.
std::string_view without_exponent(double value, std::array<char, 32>& room) {
  constexpr double kLeast = 1e-4;
  constexpr double kMost = 1e15;
  const double size = std::abs(value);
  if (!((size >= kLeast && size < kMost) || size == 0.0)) return {};
  char* const begin = room.data();
  char* end = std::to_chars(begin, begin + room.size() - 2, value, std::chars_format::fixed).ptr;
  if (std::find(begin, end, '.') == end) {
    *end++ = '.';
    *end++ = '0';
  }
  return {begin, end};
}

}  // namespace

void JsonText::name(std::string_view name) {
  next();
  quoted(name);
  *out_ += indent_ < 0 ? ":" : ": ";
  follows_name_ = true;
}

void JsonText::value(std::int64_t value) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  plain({digits.data(), end});
}

void JsonText::value(double value) {
  std::array<char, 32> room;
  const std::string_view text = without_exponent(value, room);
  plain(text.empty() ? nlohmann::json(value).dump() : text);
}

void JsonText::value(std::string_view text) {
  next();
  quoted(text);
}

void JsonText::plain(std::string_view text) {
  next();
  *out_ += text;
}

void JsonText::quoted(std::string_view text) {
  const bool is_plain = std::ranges::all_of(
      text, [](char c) { return c >= ' ' && c < 0x7F && c != '"' && c != '\\'; });
  if (!is_plain) {
    *out_ += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return;
  }
  *out_ += '"';
  *out_ += text;
  *out_ += '"';
}

void JsonText::begin(char open) {
  next();
  *out_ += open;
  ++depth_;
  is_first_ = true;
}

void JsonText::end(char close) {
  --depth_;
  if (!std::exchange(is_first_, false)) break_line();
  *out_ += close;
}

void JsonText::next() {
  if (std::exchange(follows_name_, false)) return;
  if (!std::exchange(is_first_, false)) *out_ += ',';
  if (depth_ > 0) break_line();
}

void JsonText::break_line() {
  if (indent_ < 0) return;
  *out_ += '\n';
  out_->append(depth_ * static_cast<std::size_t>(indent_), ' ');
}

}  // namespace remotemedia
