#pragma once

#include "remotemedia/rtc/address.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace remotemedia::rtc::test {

/// A file descriptor that is closed with its owner.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

/// A UDP socket that never blocks.
class UdpSocket {
 public:
  /// A port of 0 takes a free one. Throws std::runtime_error if it cannot be bound.
  explicit UdpSocket(const Address& local);

  [[nodiscard]] const Address& local() const { return local_; }
  [[nodiscard]] int descriptor() const { return descriptor_.number(); }
  /// False if the kernel did not take it.
  bool send(const Address& to, std::span<const std::uint8_t> datagram) const;

  struct Received {
    Address source;
    std::span<std::uint8_t> datagram;
  };
  /// The next datagram, in `memory`; nothing if none waits.
  std::optional<Received> receive(std::span<std::uint8_t> memory) const;

 private:
  Descriptor descriptor_;
  Address local_;
};

/// The address that a name of a host stands for, and ours on the way there. Throws
/// std::runtime_error for what is not known.
Address resolve(const std::string& host, std::uint16_t port);
Address local_address_towards(const Address& remote);

/// A TCP connection that is being made; -1 in the descriptor if it fails at once.
Descriptor connect_tcp(const Address& to);

/// A socket that takes connections, and its port. Throws std::runtime_error if the port is taken.
Descriptor listen_tcp(const Address& local);
std::uint16_t port_of(const Descriptor& socket);

/// Raises the limit of open descriptors as far as it goes. Throws std::runtime_error if that is not
/// enough for `wanted`.
void allow_descriptors(std::size_t wanted);

}  // namespace remotemedia::rtc::test
