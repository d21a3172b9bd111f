#pragma once

#include "remotemedia/base/value.h"

#include <optional>
#include <string>
#include <string_view>

namespace remotemedia::server {

/// What a text of somebody else's holds.
struct ParsedObject {
  std::optional<Object> object;  ///< nothing if it is no JSON, or another value
  std::string problem;           ///< of what is no JSON; empty otherwise
};

ParsedObject parse_object(std::string_view text);
/// The text of a member; empty if it is no text, or not there.
std::string text_of(const Object& object, std::string_view name);

}  // namespace remotemedia::server
