#include "cli/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <clocale>
#include <cstdlib>
#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace remotemedia::cli {
namespace {

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

bool is_dumb() {
  const char* terminal = std::getenv("TERM");
  return terminal == nullptr || std::string_view(terminal) == "dumb";
}

bool is_utf8_locale() {
  static const bool result = [] {
    std::setlocale(LC_CTYPE, "");
    return std::string_view(nl_langinfo(CODESET)) == "UTF-8";
  }();
  return result;
}

}  // namespace

Terminal::Terminal(std::FILE* stream)
    : descriptor_(::fileno(stream)),
      is_terminal_(::isatty(descriptor_) != 0),
      has_colour_(is_terminal_ && !is_set("NO_COLOR") && !is_dumb()),
      has_unicode_(is_utf8_locale()) {}

std::size_t Terminal::columns() const {
  if (!is_terminal_) return 0;
  constexpr std::size_t kUsual = 80;
  winsize size = {};
  return ::ioctl(descriptor_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsual;
}

std::string Terminal::styled(std::string_view code, std::string_view text) const {
  if (!has_colour_ || text.empty()) return std::string(text);
  return fmt::format("\033[{}m{}\033[0m", code, text);
}

std::size_t text_width(std::string_view text) {
  // Continuation bytes of UTF-8 take no place of their own.
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  if (width == 0) return std::string(text);
  std::string lines;
  std::size_t used = 0;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    const std::size_t length = text_width(word);
    if (used > 0 && used + 1 + length > width) {
      lines += "\n" + std::string(indent, ' ');
      used = 0;
    }
    if (used > 0) lines += ' ';
    lines += word;
    used += length + (used > 0 ? 1 : 0);
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  return lines;
}

}  // namespace remotemedia::cli
