#pragma once

#include <string>
#include <string_view>

namespace remotemedia::cli::report {

/// A whole HTML page with its style. `title` is text, `body` is markup. It loads nothing, and says
/// so to the browser: whatever got into the page could not either.
std::string page(std::string_view title, std::string_view body);

/// A part of the page under a heading; empty if `content` is.
std::string section(std::string_view heading, std::string_view content);

}  // namespace remotemedia::cli::report
