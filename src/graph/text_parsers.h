#pragma once

#include "remotemedia/graph/document.h"

#include <string_view>

namespace remotemedia {

/// Strict JSON (RFC 8259). Manifest error with line for anything else.
Document parse_json(std::string_view text);
/// One YAML document; plain scalars typed by the core schema of YAML 1.2. No merge keys, no tags.
Document parse_yaml(std::string_view text);

}  // namespace remotemedia
