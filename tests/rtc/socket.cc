#include "rtc/socket.h"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace remotemedia::rtc::test {
namespace {

// Half a second of a session at 50 packets a second, with the kernel's overhead for each.
constexpr int kSocketBuffer = 128 * 1'024;

/// An address as the kernel writes it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  sockaddr* any() { return reinterpret_cast<sockaddr*>(&storage); }
  [[nodiscard]] const sockaddr* any() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress to_kernel(const Address& address) {
  SocketAddress result;
  if (address.v6) {
    auto& in = reinterpret_cast<sockaddr_in6&>(result.storage);
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(address.port);
    std::memcpy(&in.sin6_addr, address.bytes.data(), 16);
    result.size = sizeof(sockaddr_in6);
  } else {
    auto& in = reinterpret_cast<sockaddr_in&>(result.storage);
    in.sin_family = AF_INET;
    in.sin_port = htons(address.port);
    std::memcpy(&in.sin_addr, address.bytes.data(), 4);
    result.size = sizeof(sockaddr_in);
  }
  return result;
}

Address from_kernel(const SocketAddress& address) {
  Address result;
  if (address.storage.ss_family == AF_INET6) {
    const auto& in = reinterpret_cast<const sockaddr_in6&>(address.storage);
    result.v6 = true;
    result.port = ntohs(in.sin6_port);
    std::memcpy(result.bytes.data(), &in.sin6_addr, 16);
  } else {
    const auto& in = reinterpret_cast<const sockaddr_in&>(address.storage);
    result.port = ntohs(in.sin_port);
    std::memcpy(result.bytes.data(), &in.sin_addr, 4);
  }
  return result;
}

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(fmt::format("{}: {}", what, std::strerror(errno)));
}

int open_socket(const Address& like, int type) {
  return socket(like.v6 ? AF_INET6 : AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

Address name_of(int descriptor) {
  SocketAddress name;
  if (getsockname(descriptor, name.any(), &name.size) != 0) fail("getsockname");
  return from_kernel(name);
}

}  // namespace

Descriptor::Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

Descriptor::~Descriptor() {
  if (number_ >= 0) close(number_);
}

UdpSocket::UdpSocket(const Address& local) : descriptor_(open_socket(local, SOCK_DGRAM)) {
  if (descriptor() < 0) fail("a UDP socket");
  setsockopt(descriptor(), SOL_SOCKET, SO_RCVBUF, &kSocketBuffer, sizeof(kSocketBuffer));
  const SocketAddress name = to_kernel(local);
  if (bind(descriptor(), name.any(), name.size) != 0) fail("bind to " + to_string(local));
  local_ = name_of(descriptor());
}

bool UdpSocket::send(const Address& to, std::span<const std::uint8_t> datagram) const {
  const SocketAddress name = to_kernel(to);
  return sendto(descriptor(), datagram.data(), datagram.size(), 0, name.any(), name.size) >= 0;
}

std::optional<UdpSocket::Received> UdpSocket::receive(std::span<std::uint8_t> memory) const {
  SocketAddress source;
  const ssize_t size =
      recvfrom(descriptor(), memory.data(), memory.size(), 0, source.any(), &source.size);
  if (size < 0) return std::nullopt;
  return Received{from_kernel(source), memory.first(static_cast<std::size_t>(size))};
}

Address resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (error != 0) {
    throw std::runtime_error(fmt::format("host '{}': {}", host, gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(list, &freeaddrinfo);
  SocketAddress first;
  std::memcpy(&first.storage, list->ai_addr, list->ai_addrlen);
  Address result = from_kernel(first);
  result.port = port;
  return result;
}

Address local_address_towards(const Address& remote) {
  // Connecting a UDP socket sends nothing, but makes the kernel choose a route.
  const Descriptor probe(open_socket(remote, SOCK_DGRAM));
  const SocketAddress name = to_kernel(remote);
  if (connect(probe.number(), name.any(), name.size) != 0) fail("no way to " + to_string(remote));
  Address local = name_of(probe.number());
  local.port = 0;
  return local;
}

Descriptor connect_tcp(const Address& to) {
  Descriptor made(open_socket(to, SOCK_STREAM));
  const int on = 1;
  setsockopt(made.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const SocketAddress name = to_kernel(to);
  const bool begun = connect(made.number(), name.any(), name.size) == 0 || errno == EINPROGRESS;
  return begun ? std::move(made) : Descriptor();
}

Descriptor listen_tcp(const Address& local) {
  Descriptor made(open_socket(local, SOCK_STREAM));
  const int on = 1;
  setsockopt(made.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const SocketAddress name = to_kernel(local);
  if (bind(made.number(), name.any(), name.size) != 0 || listen(made.number(), SOMAXCONN) != 0) {
    fail("listen on " + to_string(local));
  }
  return made;
}

std::uint16_t port_of(const Descriptor& socket) { return name_of(socket.number()).port; }

void allow_descriptors(std::size_t wanted) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::max<rlim_t>(limit.rlim_cur, std::min<rlim_t>(wanted, limit.rlim_max));
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < wanted) {
    throw std::runtime_error(
        fmt::format("{} open files are needed, the limit is {}; raise it with ulimit -n", wanted,
                    limit.rlim_max));
  }
}

}  // namespace remotemedia::rtc::test
