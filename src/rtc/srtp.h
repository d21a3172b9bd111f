#pragma once

#include "remotemedia/rtc/drop.h"
#include "rtc/bytes.h"
#include "rtc/srtp_keys.h"

#include <memory>
#include <optional>
#include <span>

namespace remotemedia::rtc {

/// SRTP and SRTCP of one session (RFC 3711, RFC 7714), both directions, in place.
class Srtp {
 public:
  explicit Srtp(const SrtpKeys& keys);
  ~Srtp();
  Srtp(const Srtp&) = delete;
  Srtp& operator=(const Srtp&) = delete;

  /// `size` is of the packet and becomes that of the result; the memory is larger by kTrailer.
  /// False if the packet cannot be protected; it must not be sent then.
  bool protect_rtp(std::span<std::uint8_t> memory, std::size_t& size);
  bool protect_rtcp(std::span<std::uint8_t> memory, std::size_t& size);
  std::optional<Drop> unprotect_rtp(std::span<std::uint8_t> packet, std::size_t& size);
  std::optional<Drop> unprotect_rtcp(std::span<std::uint8_t> packet, std::size_t& size);
  /// Forgets an incoming stream.
  void remove_stream(std::uint32_t ssrc);

  static constexpr std::size_t kTrailer = 144;

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace remotemedia::rtc
