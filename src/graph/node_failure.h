#pragma once

#include <exception>
#include <string>

namespace remotemedia {

/// A failure in words, without its hint, as a node's error quotes it. `attempt` counts from 1; if
/// repeats did not help, the text says so.
std::string failure_text(const std::exception& error, int attempt);

/// Rethrows the current exception as a node error, unless it is one. What is no std::exception
/// belongs to an embedding language and passes as it is.
[[noreturn]] void name_failure(const std::string& node_id, const std::string& node_type,
                               const char* stage, int attempt = 1);

}  // namespace remotemedia
