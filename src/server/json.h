#pragma once

#include "remotemedia/base/value.h"

#include <optional>
#include <string>
#include <string_view>

namespace remotemedia::server {

/// The object that a text of somebody else's holds; nothing if it holds none. `problem` then says
/// what cannot be read; it stays empty for another value.
std::optional<Object> parse_object(std::string_view text, std::string& problem);
std::optional<Object> parse_object(std::string_view text);
/// The text of a member; empty if it is no text, or not there.
std::string text_of(const Object& object, std::string_view name);

}  // namespace remotemedia::server
