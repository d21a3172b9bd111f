#include "rtc/dcep.h"

namespace remotemedia::rtc::dcep {
namespace {

constexpr std::uint8_t kAck = 0x02;
constexpr std::uint8_t kOpen = 0x03;
constexpr std::uint8_t kUnordered = 0x80;  // of the channel type
constexpr std::size_t kOpenHeader = 12;

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Parsed<Message> parse_open(Bytes bytes) {
  if (bytes.size() < kOpenHeader) return Drop::data_malformed;
  const std::uint8_t type = bytes[1];
  const std::size_t label = read_u16(bytes, 8);
  const std::size_t protocol = read_u16(bytes, 10);
  if ((type & ~kUnordered) > 2 || label > kMaxLabel || protocol > kMaxProtocol ||
      bytes.size() != kOpenHeader + label + protocol) {
    return Drop::data_malformed;
  }
  Message message;
  message.kind = Message::Kind::open;
  message.delivery = {.ordered = (type & kUnordered) == 0,
                      .reliability = static_cast<Reliability>(type & ~kUnordered),
                      .limit = read_u32(bytes, 4)};
  message.priority = read_u16(bytes, 2);
  message.label = text_of(bytes.subspan(kOpenHeader, label));
  message.protocol = text_of(bytes.subspan(kOpenHeader + label));
  return message;
}

}  // namespace

Parsed<Message> parse(Bytes bytes) {
  if (bytes.empty()) return Drop::data_malformed;
  if (bytes[0] == kOpen) return parse_open(bytes);
  // Some have sent more than the one byte of an ACK, so the rest does not matter.
  if (bytes[0] == kAck) return Message{};
  return Drop::data_malformed;
}

std::vector<std::uint8_t> write(const Message& message) {
  if (message.kind == Message::Kind::ack) return {kAck};
  const auto type = static_cast<std::uint8_t>(message.delivery.reliability);
  DatagramWriter out;
  out.u8(kOpen);
  out.u8(message.delivery.ordered ? type : type | kUnordered);
  out.u16(message.priority);
  out.u32(message.delivery.limit);
  out.u16(static_cast<std::uint32_t>(message.label.size()));
  out.u16(static_cast<std::uint32_t>(message.protocol.size()));
  out.text(message.label);
  out.text(message.protocol);
  return {out.written().begin(), out.written().end()};
}

}  // namespace remotemedia::rtc::dcep
