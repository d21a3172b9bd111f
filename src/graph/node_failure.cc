#include "graph/node_failure.h"

#include "remotemedia/base/error.h"

#include <fmt/format.h>

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

}  // namespace remotemedia
