#include "server/json.h"

#include "remotemedia/base/error.h"
#include "remotemedia/graph/document.h"

namespace remotemedia::server {

std::optional<Object> parse_object(std::string_view text, std::string& problem) {
  try {
    const Document document = parse_document(text, TextFormat::json);
    if (const Object* object = document.root.as_object()) return *object;
  } catch (const Error& error) {
    problem = error.message();
    // The parser speaks of manifests, which this is not.
    constexpr std::string_view kPrefix = "Manifest error: ";
    if (problem.starts_with(kPrefix)) problem.erase(0, kPrefix.size());
  }
  return std::nullopt;
}

std::optional<Object> parse_object(std::string_view text) {
  std::string problem;
  return parse_object(text, problem);
}

std::string text_of(const Object& object, std::string_view name) {
  const Value* member = object.find(name);
  const String* text = member == nullptr ? nullptr : member->as_string();
  return text == nullptr ? std::string() : std::string(*text);
}

}  // namespace remotemedia::server
