#include "graph/manifest_problem.h"

#include <fmt/format.h>

#include "remotemedia/base/error.h"

namespace remotemedia {

void refuse_manifest(const std::string& message, std::string_view pointer, int line,
                     std::string hint) {
  std::string where;
  if (line > 0) where = fmt::format("line {}", line);
  if (!pointer.empty()) where += fmt::format("{}{}", where.empty() ? "" : ", ", pointer);
  throw ManifestError(where.empty() ? message : fmt::format("{} ({})", message, where),
                      std::string(pointer), line, std::move(hint));
}

}  // namespace remotemedia
