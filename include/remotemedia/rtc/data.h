#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace remotemedia::rtc {

enum class MessageKind : std::uint8_t { text, binary };

/// One message of a data channel. A browser's texts are UTF-8; that is not checked here.
struct DataMessage {
  std::uint16_t channel = 0;
  MessageKind kind = MessageKind::text;
  std::span<const std::uint8_t> bytes;  ///< 0..256 KiB; valid during the call
};

/// Counts since the beginning, of all data channels of a session.
struct DataStatistics {
  std::uint64_t messages_received = 0;
  std::uint64_t bytes_received = 0;  ///< of messages
  std::uint64_t messages_sent = 0;   ///< taken to be sent
  std::uint64_t bytes_sent = 0;
  std::uint64_t packets_dropped = 0;  ///< of ours, because 256 of them waited; sent again later
  std::size_t channels = 0;           ///< open now
};

}  // namespace remotemedia::rtc
