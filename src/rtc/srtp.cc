#include "rtc/srtp.h"

#include "rtc/rtp.h"

#include <algorithm>

namespace remotemedia::rtc {
namespace {

constexpr std::size_t kRtcpHeader = 8;
constexpr std::size_t kWord = 4;
constexpr std::uint32_t kEncrypted = 0x8000'0000;  // beside the index of SRTCP
constexpr std::int64_t kMaxRtcpIndex = 0x7FFF'FFFF;
constexpr std::int64_t kMaxRtpIndex = 0xFFFF'FFFF'FFFF;

using Word = std::array<std::uint8_t, kWord>;

Word word_of(std::uint64_t value) {
  return {static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
          static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

/// Bytes that are authenticated but stay readable: header, CSRC list and extensions. Nothing if the
/// packet is no RTP, or ends within them.
std::optional<std::size_t> clear_size(Bytes packet) {
  if (packet.size() < kRtpHeader || packet[0] >> 6 != 2) return std::nullopt;
  std::size_t size = kRtpHeader + std::size_t{4} * (packet[0] & 0xFU);
  if ((packet[0] & 0x10U) != 0) {
    if (size + kWord > packet.size()) return std::nullopt;
    size += kWord + std::size_t{4} * read_u16(packet, size + 2);
  }
  return size <= packet.size() ? std::optional(size) : std::nullopt;
}

}  // namespace

const ReplayWindow& Srtp::Flow::window(std::uint32_t ssrc) const {
  static constexpr ReplayWindow kEmpty;
  const auto found = std::ranges::find(streams_, ssrc, &Stream::ssrc);
  return found == streams_.end() ? kEmpty : found->packets;
}

void Srtp::Flow::add(std::uint32_t ssrc, std::int64_t index) {
  auto at = std::ranges::find(streams_, ssrc, &Stream::ssrc);
  if (at == streams_.end() && streams_.size() < kMaxStreams) {
    at = streams_.insert(at, Stream{.ssrc = ssrc});
  } else if (at == streams_.end()) {
    at = std::ranges::min_element(streams_, {}, &Stream::last_used);
    *at = Stream{.ssrc = ssrc};
  }
  at->last_used = ++uses_;
  at->packets.add(index);
}

Srtp::Srtp(const SrtpKeys& keys)
    : rtp_in_(keys.profile, keys.theirs, SrtpCipher::Use::rtp),
      rtcp_in_(keys.profile, keys.theirs, SrtpCipher::Use::rtcp),
      rtp_out_(keys.profile, keys.ours, SrtpCipher::Use::rtp),
      rtcp_out_(keys.profile, keys.ours, SrtpCipher::Use::rtcp) {}

namespace {

/// Of the packet, as it is guessed from its sequence number (RFC 3711, 3.3.1); below 0 if the
/// packet is older than the stream.
std::int64_t index_of(std::int64_t highest, Bytes packet) {
  const std::uint16_t sequence = read_u16(packet, 2);
  return highest < 0 ? sequence : extend(highest, sequence);
}

/// What is signed behind the packet with HMAC, where an AEAD has it in the nonce.
Bytes signed_rollover(const SrtpCipher& cipher, const Word& rollover) {
  return cipher.is_aead() ? Bytes() : Bytes(rollover);
}

}  // namespace

bool Srtp::protect_rtp(std::span<std::uint8_t> memory, std::size_t& size) {
  SrtpCipher& cipher = rtp_out_.cipher;
  const auto clear = clear_size(memory.first(size));
  if (!clear || memory.size() < size + cipher.tag_size()) return false;
  const std::uint32_t ssrc = read_u32(memory, 8);
  const ReplayWindow& window = rtp_out_.window(ssrc);
  const std::int64_t index = index_of(window.highest(), memory);
  if (!window.is_new(index) || index > kMaxRtpIndex) return false;
  const Word rollover = word_of(static_cast<std::uint64_t>(index) >> 16);
  const SrtpCipher::Message message{ssrc, static_cast<std::uint64_t>(index), memory.first(*clear),
                                    signed_rollover(cipher, rollover)};
  // Used up, whatever becomes of it: two texts under one nonce would give the key away.
  rtp_out_.add(ssrc, index);
  if (!cipher.seal(message, memory.subspan(*clear, size - *clear),
                   memory.subspan(size, cipher.tag_size()))) {
    return false;
  }
  size += cipher.tag_size();
  return true;
}

std::optional<Drop> Srtp::unprotect_rtp(std::span<std::uint8_t> packet, std::size_t& size) {
  SrtpCipher& cipher = rtp_in_.cipher;
  const std::size_t tag = cipher.tag_size();
  const auto clear = clear_size(packet.first(size));
  if (!clear || size < *clear + tag) return Drop::srtp_rejected;
  const std::uint32_t ssrc = read_u32(packet, 8);
  const ReplayWindow& window = rtp_in_.window(ssrc);
  const std::int64_t index = index_of(window.highest(), packet);
  if (!window.is_new(index)) return Drop::srtp_replayed;
  if (index > kMaxRtpIndex) return Drop::srtp_rejected;
  const Word rollover = word_of(static_cast<std::uint64_t>(index) >> 16);
  const SrtpCipher::Message message{ssrc, static_cast<std::uint64_t>(index), packet.first(*clear),
                                    signed_rollover(cipher, rollover)};
  const auto text = packet.subspan(*clear, size - tag - *clear);
  if (!cipher.open(message, text, packet.subspan(size - tag, tag))) return Drop::srtp_rejected;
  rtp_in_.add(ssrc, index);
  size -= tag;
  return std::nullopt;
}

// SRTCP ends with its index and the tag, in this order with HMAC and in the other with an AEAD.

bool Srtp::protect_rtcp(std::span<std::uint8_t> memory, std::size_t& size) {
  SrtpCipher& cipher = rtcp_out_.cipher;
  const std::size_t tag = cipher.tag_size();
  if (size < kRtcpHeader || memory.size() < size + tag + kWord) return false;
  const std::uint32_t ssrc = read_u32(memory, 4);
  const std::int64_t index = std::max<std::int64_t>(rtcp_out_.window(ssrc).highest(), 0) + 1;
  if (index > kMaxRtcpIndex) return false;
  const Word word = word_of(kEncrypted | static_cast<std::uint32_t>(index));
  const SrtpCipher::Message message{ssrc, static_cast<std::uint64_t>(index),
                                    memory.first(kRtcpHeader), word};
  rtcp_out_.add(ssrc, index);
  const auto end = memory.subspan(size, tag + kWord);
  std::ranges::copy(word, end.begin() + static_cast<std::ptrdiff_t>(cipher.is_aead() ? tag : 0));
  if (!cipher.seal(message, memory.subspan(kRtcpHeader, size - kRtcpHeader),
                   end.subspan(cipher.is_aead() ? 0 : kWord, tag))) {
    return false;
  }
  size += end.size();
  return true;
}

std::optional<Drop> Srtp::unprotect_rtcp(std::span<std::uint8_t> packet, std::size_t& size) {
  SrtpCipher& cipher = rtcp_in_.cipher;
  const std::size_t tag = cipher.tag_size();
  if (size < kRtcpHeader + tag + kWord) return Drop::srtp_rejected;
  const auto end = packet.subspan(size - tag - kWord, tag + kWord);
  const std::uint32_t value = read_u32(end, cipher.is_aead() ? tag : 0);
  if ((value & kEncrypted) == 0) return Drop::srtp_rejected;
  const std::int64_t index = value & ~kEncrypted;
  const std::uint32_t ssrc = read_u32(packet, 4);
  if (!rtcp_in_.window(ssrc).is_new(index)) return Drop::srtp_replayed;
  const Word word = word_of(value);
  const SrtpCipher::Message message{ssrc, static_cast<std::uint64_t>(index),
                                    packet.first(kRtcpHeader), word};
  const auto text = packet.subspan(kRtcpHeader, size - end.size() - kRtcpHeader);
  if (!cipher.open(message, text, end.subspan(cipher.is_aead() ? 0 : kWord, tag))) {
    return Drop::srtp_rejected;
  }
  rtcp_in_.add(ssrc, index);
  size -= end.size();
  return std::nullopt;
}

}  // namespace remotemedia::rtc
