#pragma once

#include "remotemedia/base/time.h"
#include "remotemedia/rtc/drop.h"
#include "rtc/bytes.h"
#include "rtc/dcep.h"

#include <cstdint>
#include <memory>
#include <optional>

namespace remotemedia::rtc {

/// The most that an SCTP packet of ours holds: as a DTLS record it fits one datagram, whichever of
/// our ciphers is used (at most 65 bytes more, with CBC).
inline constexpr std::size_t kMaxSctpPacket = 1'132;
inline constexpr std::size_t kSctpHeader = 12;
inline constexpr std::uint16_t kSctpPort = 5'000;        ///< ours
inline constexpr std::uint16_t kSctpStreams = 256;       ///< the most in each direction
inline constexpr std::size_t kMaxDataMessage = 262'144;  ///< bytes of a message, either way
inline constexpr std::size_t kSctpQueue = 1U << 20U;     ///< bytes that wait to be sent or joined

/// A message on a stream of an association.
struct SctpMessage {
  std::uint16_t stream = 0;
  std::uint32_t protocol = 0;  ///< what the bytes are, e.g. kDcepProtocol
  Bytes bytes;                 ///< valid during the call; not empty
  dcep::Delivery delivery;     ///< of messages that are sent
};

/// What an association gives. Called from within its methods; may call `send` and `reset`.
class SctpOutput {
 public:
  virtual ~SctpOutput() = default;
  /// To be sent as one DTLS record. At most kMaxSctpPacket bytes, valid during the call.
  virtual void on_sctp_packet(Bytes packet) = 0;
  virtual void on_sctp_up() = 0;
  virtual void on_sctp_message(const SctpMessage& message) = 0;
  /// The peer sent a message that is longer than the limit.
  virtual void on_sctp_too_long(std::uint16_t stream) = 0;
  /// The peer sends no more on the stream, until it is used anew (RFC 6525).
  virtual void on_sctp_reset_by_peer(std::uint16_t stream) = 0;
  /// The peer knows that `reset` was asked for: we may use the stream anew.
  virtual void on_sctp_reset_done(std::uint16_t stream) = 0;
  /// It is over; nothing more comes.
  virtual void on_sctp_lost() = 0;
  /// Of an association that a worker carries, on the worker's thread: there is something for
  /// `advance`. Not told again before that.
  virtual void on_sctp_waiting() {}
};

/// One SCTP association (RFC 9260) over DTLS (RFC 8261), from INIT on. Both sides may begin. Of one
/// thread at a time.
class SctpTransport {
 public:
  virtual ~SctpTransport() = default;
  /// Takes a packet, then gives what has become complete.
  virtual std::optional<Drop> receive(Bytes packet, Time now) = 0;
  /// All of the message or nothing; false if there is no room, or the stream cannot be used.
  virtual bool send(const SctpMessage& message, Time now) = 0;
  /// Ends our side of a stream after what was sent on it.
  virtual void reset(std::uint16_t stream, Time now) = 0;
  virtual void advance(Time now) = 0;
  [[nodiscard]] virtual Time next_timeout() const = 0;
  /// Streams we may send on: 0 .. streams()-1. 0 before it is up.
  [[nodiscard]] virtual std::uint16_t streams() const = 0;
  /// Packets of ours that were lost before they left.
  [[nodiscard]] virtual std::uint64_t packets_dropped() const = 0;
};

struct SctpSettings {
  std::uint16_t peer_port = kSctpPort;
  std::size_t max_message = kMaxDataMessage;  ///< bytes of a received message
};

/// Only these two ends exist; anything else would be answered with ABORT.
inline bool is_between_the_ends(Bytes packet, const SctpSettings& settings) {
  return packet.size() >= kSctpHeader && read_u16(packet, 0) == settings.peer_port &&
         read_u16(packet, 2) == kSctpPort;
}

/// An association in usrsctp, which begins at once. Null if there is no memory for it.
std::unique_ptr<SctpTransport> make_usrsctp_transport(const SctpSettings& settings,
                                                      SctpOutput& output, Time now);

}  // namespace remotemedia::rtc
