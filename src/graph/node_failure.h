#pragma once

#include <exception>
#include <string>
#include <vector>

namespace remotemedia {

/// A failure in words, without its hint, as a node's error quotes it. `attempt` counts from 1; if
/// repeats did not help, the text says so.
std::string failure_text(const std::exception& error, int attempt);

/// Rethrows the current exception as a node error, unless it is one. What is no std::exception
/// belongs to an embedding language and passes as it is.
[[noreturn]] void name_failure(const std::string& node_id, const std::string& node_type,
                               const char* stage, int attempt = 1);

/// What several failures, in graph order, are reported as: the one, or a NodeErrors of all. The
/// first that is no node's, of the receiver of the results, say, passes alone. Null if there is
/// none.
std::exception_ptr join_failures(const std::vector<std::exception_ptr>& failures);

}  // namespace remotemedia
