#include "rtc/openssl_random.h"

#include <algorithm>
#include <openssl/rand.h>
#include <random>
#include <span>

namespace remotemedia::rtc::test {
namespace {

std::mt19937& generator() {
  static std::mt19937 generator(1);
  return generator;
}

}  // namespace

void seed_openssl_random(unsigned seed) { generator().seed(seed); }

}  // namespace remotemedia::rtc::test

// Takes the place of OpenSSL's function in this program.
extern "C" __attribute__((visibility("default"))) int RAND_bytes(unsigned char* bytes, int count) {
  const std::span<unsigned char> wanted(bytes, static_cast<std::size_t>(count));
  auto& generator = remotemedia::rtc::test::generator();
  std::ranges::generate(wanted,
                        [&generator] { return static_cast<unsigned char>(generator() & 0xFFU); });
  return 1;
}
