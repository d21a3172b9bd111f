#pragma once

#include "remotemedia/base/value.h"

#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace remotemedia {

enum class TextFormat { json, yaml };

/// A parsed text and the line on which each of its values starts.
struct Document {
  Value root;
  std::map<std::string, int, std::less<>> lines;  ///< JSON pointer -> line, from 1

  /// Line of the value at `pointer`, or of its nearest parent that has one; 0 if none.
  [[nodiscard]] int line_of(std::string_view pointer) const;
};

/// Limits on a manifest text; past them it is refused. A 100-node graph takes about 20 KB.
inline constexpr std::size_t kMaxDocumentBytes = 4U << 20U;
inline constexpr std::size_t kMaxDocumentValues = 100'000;
inline constexpr int kMaxDocumentDepth = 64;

/// Parses JSON or YAML. Manifest error with the line for syntax errors, duplicate keys, texts over
/// a limit, and (YAML) keys that are no strings.
Document parse_document(std::string_view text, TextFormat format);
/// The value of a JSON text that is no manifest, or what is wrong with it and in which line.
std::variant<Value, std::string> parse_json_value(std::string_view text);
/// YAML if the file name ends in .yaml or .yml, JSON if in .json, else by the first character ({ =
/// JSON).
TextFormat guess_format(std::string_view path, std::string_view text);

/// The pointer with one more reference token, escaped (RFC 6901).
std::string child_pointer(std::string_view pointer, std::string_view token);
std::string child_pointer(std::string_view pointer, std::size_t index);

}  // namespace remotemedia
