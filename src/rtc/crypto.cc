#include "rtc/crypto.h"

#include "remotemedia/base/check.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace remotemedia::rtc {
namespace {

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value & 1U) != 0 ? 0xEDB88320U ^ (value >> 1) : value >> 1;
    }
    table[i] = value;
  }
  return table;
}

constexpr std::size_t kSha1Block = 64;

}  // namespace

void fill_random(std::span<std::uint8_t> bytes) {
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    refuse("the system's random generator", "not available", "random bytes for keys",
           "check OpenSSL's configuration");
  }
}

std::uint32_t random_u32() {
  std::array<std::uint8_t, 4> bytes{};
  fill_random(bytes);
  return read_u32(bytes, 0);
}

std::string random_text(std::size_t length) {
  static constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text(length, '\0');
  fill_random({reinterpret_cast<std::uint8_t*>(text.data()), length});
  for (char& letter : text) letter = kLetters[static_cast<unsigned char>(letter) % 64];
  return text;
}

// RFC 2104 over the plain digest: OpenSSL's own interface wants the message in one piece, or
// allocates.
Sha1 hmac_sha1(std::string_view key, Bytes first, Bytes second) {
  std::array<std::uint8_t, kSha1Block> block{};
  if (key.size() > block.size()) {
    EVP_Digest(key.data(), key.size(), block.data(), nullptr, EVP_sha1(), nullptr);
  } else {
    std::memcpy(block.data(), key.data(), key.size());
  }
  static thread_local struct Context {
    EVP_MD_CTX* digest = EVP_MD_CTX_new();
    ~Context() { EVP_MD_CTX_free(digest); }
  } context;
  Sha1 result{};
  for (std::uint8_t& byte : block) byte ^= 0x36U;
  EVP_DigestInit_ex(context.digest, EVP_sha1(), nullptr);
  EVP_DigestUpdate(context.digest, block.data(), block.size());
  EVP_DigestUpdate(context.digest, first.data(), first.size());
  EVP_DigestUpdate(context.digest, second.data(), second.size());
  EVP_DigestFinal_ex(context.digest, result.data(), nullptr);
  for (std::uint8_t& byte : block) byte ^= 0x36U ^ 0x5CU;
  EVP_DigestInit_ex(context.digest, EVP_sha1(), nullptr);
  EVP_DigestUpdate(context.digest, block.data(), block.size());
  EVP_DigestUpdate(context.digest, result.data(), result.size());
  EVP_DigestFinal_ex(context.digest, result.data(), nullptr);
  OPENSSL_cleanse(block.data(), block.size());
  return result;
}

bool same_secret(Bytes a, Bytes b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::uint32_t crc32(Bytes bytes) {
  static constexpr auto kTable = make_crc_table();
  std::uint32_t value = 0xFFFFFFFFU;
  for (const std::uint8_t byte : bytes) value = kTable[(value ^ byte) & 0xFFU] ^ (value >> 8);
  return ~value;
}

}  // namespace remotemedia::rtc
