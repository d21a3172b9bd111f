#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace remotemedia::rtc {

/// IP address and port of a datagram. An IPv4 address is in the first four bytes, the rest is zero.
struct Address {
  std::array<std::uint8_t, 16> bytes{};
  std::uint16_t port = 0;
  bool v6 = false;

  bool operator==(const Address&) const = default;
};

/// From "192.0.2.1" or "2001:db8::1"; nothing for names, zones and brackets.
std::optional<Address> parse_address(std::string_view ip, std::uint16_t port);
/// "192.0.2.1" or "2001:db8::1".
std::string ip_text(const Address& address);
/// "192.0.2.1:5000" or "[2001:db8::1]:5000".
std::string to_string(const Address& address);

}  // namespace remotemedia::rtc
