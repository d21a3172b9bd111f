#pragma once

#include <cstddef>
#include <cstdint>

namespace remotemedia::rtc {

/// Why something that came from the network had no effect. Each is counted; none is answered.
enum class Drop : std::uint8_t {
  unknown_protocol,    ///< the first byte is none of STUN, DTLS, RTP and RTCP
  too_fast,            ///< more datagrams a second than EndpointOptions::max_datagrams_per_s
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
  srtp_rejected,     ///< authentication failed
  srtp_replayed,     ///< seen before, or older than the replay window
  too_many_streams,  ///< one SSRC more than the limit
  unknown_payload,   ///< a payload type that was not negotiated
  audio_not_wanted,  ///< audio, though the answer does not receive any
  audio_malformed,   ///< no Opus packet
  audio_duplicate,   ///< a sequence number that is in the jitter buffer
  audio_late,        ///< its time has been played
  audio_overflow,    ///< the jitter buffer was full; the oldest packet went
  after_end,         ///< anything after the session has ended
};
inline constexpr std::size_t kDropReasons = static_cast<std::size_t>(Drop::after_end) + 1;

/// "stun_malformed", ...
const char* to_string(Drop drop);

}  // namespace remotemedia::rtc
