#pragma once

#include <string>

namespace remotemedia::server {

/// Throws the I/O error "cannot listen on <place>: <errno's text>", with what to do.
[[noreturn]] void fail_to_listen(const std::string& place, int error);

}  // namespace remotemedia::server
