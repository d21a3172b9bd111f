#include "remotemedia/graph/document.h"

#include "graph/manifest_problem.h"
#include "graph/text_parsers.h"
#include "graph/utf8.h"
#include "remotemedia/base/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string>

namespace remotemedia {

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
  // Messages and values leave as UTF-8, so only UTF-8 may come in.
  if (const std::size_t bad = first_invalid_utf8(text); bad < text.size()) {
    const auto lines =
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(bad), '\n');
    refuse_manifest(fmt::format("byte {} of the text is not UTF-8", bad + 1), "",
                    static_cast<int>(lines) + 1, "save the file as UTF-8");
  }
  return format == TextFormat::json ? parse_json(text) : parse_yaml(text);
}

std::variant<Value, std::string> parse_json_value(std::string_view text) {
  try {
    return parse_document(text, TextFormat::json).root;
  } catch (const Error& error) {
    std::string problem = error.message();
    constexpr std::string_view kKind = "Manifest error: ";  // which this is not
    if (problem.starts_with(kKind)) problem.erase(0, kKind.size());
    return problem;
  }
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
