#include "server/random_id.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <openssl/rand.h>

namespace remotemedia::server {

std::string random_uuid() {
  std::array<std::uint8_t, 16> bytes{};
  // Without random numbers nothing here is safe; OpenSSL fails only where the kernel has none.
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) std::abort();
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x40U);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", bytes[i]);
  }
  return text;
}

}  // namespace remotemedia::server
