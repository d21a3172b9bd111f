#pragma once

#include <string>
#include <string_view>

namespace remotemedia {

/// The one place that raises manifest and graph errors: adds the position in words to the message.
/// `pointer` is a JSON pointer, `line` counts from 1 (0 = not known).
[[noreturn]] void refuse_manifest(const std::string& message, std::string_view pointer, int line,
                                  const std::string& hint = {});

}  // namespace remotemedia
