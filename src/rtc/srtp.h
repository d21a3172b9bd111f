#pragma once

#include "remotemedia/rtc/drop.h"
#include "rtc/bytes.h"
#include "rtc/replay_window.h"
#include "rtc/srtp_cipher.h"

#include <optional>
#include <span>
#include <vector>

namespace remotemedia::rtc {

/// SRTP and SRTCP of one session (RFC 3711, RFC 7714), both directions, in place. What it refuses
/// leaves no trace: a stream is known from its first authentic packet on.
class Srtp {
 public:
  explicit Srtp(const SrtpKeys& keys);

  /// `size` is of the packet and becomes that of the result; the memory is larger by kTrailer.
  /// False if the packet cannot be protected, as one of its number has been; do not send it then.
  bool protect_rtp(std::span<std::uint8_t> memory, std::size_t& size);
  bool protect_rtcp(std::span<std::uint8_t> memory, std::size_t& size);
  std::optional<Drop> unprotect_rtp(std::span<std::uint8_t> packet, std::size_t& size);
  std::optional<Drop> unprotect_rtcp(std::span<std::uint8_t> packet, std::size_t& size);

  static constexpr std::size_t kTrailer = SrtpCipher::kMaxTag + 4;
  /// Of a direction, RTP and RTCP each; another one takes the place of the one that has been quiet
  /// for longest.
  static constexpr std::size_t kMaxStreams = 8;

 private:
  struct Stream {
    std::uint32_t ssrc = 0;
    std::uint64_t last_used = 0;
    ReplayWindow packets{};  ///< by index: 16 bits of the packet's, above it the rollover counter
  };
  /// One direction's RTP or RTCP.
  class Flow {
   public:
    Flow(SrtpProfile profile, const SrtpKeys::Master& master, SrtpCipher::Use use)
        : cipher(profile, master, use) {
      streams_.reserve(kMaxStreams);
    }
    /// Of a stream; of one that is not known, an empty one.
    [[nodiscard]] const ReplayWindow& window(std::uint32_t ssrc) const;
    void add(std::uint32_t ssrc, std::int64_t index);

    SrtpCipher cipher;

   private:
    std::vector<Stream> streams_;
    std::uint64_t uses_ = 0;
  };

  Flow rtp_in_;
  Flow rtcp_in_;
  Flow rtp_out_;
  Flow rtcp_out_;
};

}  // namespace remotemedia::rtc
