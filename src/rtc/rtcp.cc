#include "rtc/rtcp.h"

#include <algorithm>
#include <bit>

namespace remotemedia::rtc {
namespace {

enum PacketType : std::uint8_t {
  sender_report = 200,
  receiver_report = 201,
  source_description = 202,
  goodbye = 203,
  transport_feedback = 205,
  payload_feedback = 206,
};

constexpr std::size_t kHeader = 4;
constexpr std::size_t kSenderInfo = 20;
constexpr std::size_t kReportBlock = 24;
constexpr std::uint32_t kGenericNack = 1;
constexpr std::uint32_t kPictureLoss = 1;
constexpr std::uint8_t kCname = 1;

ReportBlock read_report(Bytes bytes) {
  ReportBlock report;
  report.ssrc = read_u32(bytes, 0);
  report.fraction_lost = bytes[4];
  report.lost = static_cast<std::int32_t>(read_u24(bytes, 5) << 8) >> 8;
  report.highest_sequence = read_u32(bytes, 8);
  report.jitter = read_u32(bytes, 12);
  report.last_sr = read_u32(bytes, 16);
  report.delay_since_sr = read_u32(bytes, 20);
  return report;
}

/// `body` begins with the sender's SSRC. `skip` is what stands between it and the blocks.
bool read_reports(Bytes body, std::size_t count, std::size_t skip, RtcpCompound& compound) {
  if (body.size() < 4 + skip + count * kReportBlock) return false;
  for (std::size_t i = 0; i < count && compound.report_count < RtcpCompound::kMaxBlocks; ++i) {
    compound.reports[compound.report_count++] =
        read_report(body.subspan(4 + skip + i * kReportBlock));
  }
  return true;
}

bool read_sender(Bytes body, std::size_t count, RtcpCompound& compound) {
  if (!read_reports(body, count, kSenderInfo, compound)) return false;
  compound.sender_info =
      SenderInfo{read_u64(body, 4), read_u32(body, 12), read_u32(body, 16), read_u32(body, 20)};
  return true;
}

bool read_bye(Bytes body, std::size_t count, RtcpCompound& compound) {
  if (body.size() < count * 4) return false;
  for (std::size_t i = 0; i < count && compound.bye_count < RtcpCompound::kMaxBlocks; ++i) {
    compound.bye[compound.bye_count++] = read_u32(body, i * 4);
  }
  return true;
}

bool read_feedback(Bytes body, bool transport, std::uint32_t format, RtcpCompound& compound) {
  if (body.size() < 8) return false;
  if (transport && format == kGenericNack) {
    for (std::size_t at = 8; at + 4 <= body.size(); at += 4) {
      compound.nack_count += 1 + static_cast<std::size_t>(std::popcount(read_u16(body, at + 2)));
    }
  }
  if (!transport && format == kPictureLoss) ++compound.pli_count;
  return true;
}

bool read_block(Bytes block, RtcpCompound& compound) {
  const std::size_t count = block[0] & 0x1F;
  const Bytes body = block.subspan(kHeader);
  if (compound.sender == 0 && body.size() >= 4) compound.sender = read_u32(body, 0);
  switch (block[1]) {
    case sender_report:
      return read_sender(body, count, compound);
    case receiver_report:
      return read_reports(body, count, 0, compound);
    case goodbye:
      return read_bye(body, count, compound);
    case transport_feedback:
    case payload_feedback:
      return read_feedback(body, block[1] == transport_feedback, block[0] & 0x1FU, compound);
    default:
      return true;
  }
}

/// The block at the beginning of `rest` without its padding; nothing if the lengths cannot be.
std::optional<Bytes> take_block(Bytes& rest) {
  if (rest.size() < kHeader || rest[0] >> 6 != 2) return std::nullopt;
  const std::size_t size = kHeader + std::size_t{4} * read_u16(rest, 2);
  if (size > rest.size()) return std::nullopt;
  Bytes block = rest.first(size);
  rest = rest.subspan(size);
  if ((block[0] & 0x20) != 0) {
    const std::size_t padding = block.back();
    // Only the last block of a compound may be padded.
    if (!rest.empty() || padding == 0 || padding > size - kHeader) return std::nullopt;
    block = block.first(size - padding);
  }
  return block;
}

void write_header(DatagramWriter& out, std::size_t count, PacketType type, std::size_t words) {
  out.u8(0x80U | static_cast<std::uint32_t>(count));
  out.u8(type);
  out.u16(static_cast<std::uint32_t>(words));
}

}  // namespace

Parsed<RtcpCompound> parse_rtcp(Bytes datagram) {
  if (datagram.empty()) return Drop::rtcp_malformed;
  RtcpCompound compound;
  while (!datagram.empty()) {
    const auto block = take_block(datagram);
    if (!block || !read_block(*block, compound)) return Drop::rtcp_malformed;
  }
  return compound;
}

void write_report(DatagramWriter& out, std::uint32_t ssrc, const std::optional<SenderInfo>& info,
                  const std::optional<ReportBlock>& report) {
  const std::size_t size = 4 + (info ? kSenderInfo : 0) + (report ? kReportBlock : 0);
  write_header(out, report ? 1 : 0, info ? sender_report : receiver_report, size / 4);
  out.u32(ssrc);
  if (info) {
    out.u64(info->ntp);
    out.u32(info->rtp_timestamp);
    out.u32(info->packets);
    out.u32(info->octets);
  }
  if (!report) return;
  out.u32(report->ssrc);
  out.u32(static_cast<std::uint32_t>(report->fraction_lost) << 24 |
          (static_cast<std::uint32_t>(report->lost) & 0xFFFFFFU));
  out.u32(report->highest_sequence);
  out.u32(report->jitter);
  out.u32(report->last_sr);
  out.u32(report->delay_since_sr);
}

void write_sdes(DatagramWriter& out, std::uint32_t ssrc, std::string_view cname) {
  // At least one zero ends the chunk.
  const std::size_t words = 1 + (2 + cname.size() + 1 + 3) / 4;
  write_header(out, 1, source_description, words);
  const std::size_t end = out.size() + words * 4;
  out.u32(ssrc);
  out.u8(kCname);
  out.u8(static_cast<std::uint32_t>(cname.size()));
  out.text(cname);
  while (out.size() < end && !out.overflowed()) out.u8(0);
}

void write_bye(DatagramWriter& out, std::uint32_t ssrc) {
  write_header(out, 1, goodbye, 1);
  out.u32(ssrc);
}

}  // namespace remotemedia::rtc
