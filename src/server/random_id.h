#pragma once

#include <string>

namespace remotemedia::server {

/// A random UUID (RFC 9562, version 4) of 122 bits that cannot be guessed.
std::string random_uuid();

}  // namespace remotemedia::server
