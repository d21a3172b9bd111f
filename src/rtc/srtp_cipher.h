#pragma once

#include "rtc/bytes.h"
#include "rtc/srtp_keys.h"

#include <array>
#include <memory>

struct evp_cipher_ctx_st;

namespace remotemedia::rtc {

/// Encryption and authentication of one direction's RTP or RTCP under keys derived from a master
/// key (RFC 3711, RFC 7714). Knows nothing of packets; works in place and does not allocate.
class SrtpCipher {
 public:
  enum class Use : std::uint8_t { rtp = 0, rtcp = 3 };  ///< the first of its labels (4.3.1)

  /// One message: the peer of the nonce, and what is authenticated before and behind the text.
  struct Message {
    std::uint32_t ssrc;
    std::uint64_t index;  ///< 48 bits; never twice with one key and ssrc
    Bytes before;
    Bytes behind;
  };

  static constexpr std::size_t kMaxTag = 16;

  SrtpCipher(SrtpProfile profile, const SrtpKeys::Master& master, Use use);
  ~SrtpCipher();
  SrtpCipher(const SrtpCipher&) = delete;
  SrtpCipher& operator=(const SrtpCipher&) = delete;

  /// AEAD: 16 bytes, with HMAC-SHA1: 10.
  [[nodiscard]] std::size_t tag_size() const { return is_aead() ? 16 : 10; }
  [[nodiscard]] bool is_aead() const { return profile_ != SrtpProfile::aes128_cm_sha1_80; }

  /// `tag` has tag_size() bytes and may lie behind `text`. False if the library fails.
  bool seal(const Message& message, std::span<std::uint8_t> text, std::span<std::uint8_t> tag);
  /// False if the tag is not of this message; `text` may be changed then.
  bool open(const Message& message, std::span<std::uint8_t> text, Bytes tag);

 private:
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  static constexpr std::size_t kBlock = 16;

  [[nodiscard]] std::array<std::uint8_t, kBlock> nonce(const Message& message) const;
  bool add_authenticated(Bytes bytes);
  bool crypt_counter_mode(const Message& message, std::span<std::uint8_t> text);
  [[nodiscard]] std::array<std::uint8_t, 20> digest(const Message& message, Bytes text) const;

  SrtpProfile profile_;
  std::array<std::uint8_t, kBlock> salt_{};
  std::array<std::uint8_t, 20> digest_key_{};
  std::unique_ptr<evp_cipher_ctx_st, Free> context_;
};

}  // namespace remotemedia::rtc
