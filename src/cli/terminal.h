#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace remotemedia::cli {

/// What a stream can show: colours on a terminal without NO_COLOR, lines and blocks in a UTF-8
/// locale, plain ASCII otherwise.
class Terminal {
 public:
  explicit Terminal(std::FILE* stream);

  [[nodiscard]] bool is_terminal() const { return is_terminal_; }
  [[nodiscard]] bool has_unicode() const { return has_unicode_; }
  /// Characters in a line; 0 if there is no limit, as in a file.
  [[nodiscard]] std::size_t columns() const;

  [[nodiscard]] std::string strong(std::string_view text) const { return styled("1", text); }
  [[nodiscard]] std::string faint(std::string_view text) const { return styled("2", text); }
  [[nodiscard]] std::string good(std::string_view text) const { return styled("32", text); }
  [[nodiscard]] std::string bad(std::string_view text) const { return styled("31", text); }

 private:
  [[nodiscard]] std::string styled(std::string_view code, std::string_view text) const;

  int descriptor_;
  bool is_terminal_;
  bool has_colour_;
  bool has_unicode_;
};

/// Characters of a UTF-8 text.
std::size_t text_width(std::string_view text);
/// The text in lines of at most `width` characters, broken at spaces; as it is if `width` is 0.
std::string wrapped(std::string_view text, std::size_t width, std::size_t indent);

}  // namespace remotemedia::cli
