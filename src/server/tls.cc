#include "server/tls.h"

#include "remotemedia/base/check.h"

#include <cerrno>
#include <cstddef>
#include <fstream>
#include <memory>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string>
#include <string_view>
#include <system_error>

namespace remotemedia::server {
namespace {

using TlsContext = boost::asio::ssl::context;

[[noreturn]] void refuse_file(std::string_view option, const std::filesystem::path& file,
                              std::string_view expected, std::string_view reason) {
  refuse("server: " + std::string(option), "'" + file.string() + "'", expected, reason);
}

/// OpenSSL tells why a file cannot be opened in no words that help.
void check_readable(std::string_view option, const std::filesystem::path& file) {
  errno = 0;
  if (std::ifstream(file).peek() != std::ifstream::traits_type::eof()) return;
  refuse_file(option, file, "a PEM file that can be read",
              errno == 0 ? "it is empty" : std::generic_category().message(errno));
}

void check_dates(TlsContext& context, const std::filesystem::path& file) {
  const X509* certificate = SSL_CTX_get0_certificate(context.native_handle());
  if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) {
    refuse_file("certificate", file, "one that is valid now", "it has expired: renew it");
  }
  if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0) {
    refuse_file("certificate", file, "one that is valid now",
                "it is not valid yet: check the clock of this machine");
  }
}

}  // namespace

TlsContext tls_context(const ServerOptions& options) {
  TlsContext context(TlsContext::tls_server);
  context.set_options(TlsContext::no_tlsv1 | TlsContext::no_tlsv1_1);
  check_readable("certificate", options.certificate);
  check_readable("private_key", options.private_key);
  // OpenSSL would ask for it on the terminal, which a server may not have.
  const auto needs_phrase = std::make_shared<bool>(false);
  context.set_password_callback([needs_phrase](std::size_t, TlsContext::password_purpose) {
    *needs_phrase = true;
    return std::string();
  });
  boost::system::error_code error;
  context.use_certificate_chain_file(options.certificate.string(), error);
  if (error) {
    refuse_file("certificate", options.certificate, "certificates in PEM", error.message());
  }
  check_dates(context, options.certificate);
  context.use_private_key_file(options.private_key.string(), TlsContext::pem, error);
  if (error) {
    refuse_file("private_key", options.private_key, "the key of the certificate in PEM",
                *needs_phrase ? "it is encrypted; decrypt it: openssl pkey -in FILE -out OTHER"
                              : error.message());
  }
  return context;
}

}  // namespace remotemedia::server
