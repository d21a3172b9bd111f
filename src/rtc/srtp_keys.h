#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <openssl/crypto.h>

namespace remotemedia::rtc {

enum class SrtpProfile : std::uint8_t { aes128_cm_sha1_80, aead_aes_128_gcm, aead_aes_256_gcm };

/// Master keys and salts of both directions; wiped when they go.
struct SrtpKeys {
  /// The key, then the salt: 32 + 12 bytes at most.
  using Master = std::array<std::uint8_t, 48>;

  SrtpProfile profile = SrtpProfile::aead_aes_128_gcm;
  Master ours{};
  Master theirs{};

  SrtpKeys() = default;
  SrtpKeys(const SrtpKeys&) = default;
  SrtpKeys& operator=(const SrtpKeys&) = default;
  ~SrtpKeys() {
    OPENSSL_cleanse(ours.data(), ours.size());
    OPENSSL_cleanse(theirs.data(), theirs.size());
  }
};

constexpr std::size_t key_size(SrtpProfile profile) {
  return profile == SrtpProfile::aead_aes_256_gcm ? 32 : 16;
}
constexpr std::size_t salt_size(SrtpProfile profile) {
  return profile == SrtpProfile::aes128_cm_sha1_80 ? 14 : 12;
}

}  // namespace remotemedia::rtc
