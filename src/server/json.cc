#include "server/json.h"

#include "remotemedia/graph/document.h"

#include <utility>
#include <variant>

namespace remotemedia::server {

ParsedObject parse_object(std::string_view text) {
  auto parsed = parse_json_value(text);
  if (auto* const problem = std::get_if<std::string>(&parsed)) return {{}, std::move(*problem)};
  const Object* const object = std::get<Value>(parsed).as_object();
  return {object == nullptr ? std::nullopt : std::optional(*object), {}};
}

std::string text_of(const Object& object, std::string_view name) {
  const Value* member = object.find(name);
  const String* text = member == nullptr ? nullptr : member->as_string();
  return text == nullptr ? std::string() : std::string(*text);
}

}  // namespace remotemedia::server
