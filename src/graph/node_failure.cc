#include "graph/node_failure.h"

#include "remotemedia/base/error.h"

#include <fmt/format.h>

#include <optional>

namespace remotemedia {

std::string failure_text(const std::exception& error, int attempt) {
  const auto* own = dynamic_cast<const Error*>(&error);
  std::string text = own == nullptr ? error.what() : own->message();
  if (attempt == 1 || !is_transient(error)) return text;
  return fmt::format("Retry exhausted after {} attempts: {}", attempt, text);
}

void name_failure(const std::string& node_id, const std::string& node_type, const char* stage,
                  int attempt) {
  try {
    throw;
  } catch (const NodeError&) {
    throw;
  } catch (const std::exception& error) {
    const auto* own = dynamic_cast<const Error*>(&error);
    std::throw_with_nested(NodeError(node_id, node_type, stage, failure_text(error, attempt),
                                     own == nullptr ? "" : own->hint(), attempt));
  }
}

std::exception_ptr join_failures(const std::vector<std::exception_ptr>& failures) {
  if (failures.size() < 2) return failures.empty() ? nullptr : failures.front();
  std::optional<NodeError> first;
  std::string others;
  for (const std::exception_ptr& failure : failures) {
    try {
      std::rethrow_exception(failure);
    } catch (const NodeError& error) {
      if (first) {
        others += "; also " + error.message();
      } else {
        first = error;
      }
    } catch (...) {
      return failure;
    }
  }
  return std::make_exception_ptr(NodeErrors(*first, others, failures));
}

}  // namespace remotemedia
