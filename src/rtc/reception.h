#pragma once

#include "remotemedia/base/time.h"
#include "rtc/rtcp.h"
#include "rtc/rtp.h"

#include <optional>

namespace remotemedia::rtc {

/// Time as NTP writes it, 32.32 bits of seconds, from an epoch of our own.
std::uint64_t ntp_of(Time time);

/// What reports say of one incoming stream (RFC 3550, A.3 and A.8).
class Reception {
 public:
  explicit Reception(const RtpPacket& first) : ssrc_(first.ssrc), highest_(first.sequence) {
    base_ = highest_;
  }

  void add(const RtpPacket& packet, Time now);
  void add_sender_report(const SenderInfo& info, Time now);
  /// Loss is that since the last report.
  ReportBlock report(Time now);

  [[nodiscard]] std::uint32_t ssrc() const { return ssrc_; }
  [[nodiscard]] Time last_packet() const { return last_packet_; }

 private:
  std::uint32_t ssrc_;
  std::int64_t highest_;
  std::int64_t base_;
  std::int64_t received_ = 0;
  std::int64_t expected_before_ = 0;
  std::int64_t received_before_ = 0;
  double jitter_ = 0;  // in units of 1/48000 s
  std::optional<std::uint32_t> last_transit_;
  Time last_packet_{};
  std::uint32_t last_sr_ = 0;
  Time last_sr_at_{};
};

}  // namespace remotemedia::rtc
