#pragma once

#include <cstddef>
#include <string_view>

namespace remotemedia {

/// Bytes of the character that a text starts with (RFC 3629: no overlong forms, no surrogates); 0
/// if it starts with none. NUL counts as none: it is what UTF-16 text looks like, a YAML reader
/// would guess so, and it would cut a message short.
std::size_t utf8_length(std::string_view text);
/// Index of the first byte that belongs to no character; the text's size if all do.
std::size_t first_invalid_utf8(std::string_view text);

}  // namespace remotemedia
