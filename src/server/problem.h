#pragma once

#include <string>

namespace remotemedia::server {

/// Throws the I/O error "cannot listen on <place>: <errno's text>", with what to do.
[[noreturn]] void fail_to_listen(const std::string& place, int error);

/// What a C++ program's node has thrown that is no std::exception.
inline constexpr const char* kWithoutWords = "an exception without words: no std::exception";

}  // namespace remotemedia::server
