#pragma once

#include "rtc/bytes.h"
#include "rtc/parsed.h"

#include <cstdint>
#include <optional>

namespace remotemedia::rtc {

inline constexpr std::size_t kRtpHeader = 12;

/// An RTP packet (RFC 3550, 5.1). Views point into the datagram.
struct RtpPacket {
  std::uint8_t payload_type = 0;  ///< 0..127
  bool marker = false;
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
  std::uint32_t ssrc = 0;
  std::uint16_t extension_profile = 0;  ///< 0xBEDE or 0x100x; 0 without extensions
  Bytes extensions;
  Bytes payload;
};

/// Checks version, lengths of CSRC list and extension, and padding.
Parsed<RtpPacket> parse_rtp(Bytes datagram);

/// Value of the header extension with this id (RFC 8285), one-byte and two-byte form.
std::optional<Bytes> find_extension(const RtpPacket& packet, int id);

/// Extensions that a packet of ours can carry; those with id 0 are left out.
struct RtpExtensions {
  int mid_id = 0;            ///< 1..14
  std::string_view mid;      ///< 1..16 bytes
  int level_id = 0;          ///< 1..14
  std::uint8_t level = 127;  ///< RFC 6464: 0..127, minus dB below full scale
  bool voice = false;
};

/// Header with the one-byte extensions; the payload follows.
void write_rtp_header(DatagramWriter& out, const RtpPacket& header,
                      const RtpExtensions& extensions);

/// The 64-bit number nearest to `last` whose low bits are `value`.
template <typename Wrapping>
std::int64_t extend(std::int64_t last, Wrapping value) {
  using Signed = std::make_signed_t<Wrapping>;
  return last + static_cast<Signed>(static_cast<Wrapping>(value - static_cast<Wrapping>(last)));
}

}  // namespace remotemedia::rtc
