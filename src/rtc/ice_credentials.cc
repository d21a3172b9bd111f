#include "remotemedia/rtc/ice_credentials.h"

#include "rtc/crypto.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace remotemedia::rtc {
namespace {

constexpr std::size_t kMinUfrag = 4;
constexpr std::size_t kMinPwd = 22;
constexpr std::size_t kMaxCredential = 256;

/// Beside those that ICE allows the four that browsers take from others too.
bool is_ice_char(char letter) {
  return (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z') ||
         (letter >= '0' && letter <= '9') ||
         std::string_view("+/-=#_").find(letter) != std::string_view::npos;
}

std::optional<std::string> problem_of_line(const char* name, std::string_view value,
                                           std::size_t least) {
  if (value.size() < least || value.size() > kMaxCredential) {
    return fmt::format("{} has {} characters, expected {}..{}", name, value.size(), least,
                       kMaxCredential);
  }
  const auto wrong = std::ranges::find_if_not(value, is_ice_char);
  if (wrong == value.end()) return std::nullopt;
  return fmt::format("character {} of {} is 0x{:02X}, expected a letter, a digit, '+' or '/'",
                     wrong - value.begin() + 1, name, static_cast<unsigned char>(*wrong));
}

}  // namespace

IceCredentials IceCredentials::random() { return {random_text(16), random_text(32)}; }

std::optional<std::string> problem_of(const IceCredentials& credentials) {
  if (auto problem = problem_of_line("a=ice-ufrag", credentials.ufrag, kMinUfrag)) return problem;
  return problem_of_line("a=ice-pwd", credentials.pwd, kMinPwd);
}

}  // namespace remotemedia::rtc
