#include "remotemedia/rtc/drop.h"

#include <array>

namespace remotemedia::rtc {

const char* to_string(Drop drop) {
  static constexpr std::array<const char*, kDropReasons> kNames = {
      "unknown_protocol",  "too_fast",           "stun_malformed",         "stun_unexpected",
      "stun_unknown_user", "stun_bad_integrity", "unverified_source",      "dtls_rejected",
      "application_data",  "too_early",          "rtp_malformed",          "rtcp_malformed",
      "srtp_rejected",     "srtp_replayed",      "too_many_streams",       "unknown_payload",
      "audio_not_wanted",  "audio_malformed",    "audio_duplicate",        "audio_late",
      "audio_overflow",    "sctp_malformed",     "data_malformed",         "data_unknown_protocol",
      "data_no_channel",   "data_too_long",      "data_too_many_channels", "after_end"};
  return kNames[static_cast<std::size_t>(drop)];
}

}  // namespace remotemedia::rtc
