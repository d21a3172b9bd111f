#include "rtc/usrsctp_socket.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>

namespace remotemedia::rtc {
namespace {

// In ms. A retransmission comes late rather than never: only ICE decides that a peer is gone.
constexpr std::uint32_t kRtoInitial = 500;
constexpr std::uint32_t kRtoMin = 200;
constexpr std::uint32_t kRtoMax = 10'000;
constexpr std::uint32_t kHeartbeat = 10'000;
constexpr std::uint32_t kSackDelay = 20;
constexpr std::uint16_t kMaxAttempts = 1'000;
constexpr std::uint16_t kInitMax = 2'000;
constexpr std::uint32_t kBurst = 10;  // packets sent at once

template <typename T>
bool set_option(struct socket* socket, int level, int name, const T& value) {
  return usrsctp_setsockopt(socket, level, name, &value, sizeof value) == 0;
}

template <typename T>
bool set_option(struct socket* socket, int name, const T& value) {
  return set_option(socket, IPPROTO_SCTP, name, value);
}

sockaddr_conn address_of(std::uintptr_t id, std::uint16_t port) {
  sockaddr_conn address{};
  address.sconn_family = AF_CONN;
  address.sconn_port = htons(port);
  // NOLINTNEXTLINE(performance-no-int-to-ptr): usrsctp takes an address, and never reads there
  address.sconn_addr = reinterpret_cast<void*>(id);
  return address;
}

bool set_events(struct socket* socket) {
  return std::ranges::all_of(
      std::array<std::uint16_t, 3>{SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT,
                                   SCTP_PARTIAL_DELIVERY_EVENT},
      [socket](std::uint16_t type) {
        const sctp_event event{.se_assoc_id = SCTP_ALL_ASSOC, .se_type = type, .se_on = 1};
        return set_option(socket, SCTP_EVENT, event);
      });
}

bool set_options(struct socket* socket) {
  const int on = 1;
  const int queue = static_cast<int>(kSctpQueue);
  sctp_rtoinfo rto{};
  rto.srto_initial = kRtoInitial;
  rto.srto_min = kRtoMin;
  rto.srto_max = kRtoMax;
  sctp_assocparams association{};
  association.sasoc_asocmaxrxt = kMaxAttempts;
  const sctp_initmsg init{.sinit_num_ostreams = kSctpStreams,
                          .sinit_max_instreams = kSctpStreams,
                          .sinit_max_attempts = kMaxAttempts,
                          .sinit_max_init_timeo = kInitMax};
  const sctp_assoc_value reset{.assoc_id = SCTP_ALL_ASSOC,
                               .assoc_value = SCTP_ENABLE_RESET_STREAM_REQ};
  const sctp_assoc_value burst{.assoc_id = SCTP_ALL_ASSOC, .assoc_value = kBurst};
  const sctp_sack_info sack{
      .sack_assoc_id = SCTP_ALL_ASSOC, .sack_delay = kSackDelay, .sack_freq = 2};
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  return usrsctp_set_non_blocking(socket, 1) == 0 &&
         set_option(socket, SOL_SOCKET, SO_LINGER, at_once) &&
         set_option(socket, SOL_SOCKET, SO_SNDBUF, queue) &&
         set_option(socket, SOL_SOCKET, SO_RCVBUF, queue) && set_option(socket, SCTP_NODELAY, on) &&
         set_option(socket, SCTP_RECVRCVINFO, on) &&
         set_option(socket, SCTP_FRAGMENT_INTERLEAVE, 0) &&
         set_option(socket, SCTP_INITMSG, init) && set_option(socket, SCTP_RTOINFO, rto) &&
         set_option(socket, SCTP_ASSOCINFO, association) &&
         set_option(socket, SCTP_DELAYED_SACK, sack) && set_option(socket, SCTP_MAX_BURST, burst) &&
         set_option(socket, SCTP_ENABLE_STREAM_RESET, reset) && set_events(socket);
}

/// Sizes are fixed: what a path takes is known from DTLS, and nothing probes it.
bool set_path(struct socket* socket, const sockaddr_conn& peer) {
  sctp_paddrparams path{};
  std::memcpy(&path.spp_address, &peer, sizeof peer);
  path.spp_flags = SPP_PMTUD_DISABLE | SPP_HB_ENABLE;
  path.spp_pathmtu = kMaxSctpPacket - kSctpHeader;  // usrsctp counts chunks only
  path.spp_hbinterval = kHeartbeat;
  path.spp_pathmaxrxt = kMaxAttempts;
  return set_option(socket, SCTP_PEER_ADDR_PARAMS, path);
}

}  // namespace

struct socket* open_usrsctp_socket(std::uintptr_t id, std::uint16_t peer_port) {
  auto* socket = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, nullptr, nullptr, 0, nullptr);
  if (socket == nullptr) return nullptr;
  sockaddr_conn ours = address_of(id, kSctpPort);
  sockaddr_conn theirs = address_of(id, peer_port);
  const auto connect = [&] {
    return usrsctp_connect(socket, reinterpret_cast<sockaddr*>(&theirs), sizeof theirs) == 0 ||
           errno == EINPROGRESS;
  };
  if (set_options(socket) &&
      usrsctp_bind(socket, reinterpret_cast<sockaddr*>(&ours), sizeof ours) == 0 && connect() &&
      set_path(socket, theirs)) {
    return socket;
  }
  usrsctp_close(socket);
  return nullptr;
}

}  // namespace remotemedia::rtc
