#include "rtc/stun.h"

#include "rtc/crypto.h"

#include <algorithm>

namespace remotemedia::rtc::stun {
namespace {

constexpr std::uint32_t kCookie = 0x2112A442;
constexpr std::uint32_t kFingerprintMask = 0x5354554E;
constexpr std::size_t kHeader = 20;
constexpr std::size_t kAttributeHeader = 4;
constexpr std::size_t kIntegritySize = 20;
constexpr std::size_t kMaxUsername = 513;  // RFC 8489, 14.3

enum Attribute : std::uint16_t {
  username = 0x0006,
  message_integrity = 0x0008,
  error_code = 0x0009,
  unknown_attributes = 0x000A,
  xor_mapped_address = 0x0020,
  priority = 0x0024,
  use_candidate = 0x0025,
  fingerprint = 0x8028,
  ice_controlled = 0x8029,
  ice_controlling = 0x802A,
};
constexpr std::uint16_t kFirstOptional = 0x8000;

std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

/// What XOR-MAPPED-ADDRESS is combined with: the cookie, then the transaction.
std::array<std::uint8_t, 16> address_mask(const TransactionId& transaction) {
  std::array<std::uint8_t, 16> mask = {0x21, 0x12, 0xA4, 0x42};
  std::ranges::copy(transaction, mask.begin() + 4);
  return mask;
}

std::optional<Address> read_mapped(Bytes value, const TransactionId& transaction) {
  if (value.size() != 8 && value.size() != 20) return std::nullopt;
  Address address;
  address.v6 = value.size() == 20;
  if (value[1] != (address.v6 ? 2 : 1)) return std::nullopt;
  address.port = static_cast<std::uint16_t>(read_u16(value, 2) ^ (kCookie >> 16));
  const auto mask = address_mask(transaction);
  for (std::size_t i = 0; i + 4 < value.size(); ++i) {
    address.bytes[i] = static_cast<std::uint8_t>(value[i + 4] ^ mask[i]);
  }
  return address;
}

/// Takes one attribute into the message. False if its size or content cannot be.
bool take(Message& message, std::uint16_t type, Bytes value) {
  switch (type) {
    case username:
      message.username = {reinterpret_cast<const char*>(value.data()), value.size()};
      return value.size() <= kMaxUsername;
    case xor_mapped_address:
      message.mapped = read_mapped(value, message.transaction);
      return message.mapped.has_value();
    case error_code:
      if (value.size() < 4) return false;
      message.error_code = (value[2] & 7) * 100 + value[3];
      return true;
    case unknown_attributes:
      return true;
    case priority:
      message.has_priority = true;
      return value.size() == 4;
    case use_candidate:
      message.use_candidate = true;
      return value.empty();
    case ice_controlled:
      message.controlled = true;
      return value.size() == 8;
    case ice_controlling:
      message.controlling = true;
      return value.size() == 8;
    default:
      if (type < kFirstOptional && message.unknown == 0) message.unknown = type;
      return true;
  }
}

bool read_header(Bytes datagram, Message& message) {
  if (datagram.size() < kHeader || datagram[0] > 0x3F) return false;
  const std::uint16_t type = read_u16(datagram, 0);
  message.kind = static_cast<Class>((type >> 4 & 1) | (type >> 7 & 2));
  message.method =
      static_cast<std::uint16_t>((type & 0xF) | (type >> 1 & 0x70) | (type >> 2 & 0xF80));
  std::ranges::copy(datagram.subspan(8, 12), message.transaction.begin());
  return read_u32(datagram, 4) == kCookie && read_u16(datagram, 2) % 4 == 0 &&
         read_u16(datagram, 2) + kHeader == datagram.size();
}

}  // namespace

Parsed<Message> parse(Bytes datagram) {
  Message message;
  if (!read_header(datagram, message)) return Drop::stun_malformed;
  for (std::size_t at = kHeader; at < datagram.size();) {
    if (message.has_fingerprint) return Drop::stun_malformed;  // it has to be the last
    if (datagram.size() - at < kAttributeHeader) return Drop::stun_malformed;
    const std::uint16_t type = read_u16(datagram, at);
    const std::size_t size = read_u16(datagram, at + 2);
    if (padded(size) > datagram.size() - at - kAttributeHeader) return Drop::stun_malformed;
    const Bytes value = datagram.subspan(at + kAttributeHeader, size);
    if (type == fingerprint) {
      if (size != 4 || (crc32(datagram.first(at)) ^ kFingerprintMask) != read_u32(value, 0)) {
        return Drop::stun_malformed;
      }
      message.has_fingerprint = true;
    } else if (message.integrity_at != 0) {
      // What follows MESSAGE-INTEGRITY is not protected by it and has to be ignored.
    } else if (type == message_integrity) {
      if (size != kIntegritySize) return Drop::stun_malformed;
      message.integrity_at = at;
    } else if (!take(message, type, value)) {
      return Drop::stun_malformed;
    }
    at += kAttributeHeader + padded(size);
  }
  return message;
}

bool has_integrity(Bytes datagram, const Message& message, std::string_view key) {
  if (message.integrity_at == 0) return false;
  // As if MESSAGE-INTEGRITY were the last attribute.
  std::array<std::uint8_t, 4> start{};
  std::ranges::copy(datagram.first(2), start.begin());
  const std::size_t length = message.integrity_at + kAttributeHeader + kIntegritySize - kHeader;
  start[2] = static_cast<std::uint8_t>(length >> 8);
  start[3] = static_cast<std::uint8_t>(length);
  const Sha1 expected = hmac_sha1(key, start, datagram.first(message.integrity_at).subspan(4));
  return same_secret(expected,
                     datagram.subspan(message.integrity_at + kAttributeHeader, kIntegritySize));
}

Writer::Writer(Class kind, const TransactionId& transaction) : transaction_(transaction) {
  const auto bits = static_cast<std::uint32_t>(kind);
  out_.u16(kBinding | (bits & 1) << 4 | (bits & 2) << 7);
  out_.u16(0);
  out_.u32(kCookie);
  out_.bytes(transaction);
}

void Writer::attribute(std::uint16_t type, std::size_t size) {
  out_.u16(type);
  out_.u16(static_cast<std::uint32_t>(size));
}

Writer& Writer::username(std::string_view name) {
  attribute(Attribute::username, name.size());
  out_.text(name);
  out_.pad();
  return *this;
}

Writer& Writer::priority(std::uint32_t priority) {
  attribute(Attribute::priority, 4);
  out_.u32(priority);
  return *this;
}

Writer& Writer::controlling(std::uint64_t tie_breaker) {
  attribute(ice_controlling, 8);
  out_.u64(tie_breaker);
  return *this;
}

Writer& Writer::controlled(std::uint64_t tie_breaker) {
  attribute(ice_controlled, 8);
  out_.u64(tie_breaker);
  return *this;
}

Writer& Writer::use_candidate() {
  attribute(Attribute::use_candidate, 0);
  return *this;
}

Writer& Writer::mapped(const Address& address) {
  const std::size_t size = address.v6 ? 16 : 4;
  attribute(xor_mapped_address, size + 4);
  out_.u16(address.v6 ? 2 : 1);
  out_.u16(address.port ^ (kCookie >> 16));
  const auto mask = address_mask(transaction_);
  for (std::size_t i = 0; i < size; ++i) out_.u8(address.bytes[i] ^ mask[i]);
  return *this;
}

Writer& Writer::error(int code, std::uint16_t unknown) {
  attribute(error_code, 4);
  out_.u16(0);
  out_.u8(static_cast<std::uint32_t>(code / 100));
  out_.u8(static_cast<std::uint32_t>(code % 100));
  if (code == kUnknownAttribute) {
    attribute(unknown_attributes, 2);
    out_.u16(unknown);
    out_.pad();
  }
  return *this;
}

Bytes Writer::finish(std::string_view key) {
  constexpr std::size_t kIntegrity = kAttributeHeader + kIntegritySize;
  constexpr std::size_t kFingerprint = kAttributeHeader + 4;
  out_.put_u16(2, out_.size() + kIntegrity - kHeader);
  const Sha1 integrity = hmac_sha1(key, out_.written(), {});
  attribute(message_integrity, integrity.size());
  out_.bytes(integrity);
  out_.put_u16(2, out_.size() + kFingerprint - kHeader);
  const std::uint32_t sum = crc32(out_.written()) ^ kFingerprintMask;
  attribute(fingerprint, 4);
  out_.u32(sum);
  return out_.written();
}

}  // namespace remotemedia::rtc::stun
