#pragma once

#include <cstdio>
#include <cstdlib>

namespace remotemedia::fuzz {

/// Stops the fuzzer, which keeps the input, when a promise is broken.
inline void expect(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

}  // namespace remotemedia::fuzz
