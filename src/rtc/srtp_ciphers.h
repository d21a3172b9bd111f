#pragma once

namespace remotemedia::rtc {

/// Makes libsrtp2 ready, once for the process, with the ciphers and the digest of OpenSSL in place
/// of its own. Takes some 40 ms the first time. Throws a configuration error if it cannot.
void prepare_libsrtp();

}  // namespace remotemedia::rtc
