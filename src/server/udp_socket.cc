#include "server/udp_socket.h"

#include "server/problem.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace remotemedia::server {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
/// Room for 10,000 packets of speech while the thread is busy elsewhere.
constexpr int kKernelBuffer = 4 << 20;

rtc::Address from_socket_address(const sockaddr_storage& storage) {
  rtc::Address address;
  if (storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &storage, sizeof v4);
    std::memcpy(address.bytes.data(), &v4.sin_addr, 4);
    address.port = ntohs(v4.sin_port);
    return address;
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &storage, sizeof v6);
  address.port = ntohs(v6.sin6_port);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&v6.sin6_addr);
  if (std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes)) {
    std::copy_n(bytes + kMappedPrefix.size(), 4, address.bytes.begin());
  } else {
    address.v6 = true;
    std::copy_n(bytes, 16, address.bytes.begin());
  }
  return address;
}

/// `v6` is the family of the socket, which takes IPv4 addresses mapped.
socklen_t to_socket_address(const rtc::Address& address, bool v6, sockaddr_storage& storage) {
  if (!v6) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    std::memcpy(&v4.sin_addr, address.bytes.data(), 4);
    std::memcpy(&storage, &v4, sizeof v4);
    return sizeof v4;
  }
  sockaddr_in6 wide{};
  wide.sin6_family = AF_INET6;
  wide.sin6_port = htons(address.port);
  auto* bytes = reinterpret_cast<std::uint8_t*>(&wide.sin6_addr);
  if (address.v6) {
    std::ranges::copy(address.bytes, bytes);
  } else {
    std::ranges::copy(kMappedPrefix, bytes);
    std::copy_n(address.bytes.begin(), 4, bytes + kMappedPrefix.size());
  }
  std::memcpy(&storage, &wide, sizeof wide);
  return sizeof wide;
}

}  // namespace

struct UdpSocket::Batch {
  std::array<mmsghdr, kBatch> headers{};
  std::array<iovec, kBatch> parts{};
  std::array<sockaddr_storage, kBatch> addresses{};
  std::array<std::array<std::uint8_t, kMaxDatagram>, kBatch> bytes{};

  Batch() {
    for (std::size_t i = 0; i < kBatch; ++i) {
      parts[i].iov_base = bytes[i].data();
      parts[i].iov_len = kMaxDatagram;
      headers[i].msg_hdr.msg_iov = &parts[i];
      headers[i].msg_hdr.msg_iovlen = 1;
      headers[i].msg_hdr.msg_name = &addresses[i];
      headers[i].msg_hdr.msg_namelen = sizeof addresses[i];
    }
  }
};

UdpSocket::UdpSocket(const rtc::Address& address)
    : v6_(address.v6), incoming_(std::make_unique<Batch>()), outgoing_(std::make_unique<Batch>()) {
  const std::string place = "UDP " + to_string(address);
  descriptor_ = socket(v6_ ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0) fail_to_listen(place, errno);
  const int no = 0;
  if (v6_) setsockopt(descriptor_, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
  for (const int buffer : {SO_RCVBUF, SO_SNDBUF}) {
    setsockopt(descriptor_, SOL_SOCKET, buffer, &kKernelBuffer, sizeof kKernelBuffer);
  }
  sockaddr_storage storage{};
  socklen_t size = to_socket_address(address, v6_, storage);
  if (bind(descriptor_, reinterpret_cast<const sockaddr*>(&storage), size) != 0 ||
      getsockname(descriptor_, reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
    const int error = errno;
    close(descriptor_);
    fail_to_listen(place, error);
  }
  port_ = from_socket_address(storage).port;
}

UdpSocket::~UdpSocket() { close(descriptor_); }

std::size_t UdpSocket::receive(
    const std::function<void(const rtc::Address&, std::span<std::uint8_t>)>& take) {
  Batch& batch = *incoming_;
  const int count = recvmmsg(descriptor_, batch.headers.data(), kBatch, MSG_DONTWAIT, nullptr);
  if (count <= 0) return 0;
  const auto taken = static_cast<std::size_t>(count);
  for (std::size_t i = 0; i < taken; ++i) {
    mmsghdr& header = batch.headers[i];
    const std::size_t size = (header.msg_hdr.msg_flags & MSG_TRUNC) != 0 ? 0 : header.msg_len;
    if (size > 0) take(from_socket_address(batch.addresses[i]), {batch.bytes[i].data(), size});
    header.msg_hdr.msg_namelen = sizeof batch.addresses[i];
  }
  received_ += taken;
  return taken;
}

void UdpSocket::send(const rtc::Address& to, std::span<const std::uint8_t> bytes) {
  if (bytes.size() > kMaxDatagram || (to.v6 && !v6_)) {
    ++unsent_;
    return;
  }
  if (waiting_ == kBatch) flush();
  Batch& batch = *outgoing_;
  std::ranges::copy(bytes, batch.bytes[waiting_].begin());
  batch.parts[waiting_].iov_len = bytes.size();
  batch.headers[waiting_].msg_hdr.msg_namelen =
      to_socket_address(to, v6_, batch.addresses[waiting_]);
  ++waiting_;
}

void UdpSocket::flush() {
  std::size_t first = 0;
  while (first < waiting_) {
    const int count = sendmmsg(descriptor_, outgoing_->headers.data() + first,
                               static_cast<unsigned>(waiting_ - first), MSG_DONTWAIT);
    if (count > 0) {
      sent_ += static_cast<std::size_t>(count);
      first += static_cast<std::size_t>(count);
    } else if (count < 0 && errno == EINTR) {
      continue;
    } else {
      // The first one failed: a full buffer, or an ICMP error of an earlier one. The next may pass.
      ++unsent_;
      ++first;
    }
  }
  waiting_ = 0;
}

std::vector<std::string> interface_addresses(bool with_v6) {
  std::vector<std::string> found;
  std::vector<std::string> loopback;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return found;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || (entry->ifa_flags & IFF_UP) == 0) continue;
    const int family = entry->ifa_addr->sa_family;
    if (family != AF_INET && !(family == AF_INET6 && with_v6)) continue;
    sockaddr_storage storage{};
    std::memcpy(&storage, entry->ifa_addr,
                family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    const rtc::Address address = from_socket_address(storage);
    const bool link_local = address.v6 && address.bytes[0] == 0xFE;
    if (link_local) continue;
    ((entry->ifa_flags & IFF_LOOPBACK) != 0 ? loopback : found).push_back(ip_text(address));
  }
  freeifaddrs(list);
  found.insert(found.end(), loopback.begin(), loopback.end());
  return found;
}

}  // namespace remotemedia::server
