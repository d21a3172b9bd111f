#include "remotemedia/rtc/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

namespace remotemedia::rtc {

std::optional<Address> parse_address(std::string_view ip, std::uint16_t port) {
  const std::string text(ip);
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string::npos) return std::nullopt;
  Address address;
  address.port = port;
  address.v6 = text.find(':') != std::string::npos;
  const int family = address.v6 ? AF_INET6 : AF_INET;
  if (inet_pton(family, text.c_str(), address.bytes.data()) != 1) return std::nullopt;
  return address;
}

std::string ip_text(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = address.v6 ? AF_INET6 : AF_INET;
  inet_ntop(family, address.bytes.data(), text.data(), text.size());
  return text.data();
}

std::string to_string(const Address& address) {
  const std::string ip = ip_text(address);
  return (address.v6 ? "[" + ip + "]" : ip) + ":" + std::to_string(address.port);
}

}  // namespace remotemedia::rtc
