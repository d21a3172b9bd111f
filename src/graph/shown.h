#pragma once

#include "remotemedia/base/value.h"

#include <string>
#include <string_view>

namespace remotemedia {

/// The first bytes of a UTF-8 text, whole characters only, with "..." if something was cut.
std::string shortened(std::string_view text, std::size_t max_bytes);
/// The text as one line of UTF-8: control characters, and bytes that belong to no character, become
/// U+FFFD.
std::string readable(std::string_view text);
/// A value as JSON, short enough for a message.
std::string shown(const Value& value);

}  // namespace remotemedia
