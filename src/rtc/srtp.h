#pragma once

#include "remotemedia/rtc/drop.h"
#include "rtc/srtp_keys.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

struct srtp_ctx_t_;

namespace remotemedia::rtc {

/// SRTP and SRTCP of one session (RFC 3711, RFC 7714) by libsrtp2, both directions, in place. What
/// it refuses leaves no trace: a stream is known from its first authentic packet on.
class Srtp {
 public:
  /// Throws a configuration error if the library refuses.
  explicit Srtp(const SrtpKeys& keys);

  /// `size` is of the packet and becomes that of the result; the memory is larger by kTrailer.
  /// False if the packet cannot be protected, as one of its number has been; do not send it then.
  bool protect_rtp(std::span<std::uint8_t> memory, std::size_t& size);
  bool protect_rtcp(std::span<std::uint8_t> memory, std::size_t& size);
  std::optional<Drop> unprotect_rtp(std::span<std::uint8_t> packet, std::size_t& size);
  std::optional<Drop> unprotect_rtcp(std::span<std::uint8_t> packet, std::size_t& size);

  static constexpr std::size_t kTrailer = 20;  ///< of SRTCP with an AEAD: tag and index
  /// Of a direction; another one takes the place of the one that has been quiet for longest.
  static constexpr std::size_t kMaxStreams = 8;

 private:
  struct Free {
    void operator()(srtp_ctx_t_* session) const;
  };
  struct Stream {
    std::uint32_t ssrc;
    std::uint64_t last_used;
  };
  /// One direction. libsrtp2 itself would keep any number of streams.
  class Direction {
   public:
    Direction(SrtpProfile profile, SrtpKeys::Master master, bool inbound);
    [[nodiscard]] srtp_ctx_t_* session() const { return session_.get(); }
    /// A packet of this stream was taken.
    void note(std::uint32_t ssrc);

   private:
    std::unique_ptr<srtp_ctx_t_, Free> session_;
    std::vector<Stream> streams_;
    std::uint64_t uses_ = 0;
  };

  std::size_t tag_size_;
  Direction in_;
  Direction out_;
};

}  // namespace remotemedia::rtc
