#pragma once

namespace remotemedia::rtc::test {

/// Begins the sequence of bytes that this program's RAND_bytes() gives anew, so that credentials,
/// numbers of streams and times of reports are those of the seed. What OpenSSL draws within a
/// handshake stays random.
void seed_openssl_random(unsigned seed);

}  // namespace remotemedia::rtc::test
