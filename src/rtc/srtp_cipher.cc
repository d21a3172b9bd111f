#include "rtc/srtp_cipher.h"

#include "remotemedia/base/check.h"
#include "rtc/crypto.h"

#include <algorithm>
#include <openssl/evp.h>

namespace remotemedia::rtc {
namespace {

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const EVP_CIPHER* cipher_of(SrtpProfile profile) {
  switch (profile) {
    case SrtpProfile::aes128_cm_sha1_80:
      return EVP_aes_128_ctr();
    case SrtpProfile::aead_aes_128_gcm:
      return EVP_aes_128_gcm();
    case SrtpProfile::aead_aes_256_gcm:
      return EVP_aes_256_gcm();
  }
  return nullptr;
}

void check_cipher(bool works) {
  if (!works) {
    refuse("a cipher of SRTP", "refused by OpenSSL", "AES in counter mode and GCM",
           "check OpenSSL's configuration");
  }
}

/// RFC 3711, 4.3.1 and 4.3.3, with a key derivation rate of 0. Salts of 12 bytes are filled up with
/// zeros (RFC 7714, 11).
void derive(SrtpProfile profile, const SrtpKeys::Master& master, int label,
            std::span<std::uint8_t> out) {
  constexpr std::size_t kLabelAt = 7;
  const auto salt_begin = master.begin() + static_cast<std::ptrdiff_t>(key_size(profile));
  std::array<std::uint8_t, 16> counter{};
  std::copy_n(salt_begin, salt_size(profile), counter.begin());
  counter[kLabelAt] ^= static_cast<std::uint8_t>(label);
  const Context context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  const EVP_CIPHER* cipher = key_size(profile) == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr();
  std::ranges::fill(out, std::uint8_t{0});
  int written = 0;
  check_cipher(context != nullptr &&
               EVP_EncryptInit_ex(context.get(), cipher, nullptr, master.data(), counter.data()) ==
                   1 &&
               EVP_EncryptUpdate(context.get(), out.data(), &written, out.data(),
                                 static_cast<int>(out.size())) == 1);
}

void xor_big_endian(std::span<std::uint8_t> bytes, std::uint64_t value) {
  for (std::size_t i = bytes.size(); i-- > 0; value >>= 8) {
    bytes[i] ^= static_cast<std::uint8_t>(value);
  }
}

}  // namespace

void SrtpCipher::Free::operator()(evp_cipher_ctx_st* context) const {
  EVP_CIPHER_CTX_free(context);
}

SrtpCipher::SrtpCipher(SrtpProfile profile, const SrtpKeys::Master& master, Use use)
    : profile_(profile), context_(EVP_CIPHER_CTX_new()) {
  const int label = static_cast<int>(use);
  std::array<std::uint8_t, 32> key{};
  derive(profile, master, label, std::span(key).first(key_size(profile)));
  if (!is_aead()) derive(profile, master, label + 1, digest_key_);
  derive(profile, master, label + 2, std::span(salt_).first(salt_size(profile)));
  const bool works = context_ != nullptr && EVP_CipherInit_ex(context_.get(), cipher_of(profile),
                                                              nullptr, key.data(), nullptr, 1) == 1;
  OPENSSL_cleanse(key.data(), key.size());
  check_cipher(works);
}

SrtpCipher::~SrtpCipher() {
  OPENSSL_cleanse(salt_.data(), salt_.size());
  OPENSSL_cleanse(digest_key_.data(), digest_key_.size());
}

/// The salt with the SSRC and the index on it: RFC 3711, 4.1.1, and RFC 7714, 8.1 and 9.1, where
/// the same stands two bytes earlier.
std::array<std::uint8_t, SrtpCipher::kBlock> SrtpCipher::nonce(const Message& message) const {
  const std::size_t at = is_aead() ? 2 : 4;
  std::array<std::uint8_t, kBlock> nonce = salt_;
  xor_big_endian(std::span(nonce).subspan(at, 4), message.ssrc);
  xor_big_endian(std::span(nonce).subspan(at + 4, 6), message.index);
  return nonce;
}

bool SrtpCipher::add_authenticated(Bytes bytes) {
  int written = 0;
  return bytes.empty() || EVP_CipherUpdate(context_.get(), nullptr, &written, bytes.data(),
                                           static_cast<int>(bytes.size())) == 1;
}

bool SrtpCipher::crypt_counter_mode(const Message& message, std::span<std::uint8_t> text) {
  int written = 0;
  return EVP_CipherInit_ex(context_.get(), nullptr, nullptr, nullptr, nonce(message).data(), 1) ==
             1 &&
         EVP_CipherUpdate(context_.get(), text.data(), &written, text.data(),
                          static_cast<int>(text.size())) == 1;
}

std::array<std::uint8_t, 20> SrtpCipher::digest(const Message& message, Bytes text) const {
  const std::string_view key(reinterpret_cast<const char*>(digest_key_.data()), digest_key_.size());
  // What comes before the text lies before it in memory too.
  const Bytes packet(message.before.data(), message.before.size() + text.size());
  return hmac_sha1(key, packet, message.behind);
}

bool SrtpCipher::seal(const Message& message, std::span<std::uint8_t> text,
                      std::span<std::uint8_t> tag) {
  if (!is_aead()) {
    if (!crypt_counter_mode(message, text)) return false;
    const auto whole = digest(message, text);
    std::copy_n(whole.begin(), tag.size(), tag.begin());
    return true;
  }
  EVP_CIPHER_CTX* context = context_.get();
  int written = 0;
  return EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, nonce(message).data(), 1) == 1 &&
         add_authenticated(message.before) && add_authenticated(message.behind) &&
         EVP_CipherUpdate(context, text.data(), &written, text.data(),
                          static_cast<int>(text.size())) == 1 &&
         EVP_CipherFinal_ex(context, text.data(), &written) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag.size()),
                             tag.data()) == 1;
}

bool SrtpCipher::open(const Message& message, std::span<std::uint8_t> text, Bytes tag) {
  if (!is_aead()) {
    const auto expected = digest(message, text);
    return same_secret(Bytes(expected).first(tag_size()), tag) && crypt_counter_mode(message, text);
  }
  EVP_CIPHER_CTX* context = context_.get();
  std::array<std::uint8_t, kMaxTag> theirs{};
  std::ranges::copy(tag, theirs.begin());
  int written = 0;
  return EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, nonce(message).data(), 0) == 1 &&
         add_authenticated(message.before) && add_authenticated(message.behind) &&
         EVP_CipherUpdate(context, text.data(), &written, text.data(),
                          static_cast<int>(text.size())) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag.size()),
                             theirs.data()) == 1 &&
         EVP_CipherFinal_ex(context, text.data(), &written) == 1;
}

}  // namespace remotemedia::rtc
