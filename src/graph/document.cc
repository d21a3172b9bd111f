#include "remotemedia/graph/document.h"

#include "graph/manifest_problem.h"
#include "graph/text_parsers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string>

namespace remotemedia {
namespace {

// Length of the character that starts here (RFC 3629: no overlong forms, no surrogates), 0 if none
// does.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  const unsigned second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool valid = !(first == 0xE0 && second < 0xA0) && !(first == 0xED && second > 0x9F);
    return valid && continues(1) && continues(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool valid = !(first == 0xF0 && second < 0x90) && !(first == 0xF4 && second > 0x8F);
    return valid && continues(1) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

// Messages and values leave as UTF-8, so only UTF-8 may come in. The text's size if all of it is.
std::size_t first_invalid_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = utf8_length(text.substr(at));
    if (length == 0) break;
    at += length;
  }
  return at;
}

}  // namespace

Document parse_document(std::string_view text, TextFormat format) {
  if (text.size() > kMaxDocumentBytes) {
    refuse_manifest(fmt::format("the text has {} bytes, at most {} are allowed", text.size(),
                                kMaxDocumentBytes),
                    "", 0);
  }
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    refuse_manifest("the text is empty", "", 0,
                    "write a manifest: {\"version\": \"v1\", \"metadata\": ..., \"nodes\": [...]}");
  }
  if (const std::size_t bad = first_invalid_utf8(text); bad < text.size()) {
    const auto lines =
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(bad), '\n');
    refuse_manifest(fmt::format("byte {} of the text is not UTF-8", bad + 1), "",
                    static_cast<int>(lines) + 1, "save the file as UTF-8");
  }
  return format == TextFormat::json ? parse_json(text) : parse_yaml(text);
}

TextFormat guess_format(std::string_view path, std::string_view text) {
  if (path.ends_with(".yaml") || path.ends_with(".yml")) return TextFormat::yaml;
  if (path.ends_with(".json")) return TextFormat::json;
  const std::size_t first = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  return first != std::string_view::npos && text[first] == '{' ? TextFormat::json
                                                               : TextFormat::yaml;
}

int Document::line_of(std::string_view pointer) const {
  while (true) {
    if (const auto it = lines.find(pointer); it != lines.end()) return it->second;
    if (pointer.empty()) return 0;
    pointer = pointer.substr(0, pointer.rfind('/'));
  }
}

std::string child_pointer(std::string_view pointer, std::string_view token) {
  std::string child(pointer);
  child += '/';
  for (const char c : token) {
    if (c == '~') {
      child += "~0";
    } else if (c == '/') {
      child += "~1";
    } else {
      child += c;
    }
  }
  return child;
}

std::string child_pointer(std::string_view pointer, std::size_t index) {
  return fmt::format("{}/{}", pointer, index);
}

}  // namespace remotemedia
