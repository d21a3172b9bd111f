#pragma once

#include <arpa/inet.h>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace remotemedia::server::test {

template <auto kFree>
struct Freeing {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using KeyPair = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;
using SelfSigned = std::unique_ptr<X509, Freeing<X509_free>>;

inline KeyPair new_key() { return KeyPair(EVP_EC_gen("P-256")); }

/// For `localhost`, valid from one moment to the other, in seconds from now.
inline SelfSigned self_signed(EVP_PKEY* key, long from_s = -60, long to_s = 3'600) {
  SelfSigned certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), to_s);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_set_pubkey(certificate.get(), key);
  X509_sign(certificate.get(), key, EVP_sha256());
  return certificate;
}

/// PEM files in a folder that goes with it.
class PemFolder {
 public:
  PemFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "tls-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder");
    folder_ = name;
  }
  ~PemFolder() { std::filesystem::remove_all(folder_); }
  PemFolder(const PemFolder&) = delete;
  PemFolder& operator=(const PemFolder&) = delete;

  [[nodiscard]] std::filesystem::path write(const std::string& name, X509* certificate) const {
    return write_with(name, [&](BIO* to) { PEM_write_bio_X509(to, certificate); });
  }
  [[nodiscard]] std::filesystem::path write(const std::string& name, EVP_PKEY* key) const {
    return write_with(name, [&](BIO* to) {
      PEM_write_bio_PrivateKey(to, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
  [[nodiscard]] std::filesystem::path write(const std::string& name,
                                            const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

 private:
  template <typename Write>
  std::filesystem::path write_with(const std::string& name, const Write& write) const {
    const std::unique_ptr<BIO, Freeing<BIO_free_all>> file(
        BIO_new_file((folder_ / name).c_str(), "w"));
    write(file.get());
    return folder_ / name;
  }

  std::filesystem::path folder_;
};

/// OpenSSL's client on a socket of its own; trusts one certificate only.
class TlsClient {
 public:
  TlsClient(std::uint16_t port, X509* trusted, int highest_version = TLS1_3_VERSION)
      : context_(SSL_CTX_new(TLS_client_method())),
        socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), trusted);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_security_level(context_.get(), 0);  // lets it propose TLS 1.1
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), highest_version);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), socket_);
    SSL_set1_host(ssl_.get(), "localhost");
    connected_ =
        connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        SSL_connect(ssl_.get()) == 1;
  }
  ~TlsClient() {
    ssl_.reset();
    close(socket_);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] std::string version() const { return SSL_get_version(ssl_.get()); }
  void say(const std::string& text) const {
    SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
  }
  /// What has come next; empty once the other side has closed.
  [[nodiscard]] std::string hear() const {
    std::array<char, 4096> part{};
    const int size = SSL_read(ssl_.get(), part.data(), static_cast<int>(part.size()));
    return {part.data(), static_cast<std::size_t>(size > 0 ? size : 0)};
  }
  [[nodiscard]] std::string ask(const std::string& request) const {
    say(request);
    std::string all;
    for (std::string part; !(part = hear()).empty();) all += part;
    return all;
  }

 private:
  std::unique_ptr<SSL_CTX, Freeing<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, Freeing<SSL_free>> ssl_;
  int socket_;
  bool connected_ = false;
};

}  // namespace remotemedia::server::test
