#pragma once

#include "remotemedia/base/value.h"

#include <optional>
#include <string>
#include <string_view>

namespace remotemedia::server {

/// The object that a text of somebody else's holds; nothing if it holds none.
std::optional<Object> parse_object(std::string_view text);
/// The text of a member; empty if it is no text, or not there.
std::string text_of(const Object& object, std::string_view name);

}  // namespace remotemedia::server
