#include "rtc/rtp.h"

namespace remotemedia::rtc {
namespace {

constexpr std::uint16_t kOneByteProfile = 0xBEDE;
constexpr std::uint16_t kTwoByteProfile = 0x1000;  // and the 15 above it

}  // namespace

Parsed<RtpPacket> parse_rtp(Bytes datagram) {
  if (datagram.size() < kRtpHeader || datagram[0] >> 6 != 2) return Drop::rtp_malformed;
  RtpPacket packet;
  packet.marker = (datagram[1] & 0x80) != 0;
  packet.payload_type = datagram[1] & 0x7F;
  packet.sequence = read_u16(datagram, 2);
  packet.timestamp = read_u32(datagram, 4);
  packet.ssrc = read_u32(datagram, 8);
  std::size_t at = kRtpHeader + std::size_t{4} * (datagram[0] & 0xF);
  if ((datagram[0] & 0x10) != 0) {
    if (at + 4 > datagram.size()) return Drop::rtp_malformed;
    packet.extension_profile = read_u16(datagram, at);
    const std::size_t size = std::size_t{4} * read_u16(datagram, at + 2);
    at += 4;
    if (size > datagram.size() - at) return Drop::rtp_malformed;
    packet.extensions = datagram.subspan(at, size);
    at += size;
  }
  if (at > datagram.size()) return Drop::rtp_malformed;
  packet.payload = datagram.subspan(at);
  if ((datagram[0] & 0x20) != 0) {
    if (packet.payload.empty()) return Drop::rtp_malformed;
    const std::size_t padding = packet.payload.back();
    if (padding == 0 || padding > packet.payload.size()) return Drop::rtp_malformed;
    packet.payload = packet.payload.first(packet.payload.size() - padding);
  }
  return packet;
}

std::optional<Bytes> find_extension(const RtpPacket& packet, int id) {
  const bool one_byte = packet.extension_profile == kOneByteProfile;
  if (!one_byte && (packet.extension_profile & 0xFFF0) != kTwoByteProfile) return std::nullopt;
  const Bytes bytes = packet.extensions;
  for (std::size_t at = 0; at < bytes.size();) {
    if (bytes[at] == 0) {  // padding
      ++at;
      continue;
    }
    if (!one_byte && at + 1 == bytes.size()) return std::nullopt;
    const int found = one_byte ? bytes[at] >> 4 : bytes[at];
    const std::size_t size = one_byte ? (bytes[at] & 0xFU) + 1U : bytes[at + 1];
    at += one_byte ? 1 : 2;
    if ((one_byte && found == 15) || size > bytes.size() - at) return std::nullopt;
    if (found == id) return bytes.subspan(at, size);
    at += size;
  }
  return std::nullopt;
}

void write_rtp_header(DatagramWriter& out, const RtpPacket& header,
                      const RtpExtensions& extensions) {
  const bool extended = extensions.mid_id != 0 || extensions.level_id != 0;
  out.u8(0x80U | (extended ? 0x10U : 0U));
  out.u8((header.marker ? 0x80U : 0U) | header.payload_type);
  out.u16(header.sequence);
  out.u32(header.timestamp);
  out.u32(header.ssrc);
  if (!extended) return;
  out.u16(kOneByteProfile);
  const std::size_t length_at = out.size();
  out.u16(0);
  if (extensions.mid_id != 0) {
    out.u8(static_cast<std::uint32_t>(extensions.mid_id << 4) |
           static_cast<std::uint32_t>(extensions.mid.size() - 1));
    out.text(extensions.mid);
  }
  if (extensions.level_id != 0) {
    out.u8(static_cast<std::uint32_t>(extensions.level_id << 4));
    out.u8((extensions.voice ? 0x80U : 0U) | extensions.level);
  }
  out.pad();
  out.put_u16(length_at, (out.size() - length_at - 2) / 4);
}

}  // namespace remotemedia::rtc
