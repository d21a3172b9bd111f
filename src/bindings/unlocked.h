#pragma once

#include "bindings/python_access.h"

#include <cstddef>
#include <optional>

namespace remotemedia::bindings {

/// Runs native work with the GIL released.
template <typename Work>
auto unlocked(Work work) {
  const GilRelease release;
  return work();
}

/// The same for work on `samples`, but a few are done before another thread has come to run, and
/// then this one would have to wait for it.
template <typename Work>
auto unlocked(std::size_t samples, Work work) {
  constexpr std::size_t kFew = 1'024;
  std::optional<GilRelease> release;
  if (samples > kFew) release.emplace();
  return work();
}

}  // namespace remotemedia::bindings
