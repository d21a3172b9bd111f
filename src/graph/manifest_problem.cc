#include "graph/manifest_problem.h"

#include "graph/shown.h"
#include "remotemedia/base/error.h"

#include <fmt/format.h>

namespace remotemedia {

void refuse_manifest(const std::string& message, std::string_view pointer, int line,
                     const std::string& hint) {
  std::string where;
  if (line > 0) where = fmt::format("line {}", line);
  if (!pointer.empty()) where += fmt::format("{}{}", where.empty() ? "" : ", ", pointer);
  // A hostile text can put megabytes, or anything that JSON can escape, into an id or a type.
  constexpr std::size_t kMaxShownBytes = 1'000;
  const std::string text = readable(shortened(message, kMaxShownBytes));
  throw ManifestError(where.empty() ? text : fmt::format("{} ({})", text, where),
                      std::string(pointer), line, readable(shortened(hint, kMaxShownBytes)));
}

}  // namespace remotemedia
