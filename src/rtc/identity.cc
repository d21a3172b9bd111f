#include "remotemedia/rtc/identity.h"

#include "remotemedia/base/check.h"
#include "rtc/identity_content.h"
#include "rtc/sdp.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/srtp.h>
#include <openssl/x509.h>

namespace remotemedia::rtc {
namespace {

using Key = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, OpensslFree<X509_free>>;

constexpr std::int64_t kDay = 24L * 60 * 60;

// Forward secret and authenticated, with certificates of both kinds. The last two for old Safari.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA";
constexpr const char* kSrtpProfiles =
    "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80";

void check(bool worked, const char* what) {
  if (!worked) refuse(what, "refused by OpenSSL", "success", "check the version: 3.0 or later");
}

/// The name says nothing: it goes to everyone who asks.
Certificate make_certificate(EVP_PKEY* key, std::int64_t unix_time_s) {
  Certificate certificate(X509_new());
  check(certificate != nullptr, "a certificate");
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()),
                          static_cast<std::uint64_t>(random_u32()) << 31 | 1U);
  // A day back, for peers whose clocks are slow.
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), unix_time_s - kDay);
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), unix_time_s + 30 * kDay);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const auto* text = reinterpret_cast<const unsigned char*>("WebRTC");
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_set_pubkey(certificate.get(), key);
  check(X509_sign(certificate.get(), key, EVP_sha256()) != 0, "signing a certificate");
  return certificate;
}

/// Peers sign for themselves; who they are is told by the fingerprint, which is compared later.
int accept_any(int, X509_STORE_CTX*) { return 1; }

void configure(SSL_CTX* context, X509* certificate, EVP_PKEY* key) {
  SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(context, DTLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any);
  SSL_CTX_set_read_ahead(context, 1);
  check(SSL_CTX_set_cipher_list(context, kCiphers) == 1, "the list of ciphers");
  check(SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") == 1, "the list of groups");
  check(SSL_CTX_set_tlsext_use_srtp(context, kSrtpProfiles) == 0, "the list of SRTP profiles");
  check(SSL_CTX_use_certificate(context, certificate) == 1, "the certificate");
  check(SSL_CTX_use_PrivateKey(context, key) == 1, "the certificate's key");
}

}  // namespace

Sha256 fingerprint_of(const X509& certificate) {
  Sha256 fingerprint{};
  unsigned int size = 0;
  X509_digest(&certificate, EVP_sha256(), fingerprint.data(), &size);
  return fingerprint;
}

std::shared_ptr<const Identity> Identity::generate(std::int64_t unix_time_s) {
  const Key key(EVP_EC_gen("P-256"));
  check(key != nullptr, "a P-256 key");
  const Certificate certificate = make_certificate(key.get(), unix_time_s);
  auto content = std::make_unique<Content>();
  content->context.reset(SSL_CTX_new(DTLS_method()));
  check(content->context != nullptr, "a DTLS context");
  configure(content->context.get(), certificate.get(), key.get());
  content->fingerprint = fingerprint_of(*certificate);
  return std::make_shared<const Identity>(std::move(content));
}

Identity::Identity(std::unique_ptr<Content> content) : content_(std::move(content)) {}
Identity::~Identity() = default;

std::string Identity::fingerprint() const { return sdp::fingerprint_text(content_->fingerprint); }

}  // namespace remotemedia::rtc
