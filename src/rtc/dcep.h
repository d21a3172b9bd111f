#pragma once

#include "rtc/bytes.h"
#include "rtc/parsed.h"

#include <cstdint>
#include <string_view>
#include <vector>

/// What opens data channels (RFC 8832).
namespace remotemedia::rtc::dcep {

inline constexpr std::size_t kMaxLabel = 256;     ///< bytes
inline constexpr std::size_t kMaxProtocol = 256;  ///< bytes

/// How hard the sender tries.
enum class Reliability : std::uint8_t {
  full = 0,
  retransmits = 1,  ///< `limit` of them
  lifetime = 2,     ///< `limit` ms
};

/// What both sides do with the messages that they send on a channel.
struct Delivery {
  bool ordered = true;
  Reliability reliability = Reliability::full;
  std::uint32_t limit = 0;
};

struct Message {
  enum class Kind : std::uint8_t { open, ack };
  Kind kind = Kind::ack;
  // Of `open`:
  Delivery delivery;
  std::uint16_t priority = 0;
  std::string_view label;  ///< lies in the bytes, as does `protocol`
  std::string_view protocol;
};

Parsed<Message> parse(Bytes bytes);
std::vector<std::uint8_t> write(const Message& message);

}  // namespace remotemedia::rtc::dcep
