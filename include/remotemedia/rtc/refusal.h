#pragma once

#include <cstdint>
#include <string>

namespace remotemedia::rtc {

/// Why a session description is not taken. A server answers `malformed` with HTTP status 400,
/// `too_large` with 413 and `unsupported` with 422.
enum class RefusalKind : std::uint8_t {
  malformed,    ///< no session description, or one that contradicts itself
  too_large,    ///< more bytes, lines or sections than the limits
  unsupported,  ///< sound, but asks for what this endpoint does not do, e.g. no Opus is offered
};

struct Refusal {
  RefusalKind kind = RefusalKind::malformed;
  /// One sentence: what, where (line or section) and what was expected.
  std::string reason;
};

}  // namespace remotemedia::rtc
