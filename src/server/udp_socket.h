#pragma once

#include "remotemedia/rtc/address.h"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace remotemedia::server {

/// One UDP port. Takes and sends datagrams many at a time, and never waits: what the kernel has no
/// room for is lost, as on any network, and counted.
class UdpSocket {
 public:
  /// I/O error if the address is in use. An IPv6 wildcard takes IPv4 too.
  explicit UdpSocket(const rtc::Address& address);
  ~UdpSocket();
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }

  /// Calls `take` for each datagram of one batch. Returns how many there were.
  std::size_t receive(
      const std::function<void(const rtc::Address&, std::span<std::uint8_t>)>& take);
  /// Keeps it for the next flush(). At most kMaxDatagram bytes.
  void send(const rtc::Address& to, std::span<const std::uint8_t> bytes);
  void flush();

  [[nodiscard]] std::uint64_t received() const { return received_; }
  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  [[nodiscard]] std::uint64_t unsent() const { return unsent_; }

  static constexpr std::size_t kMaxDatagram = 2048;
  static constexpr std::size_t kBatch = 64;  ///< that are taken, or sent, at once

 private:
  struct Batch;

  int descriptor_ = -1;
  std::uint16_t port_ = 0;
  bool v6_ = false;
  std::unique_ptr<Batch> incoming_;
  std::unique_ptr<Batch> outgoing_;
  std::size_t waiting_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t unsent_ = 0;
};

/// The addresses of this machine's network interfaces that are up, loopback last; without
/// link-local ones. For one who listens on all of them.
std::vector<std::string> interface_addresses(bool with_v6);

}  // namespace remotemedia::server
