#pragma once

#include "rtc/output.h"

#include <optional>
#include <utility>
#include <vector>

namespace remotemedia::rtc::test {

using Datagram = std::vector<std::uint8_t>;

inline Address address(const char* ip, std::uint16_t port) { return *parse_address(ip, port); }

/// Keeps what is sent.
struct Outbox : DatagramOutput {
  void send(Bytes datagram) override { sent.emplace_back(datagram.begin(), datagram.end()); }
  void send_to(const Address& to, Bytes datagram) override {
    receivers.push_back(to);
    send(datagram);
  }
  std::vector<Datagram> take() { return std::exchange(sent, {}); }

  std::vector<Datagram> sent;
  std::vector<Address> receivers;
};

}  // namespace remotemedia::rtc::test
