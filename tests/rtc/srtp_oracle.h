#pragma once

#include "rtc/crypto.h"
#include "rtc/outbox.h"
#include "rtc/srtp_keys.h"

#include <algorithm>
#include <memory>
#include <openssl/evp.h>

namespace remotemedia::rtc::test {

/// SRTP and SRTCP by the formulas of RFC 3711 and RFC 7714, for one direction and numbers that the
/// caller knows: what another library has to make of a packet.
class SrtpOracle {
 public:
  SrtpOracle(SrtpProfile profile, const SrtpKeys::Master& master, bool rtcp)
      : profile_(profile), rtcp_(rtcp), key_(derived(master, 0, key_size(profile))) {
    if (!is_aead()) digest_key_ = derived(master, 1, 20);
    salt_ = derived(master, 2, salt_size(profile));
    salt_.resize(16);
  }

  /// `clear` bytes stay readable; `index` counts from the first packet of the stream on.
  [[nodiscard]] Datagram protect(Datagram packet, std::size_t clear, std::uint32_t ssrc,
                                 std::uint64_t index) const {
    // Behind the packet: the rollover counter, which is not sent, or the index of SRTCP.
    const std::uint64_t number = rtcp_ ? 0x8000'0000U | index : index >> 16;
    const Datagram word = {
        static_cast<std::uint8_t>(number >> 24), static_cast<std::uint8_t>(number >> 16),
        static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
    const Datagram header(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(clear));
    const Datagram text(packet.begin() + static_cast<std::ptrdiff_t>(clear), packet.end());
    Datagram result = header;
    if (is_aead()) {
      Datagram known = header;
      if (rtcp_) append(known, word);
      append(result, sealed(known, text, nonce(ssrc, index)));
      if (rtcp_) append(result, word);
      return result;
    }
    append(result, counter_mode(key_, nonce(ssrc, index), text));
    const std::string key(digest_key_.begin(), digest_key_.end());
    const Sha1 digest = hmac_sha1(key, result, word);
    if (rtcp_) append(result, word);
    result.insert(result.end(), digest.begin(), digest.begin() + 10);
    return result;
  }

 private:
  struct Free {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  };
  using Context = std::unique_ptr<EVP_CIPHER_CTX, Free>;

  [[nodiscard]] bool is_aead() const { return profile_ != SrtpProfile::aes128_cm_sha1_80; }

  static void append(Datagram& to, const Datagram& more) {
    to.insert(to.end(), more.begin(), more.end());
  }

  static Datagram counter_mode(const Datagram& key, const Datagram& counter, Datagram text) {
    const Context context(EVP_CIPHER_CTX_new());
    int size = 0;
    EVP_EncryptInit_ex(context.get(), key.size() == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr(),
                       nullptr, key.data(), counter.data());
    EVP_EncryptUpdate(context.get(), text.data(), &size, text.data(),
                      static_cast<int>(text.size()));
    return text;
  }

  [[nodiscard]] Datagram sealed(const Datagram& known, Datagram text, const Datagram& nonce) const {
    const Context context(EVP_CIPHER_CTX_new());
    int size = 0;
    EVP_EncryptInit_ex(context.get(), key_.size() == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm(),
                       nullptr, key_.data(), nonce.data());
    EVP_EncryptUpdate(context.get(), nullptr, &size, known.data(), static_cast<int>(known.size()));
    EVP_EncryptUpdate(context.get(), text.data(), &size, text.data(),
                      static_cast<int>(text.size()));
    Datagram tag(16);
    EVP_EncryptFinal_ex(context.get(), tag.data(), &size);
    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, 16, tag.data());
    append(text, tag);
    return text;
  }

  /// RFC 3711, 4.3.1 and 4.3.3, with a key derivation rate of 0.
  [[nodiscard]] Datagram derived(const SrtpKeys::Master& master, int label,
                                 std::size_t size) const {
    const auto salt = master.begin() + static_cast<std::ptrdiff_t>(key_size(profile_));
    Datagram counter(16);
    std::copy_n(salt, salt_size(profile_), counter.begin());
    counter[7] ^= static_cast<std::uint8_t>(label + (rtcp_ ? 3 : 0));
    return counter_mode({master.begin(), salt}, counter, Datagram(size));
  }

  /// RFC 3711, 4.1.1; RFC 7714, 8.1 and 9.1, where the same stands two bytes earlier.
  [[nodiscard]] Datagram nonce(std::uint32_t ssrc, std::uint64_t index) const {
    const std::size_t at = is_aead() ? 2 : 4;
    Datagram nonce = salt_;
    for (std::size_t i = 0; i < 4; ++i) {
      nonce[at + i] ^= static_cast<std::uint8_t>(ssrc >> (24 - 8 * i));
    }
    for (std::size_t i = 0; i < 6; ++i) {
      nonce[at + 4 + i] ^= static_cast<std::uint8_t>(index >> (40 - 8 * i));
    }
    return nonce;
  }

  SrtpProfile profile_;
  bool rtcp_;
  Datagram key_;
  Datagram digest_key_;
  Datagram salt_;
};

}  // namespace remotemedia::rtc::test
