#pragma once

#include "remotemedia/base/time.h"

#include <chrono>
#include <cstdint>

namespace remotemedia::server {

/// Of everything that happens in a server.
inline Time steady_now() { return std::chrono::steady_clock::now().time_since_epoch(); }

/// Milliseconds since 1970, as browsers count.
inline std::int64_t unix_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

inline double milliseconds(Time time) { return static_cast<double>(time.count()) * 1e-6; }
inline double microseconds(Time time) { return static_cast<double>(time.count()) * 1e-3; }

}  // namespace remotemedia::server
