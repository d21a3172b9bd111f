#pragma once

#include <optional>
#include <string>

namespace remotemedia::rtc {

/// By which one side of ICE knows the checks that are meant for it (RFC 8445, 5.3).
struct IceCredentials {
  std::string ufrag;
  std::string pwd;

  /// 16 and 32 random letters.
  static IceCredentials random();
};

/// What a description may not have (RFC 8839, 5.4), e.g. "a=ice-pwd has 3 characters, expected
/// 22..256"; nothing if they are sound.
std::optional<std::string> problem_of(const IceCredentials& credentials);

}  // namespace remotemedia::rtc
