#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace remotemedia::rtc {

using Bytes = std::span<const std::uint8_t>;

/// The most that a datagram of ours holds: below every MTU met on the way, IPv6 and a tunnel
/// included.
inline constexpr std::size_t kMaxDatagram = 1'200;
/// The most that is read of a datagram of theirs.
inline constexpr std::size_t kMaxInput = 1'500;

/// Big-endian numbers. The caller has checked the bounds.
inline std::uint16_t read_u16(Bytes bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}
inline std::uint32_t read_u24(Bytes bytes, std::size_t at) {
  return static_cast<std::uint32_t>(bytes[at] << 16 | bytes[at + 1] << 8 | bytes[at + 2]);
}
inline std::uint32_t read_u32(Bytes bytes, std::size_t at) {
  return static_cast<std::uint32_t>(read_u16(bytes, at)) << 16 | read_u16(bytes, at + 2);
}
inline std::uint64_t read_u64(Bytes bytes, std::size_t at) {
  return static_cast<std::uint64_t>(read_u32(bytes, at)) << 32 | read_u32(bytes, at + 4);
}

/// Writes one datagram into memory of its own. What does not fit is left out and `overflowed()`.
class DatagramWriter {
 public:
  void u8(std::uint32_t value) {
    if (size_ == bytes_.size()) {
      overflowed_ = true;
    } else {
      bytes_[size_++] = static_cast<std::uint8_t>(value);
    }
  }
  void u16(std::uint32_t value) {
    u8(value >> 8);
    u8(value);
  }
  void u32(std::uint32_t value) {
    u16(value >> 16);
    u16(value);
  }
  void u64(std::uint64_t value) {
    u32(static_cast<std::uint32_t>(value >> 32));
    u32(static_cast<std::uint32_t>(value));
  }
  void bytes(Bytes bytes) {
    for (const std::uint8_t byte : bytes) u8(byte);
  }
  void text(std::string_view text) {
    for (const char letter : text) u8(static_cast<std::uint8_t>(letter));
  }
  /// Zeros up to a multiple of four.
  void pad() {
    while (size_ % 4 != 0 && !overflowed_) u8(0);
  }
  /// Sets two bytes that were written before.
  void put_u16(std::size_t at, std::size_t value) {
    bytes_[at] = static_cast<std::uint8_t>(value >> 8);
    bytes_[at + 1] = static_cast<std::uint8_t>(value);
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool overflowed() const { return overflowed_; }
  [[nodiscard]] Bytes written() const { return {bytes_.data(), size_}; }
  /// All the memory, for one who writes in place, and how much of it counts.
  [[nodiscard]] std::span<std::uint8_t> memory() { return bytes_; }
  void set_size(std::size_t size) { size_ = size; }

 private:
  std::array<std::uint8_t, kMaxInput> bytes_;  // not set: only what was written is read
  std::size_t size_ = 0;
  bool overflowed_ = false;
};

}  // namespace remotemedia::rtc
