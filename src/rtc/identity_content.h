#pragma once

#include "remotemedia/rtc/identity.h"
#include "rtc/crypto.h"

#include <memory>
#include <openssl/ssl.h>

namespace remotemedia::rtc {

/// Frees an object of OpenSSL with its own function.
template <auto kFree>
struct OpensslFree {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

struct Identity::Content {
  std::unique_ptr<SSL_CTX, OpensslFree<SSL_CTX_free>> context;
  Sha256 fingerprint{};
};

/// SHA-256 of the certificate's DER form.
Sha256 fingerprint_of(const X509& certificate);

}  // namespace remotemedia::rtc
