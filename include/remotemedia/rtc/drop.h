#pragma once

#include <cstddef>
#include <cstdint>

namespace remotemedia::rtc {

/// Why something that came from the network had no effect. Each is counted; none is answered.
enum class Drop : std::uint8_t {
  unknown_protocol,    ///< the first byte is none of STUN, DTLS, RTP and RTCP
  too_fast,            ///< more of their kind a second than EndpointOptions::max_datagrams_per_s
  stun_malformed,      ///< lengths, cookie or fingerprint are wrong
  stun_unexpected,     ///< not a binding request, or a response to no request of ours
  stun_unknown_user,   ///< the user name is not ours
  stun_bad_integrity,  ///< made without our password
  unverified_source,   ///< DTLS or media from an address that has passed no check
  dtls_rejected,       ///< OpenSSL refused it
  application_data,    ///< data inside DTLS; data channels are not negotiated
  too_early,           ///< media before the keys are there
  rtp_malformed,
  rtcp_malformed,
  srtp_rejected,           ///< authentication failed
  srtp_replayed,           ///< seen before, or older than the replay window
  too_many_streams,        ///< one SSRC more than the limit
  unknown_payload,         ///< a payload type that was not negotiated
  audio_not_wanted,        ///< audio, though the answer does not receive any
  audio_malformed,         ///< no Opus packet
  audio_duplicate,         ///< a sequence number that is in the jitter buffer
  audio_late,              ///< its time has been played
  audio_overflow,          ///< the jitter buffer was full; the oldest packet went
  sctp_malformed,          ///< data inside DTLS that is no SCTP packet between the negotiated ports
  data_malformed,          ///< no DCEP message, or one that does not fit the state of its channel
  data_unknown_protocol,   ///< neither text nor binary, or a part of a message (deprecated)
  data_no_channel,         ///< a message of a channel that is not open
  data_too_long,           ///< a message of more than 256 KiB; its channel is closed
  data_too_many_channels,  ///< one more than 64; it is closed
  after_end,               ///< anything after the session has ended
};
inline constexpr std::size_t kDropReasons = static_cast<std::size_t>(Drop::after_end) + 1;

/// "stun_malformed", ...
const char* to_string(Drop drop);

}  // namespace remotemedia::rtc
