#include "rtc/sctp.h"
#include "rtc/sctp_stack.h"
#include "rtc/usrsctp_socket.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <bitset>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <utility>
#include <vector>

namespace remotemedia::rtc {
namespace {

/// Timers run with whatever else the session does, and by themselves after so long: then sessions
/// with audio, which have something to do every 20 or 40 ms, need no moment for them alone.
constexpr Time kSctpTick = std::chrono::milliseconds(50);
constexpr Time kLeastWait = std::chrono::milliseconds(10);
constexpr std::size_t kPiece = 16U << 10U;  // of a message, read at a time

class UsrsctpTransport final : public SctpTransport {
 public:
  UsrsctpTransport(const SctpSettings& settings, SctpOutput& output)
      : settings_(settings), output_(&output) {
    const auto guard = stack_.lock();
    id_ = stack_.add(outbox_);
  }
  ~UsrsctpTransport() override {
    const auto guard = stack_.lock();
    if (socket_ != nullptr) usrsctp_close(socket_);
    stack_.remove(id_);
  }
  UsrsctpTransport(const UsrsctpTransport&) = delete;
  UsrsctpTransport& operator=(const UsrsctpTransport&) = delete;

  bool begin(Time now) {
    // Before there is something to time, so that none of the past counts.
    stack_.advance(now);
    last_advance_ = now - kSctpTick;
    const auto guard = stack_.lock();
    socket_ = open_usrsctp_socket(id_, settings_.peer_port);
    return socket_ != nullptr;
  }

  std::optional<Drop> receive(Bytes packet, Time) override {
    if (!is_between_the_ends(packet, settings_)) return Drop::sctp_malformed;
    if (lost_) return Drop::after_end;
    {
      const auto guard = stack_.lock();
      // NOLINTNEXTLINE(performance-no-int-to-ptr): usrsctp takes an address, and never reads there
      usrsctp_conninput(reinterpret_cast<void*>(id_), packet.data(), packet.size(), 0);
    }
    settle();
    return std::nullopt;
  }

  bool send(const SctpMessage& message, Time) override {
    if (lost_ || message.stream >= streams_) return false;
    sctp_sendv_spa how{};
    how.sendv_flags = SCTP_SEND_SNDINFO_VALID;
    how.sendv_sndinfo.snd_sid = message.stream;
    how.sendv_sndinfo.snd_ppid = htonl(message.protocol);
    if (!message.delivery.ordered) how.sendv_sndinfo.snd_flags = SCTP_UNORDERED;
    if (message.delivery.reliability != dcep::Reliability::full) {
      how.sendv_flags |= SCTP_SEND_PRINFO_VALID;
      how.sendv_prinfo.pr_policy = message.delivery.reliability == dcep::Reliability::retransmits
                                       ? SCTP_PR_SCTP_RTX
                                       : SCTP_PR_SCTP_TTL;
      how.sendv_prinfo.pr_value = message.delivery.limit;
    }
    ssize_t sent = -1;
    {
      const auto guard = stack_.lock();
      sent = usrsctp_sendv(socket_, message.bytes.data(), message.bytes.size(), nullptr, 0, &how,
                           sizeof how, SCTP_SENDV_SPA, 0);
    }
    flush();
    return sent >= 0;
  }

  void reset(std::uint16_t stream, Time) override {
    if (stream >= streams_) return;
    resets_due_.set(stream);
    request_resets();
    flush();
  }

  void advance(Time now) override {
    if (now < last_advance_ + kLeastWait) return;
    last_advance_ = now;
    stack_.advance(now);
    // Of a timer come packets only: nothing is given up (kMaxAttempts) that one could read of.
    request_resets();
    flush();
  }

  [[nodiscard]] Time next_timeout() const override {
    return lost_ ? Time::max() : last_advance_ + kSctpTick;
  }
  [[nodiscard]] std::uint16_t streams() const override { return streams_; }
  [[nodiscard]] std::uint64_t packets_dropped() const override { return outbox_->dropped(); }

 private:
  /// Packets out first: they answer what came in. Then what came in, and what is said to that.
  void settle() {
    flush();
    read();
    request_resets();
    flush();
  }

  void flush() {
    for (const auto& packet : outbox_->take()) output_->on_sctp_packet(packet);
  }

  void read() {
    std::array<std::uint8_t, kPiece> piece;
    while (!lost_) {
      sctp_rcvinfo info{};
      sockaddr_conn from{};
      socklen_t from_size = sizeof from;
      socklen_t info_size = sizeof info;
      unsigned int info_type = SCTP_RECVV_NOINFO;
      int flags = 0;
      ssize_t count = -1;
      int problem = 0;
      {
        const auto guard = stack_.lock();
        count =
            usrsctp_recvv(socket_, piece.data(), piece.size(), reinterpret_cast<sockaddr*>(&from),
                          &from_size, &info, &info_size, &info_type, &flags);
        problem = errno;
      }
      if (count < 0 && (problem == EWOULDBLOCK || problem == EINPROGRESS)) return;
      // Before it is up there is nothing to read either.
      if (count < 0 && problem == ENOTCONN && streams_ == 0) return;
      if (count <= 0) return lose();
      const auto bytes = Bytes(piece).first(static_cast<std::size_t>(count));
      if ((flags & MSG_NOTIFICATION) != 0) {
        take_notification(bytes);
      } else if (info_type == SCTP_RECVV_RCVINFO) {
        take_piece(bytes, info, (flags & MSG_EOR) != 0);
      }
    }
  }

  void take_piece(Bytes bytes, const sctp_rcvinfo& info, bool last) {
    if (info.rcv_sid != partial_stream_) forget_partial();
    partial_stream_ = info.rcv_sid;
    if (partial_.size() + bytes.size() > settings_.max_message) too_long_ = true;
    if (!last) {
      if (too_long_) {
        partial_ = {};
      } else {
        partial_.insert(partial_.end(), bytes.begin(), bytes.end());
      }
      return;
    }
    if (too_long_) {
      output_->on_sctp_too_long(info.rcv_sid);
    } else if (partial_.empty()) {
      give(info, bytes);
    } else {
      partial_.insert(partial_.end(), bytes.begin(), bytes.end());
      give(info, partial_);
    }
    forget_partial();
  }

  void give(const sctp_rcvinfo& info, Bytes bytes) {
    output_->on_sctp_message(
        {.stream = info.rcv_sid, .protocol = ntohl(info.rcv_ppid), .bytes = bytes, .delivery = {}});
  }

  void forget_partial() {
    partial_ = {};
    too_long_ = false;
  }

  void take_notification(Bytes bytes) {
    sctp_notification::sctp_tlv header{};
    if (bytes.size() < sizeof header) return;
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.sn_type == SCTP_ASSOC_CHANGE) take_change(bytes);
    if (header.sn_type == SCTP_STREAM_RESET_EVENT) take_reset(bytes);
    if (header.sn_type == SCTP_PARTIAL_DELIVERY_EVENT) forget_partial();
  }

  void take_change(Bytes bytes) {
    sctp_assoc_change change{};
    if (bytes.size() < sizeof change) return;
    std::memcpy(&change, bytes.data(), sizeof change);
    if (change.sac_state == SCTP_COMM_UP) {
      streams_ = std::min<std::uint16_t>(change.sac_outbound_streams, kSctpStreams);
      output_->on_sctp_up();
    } else {
      lose();  // a restart too: channels do not outlive it
    }
  }

  void take_reset(Bytes bytes) {
    sctp_stream_reset_event event{};
    if (bytes.size() < sizeof event) return;
    std::memcpy(&event, bytes.data(), sizeof event);
    const auto tell = [this, flags = event.strreset_flags](std::uint16_t stream) {
      const bool refused = (flags & (SCTP_STREAM_RESET_DENIED | SCTP_STREAM_RESET_FAILED)) != 0;
      if ((flags & SCTP_STREAM_RESET_OUTGOING_SSN) != 0) output_->on_sctp_reset_done(stream);
      if ((flags & SCTP_STREAM_RESET_INCOMING_SSN) != 0 && !refused) {
        output_->on_sctp_reset_by_peer(stream);
      }
    };
    const std::size_t listed = (bytes.size() - sizeof event) / 2;
    for (std::size_t i = 0; i < listed; ++i) {
      std::uint16_t stream = 0;
      std::memcpy(&stream, bytes.data() + sizeof event + 2 * i, 2);
      tell(stream);
    }
    for (std::uint16_t stream = 0; listed == 0 && stream < kSctpStreams; ++stream) tell(stream);
  }

  /// usrsctp takes one request at a time and refuses another until it is answered.
  void request_resets() {
    if (lost_ || resets_due_.none()) return;
    constexpr std::size_t kHead = sizeof(sctp_reset_streams);
    alignas(sctp_reset_streams) std::array<std::uint8_t, kHead + std::size_t{2} * kSctpStreams>
        request{};
    sctp_reset_streams head{};
    head.srs_assoc_id = SCTP_ALL_ASSOC;
    head.srs_flags = SCTP_STREAM_RESET_OUTGOING;
    for (std::uint16_t stream = 0; stream < kSctpStreams; ++stream) {
      if (!resets_due_.test(stream)) continue;
      std::memcpy(request.data() + kHead + std::size_t{2} * head.srs_number_streams++, &stream, 2);
    }
    std::memcpy(request.data(), &head, kHead);
    const auto size = static_cast<socklen_t>(kHead + std::size_t{2} * head.srs_number_streams);
    const auto guard = stack_.lock();
    if (usrsctp_setsockopt(socket_, IPPROTO_SCTP, SCTP_RESET_STREAMS, request.data(), size) == 0) {
      resets_due_.reset();
    }
  }

  void lose() {
    if (std::exchange(lost_, true)) return;
    streams_ = 0;
    forget_partial();
    output_->on_sctp_lost();
  }

  SctpSettings settings_;
  SctpOutput* output_;
  SctpStack& stack_ = SctpStack::instance();
  std::shared_ptr<SctpOutbox> outbox_ = std::make_shared<SctpOutbox>();
  std::uintptr_t id_ = 0;
  struct socket* socket_ = nullptr;
  std::uint16_t streams_ = 0;
  bool lost_ = false;
  Time last_advance_{};
  std::bitset<kSctpStreams> resets_due_;
  std::vector<std::uint8_t> partial_;  // of the one message that is read in pieces
  std::uint16_t partial_stream_ = 0;
  bool too_long_ = false;
};

}  // namespace

std::unique_ptr<SctpTransport> make_usrsctp_transport(const SctpSettings& settings,
                                                      SctpOutput& output, Time now) {
  auto transport = std::make_unique<UsrsctpTransport>(settings, output);
  if (!transport->begin(now)) return nullptr;
  return transport;
}

}  // namespace remotemedia::rtc
