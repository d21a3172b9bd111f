#pragma once

#include "fuzz/expect.h"
#include "remotemedia/base/error.h"
#include "remotemedia/graph/document.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace remotemedia::fuzz {

/// Parses the text: either an error of ours, or a document whose lines lie in the text and whose
/// JSON form reads back to the same JSON form (NaN and infinities of YAML have become null).
inline void check_document(std::string_view text, TextFormat format) {
  Document document;
  try {
    document = parse_document(text, format);
  } catch (const Error&) {
    return;
  }
  // YAML also ends lines with a carriage return.
  const auto line_ends = std::ranges::count(text, '\n') + std::ranges::count(text, '\r');
  for (const auto& [pointer, line] : document.lines) {
    expect(line >= 1 && line <= line_ends + 1, "a line lies in the text");
    expect(document.line_of(pointer + "/deeper") == line, "a child is found at its parent's line");
  }
  const std::string json = to_json(document.root);
  if (json.size() > kMaxDocumentBytes) return;
  expect(to_json(parse_document(json, TextFormat::json).root) == json, "JSON reads back");
}

}  // namespace remotemedia::fuzz
