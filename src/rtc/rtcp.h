#pragma once

#include "rtc/bytes.h"
#include "rtc/parsed.h"

#include <array>
#include <cstdint>
#include <optional>

namespace remotemedia::rtc {

/// What a receiver says of one stream (RFC 3550, 6.4.1).
struct ReportBlock {
  std::uint32_t ssrc = 0;
  std::uint8_t fraction_lost = 0;  ///< in 1/256
  std::int32_t lost = 0;           ///< 24 bits, signed
  std::uint32_t highest_sequence = 0;
  std::uint32_t jitter = 0;          ///< in units of the stream's clock
  std::uint32_t last_sr = 0;         ///< middle 32 bits of the NTP time of the last SR; 0: none
  std::uint32_t delay_since_sr = 0;  ///< in 1/65536 s
};

struct SenderInfo {
  std::uint64_t ntp = 0;  ///< 32.32 bits of seconds
  std::uint32_t rtp_timestamp = 0;
  std::uint32_t packets = 0;
  std::uint32_t octets = 0;
};

/// What is used of a datagram of RTCP: compound or reduced-size (RFC 5506). Blocks of other types
/// are checked for their length and passed over. More than the arrays hold is left out.
struct RtcpCompound {
  static constexpr std::size_t kMaxBlocks = 8;

  std::uint32_t sender = 0;  ///< SSRC of the first block that has one
  std::optional<SenderInfo> sender_info;
  std::array<ReportBlock, kMaxBlocks> reports;
  std::size_t report_count = 0;
  std::array<std::uint32_t, kMaxBlocks> bye;
  std::size_t bye_count = 0;
  std::size_t nack_count = 0;  ///< sequence numbers asked for again (RFC 4585)
  std::size_t pli_count = 0;
};

Parsed<RtcpCompound> parse_rtcp(Bytes datagram);

/// SR, or RR if there is no `info`; with the report block if there is one.
void write_report(DatagramWriter& out, std::uint32_t ssrc, const std::optional<SenderInfo>& info,
                  const std::optional<ReportBlock>& report);
/// SDES with CNAME, at most 255 bytes.
void write_sdes(DatagramWriter& out, std::uint32_t ssrc, std::string_view cname);
void write_bye(DatagramWriter& out, std::uint32_t ssrc);

}  // namespace remotemedia::rtc
