#pragma once

#include "remotemedia/rtc/drop.h"
#include "rtc/bytes.h"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace remotemedia::rtc {

/// Packets of one stream in the order of their sequence numbers. The memory of a packet is used
/// again for later ones. Wrapping numbers are extended by the caller.
class JitterBuffer {
 public:
  static constexpr std::size_t kCapacity = 64;  // more than a second of 20 ms packets

  struct Packet {
    std::int64_t sequence = 0;
    std::int64_t timestamp = 0;  ///< 48 kHz
    std::vector<std::uint8_t> payload;
  };

  /// Keeps a copy. `audio_duplicate` if the number is there; `audio_overflow` if the oldest packet
  /// had to go for it.
  std::optional<Drop> insert(std::int64_t sequence, std::int64_t timestamp, Bytes payload);

  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::size_t size() const { return count_; }
  /// The packet with the lowest number; the buffer must not be empty.
  [[nodiscard]] const Packet& front() const { return packets_[order_[0]]; }
  [[nodiscard]] const Packet& back() const { return packets_[order_[count_ - 1]]; }
  void pop();
  void clear() { count_ = 0; }

  JitterBuffer();

 private:
  std::array<Packet, kCapacity> packets_;
  std::array<std::uint8_t, kCapacity> order_{};  // places by sequence; behind `count_` free ones
  std::size_t count_ = 0;
};

}  // namespace remotemedia::rtc
