#pragma once

#include <span>
#include <string>
#include <string_view>

namespace remotemedia {

/// The known name closest to `name` (case-insensitive edit distance, at most a third of its length,
/// at least 2), or empty.
std::string nearest(std::string_view name, std::span<const std::string> known);

/// "did you mean 'x'?" for the nearest name, else "known: a, b, c" (at most 30 names).
std::string did_you_mean(std::string_view name, std::span<const std::string> known);

}  // namespace remotemedia
