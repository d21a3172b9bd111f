// https and wss, with OpenSSL's client.

#include "remotemedia/base/error.h"
#include "remotemedia/server/server.h"
#include "server/loopback.h"
#include "server/tls_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace remotemedia::server {
namespace {

using test::new_key;
using test::self_signed;
using test::TlsClient;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kGetHealth =
    "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

class TlsTest : public testing::Test {
 protected:
  [[nodiscard]] ServerOptions options() const {
    ServerOptions options;
    options.port = 0;
    options.shards = 1;
    options.certificate = folder_.write("cert.pem", certificate_.get());
    options.private_key = folder_.write("key.pem", key_.get());
    return options;
  }
  void start() {
    server_.emplace(options(), [](const std::string&) { return default_graph(); });
    server_->start();
  }
  /// Why a server with these options does not start.
  static std::string refusal_of(const ServerOptions& options) {
    Server server(options, [](const std::string&) { return default_graph(); });
    try {
      server.start();
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "it started";
  }
  [[nodiscard]] TlsClient client(int highest_version = TLS1_3_VERSION) const {
    return TlsClient(server_->port(), certificate_.get(), highest_version);
  }

  test::PemFolder folder_;
  test::KeyPair key_ = new_key();
  test::SelfSigned certificate_ = self_signed(key_.get());
  std::optional<Server> server_;
};

TEST_F(TlsTest, HttpIsAnsweredOverTls12AndTls13) {
  start();
  for (const auto& [version, name] :
       {std::pair{TLS1_2_VERSION, "TLSv1.2"}, std::pair{TLS1_3_VERSION, "TLSv1.3"}}) {
    const TlsClient page = client(version);
    ASSERT_TRUE(page.connected());
    EXPECT_EQ(page.version(), name);
    EXPECT_THAT(page.ask(kGetHealth),
                AllOf(StartsWith("HTTP/1.1 200"), HasSubstr(R"("status":"healthy")")));
  }
}

TEST_F(TlsTest, OlderVersionsAreRefused) {
  start();
  EXPECT_FALSE(client(TLS1_1_VERSION).connected());
}

TEST_F(TlsTest, AWebSocketOpensAndAnswersOverTls) {
  start();
  const TlsClient page = client();
  page.say(
      "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
  // RFC 6455, section 1.3, has the answer to this key.
  EXPECT_THAT(page.hear(), HasSubstr("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
  // Text "{}", masked with zeros.
  page.say(std::string("\x81\x82\0\0\0\0{}", 8));
  EXPECT_THAT(page.hear(), HasSubstr(R"("type":"error")"));
}

TEST_F(TlsTest, PlainHttpGetsNoPageAndDoesNoHarm) {
  start();
  const test::Connected plain(server_->port());
  plain.say(kGetHealth);
  std::string all;
  for (std::string part; !(part = plain.hear()).empty();) all += part;
  EXPECT_EQ(all.find("HTTP"), std::string::npos);
  EXPECT_EQ(all.find("healthy"), std::string::npos);
  EXPECT_THAT(client().ask(kGetHealth), StartsWith("HTTP/1.1 200"));
}

TEST_F(TlsTest, AFileThatCannotBeReadIsNamedWithItsOption) {
  ServerOptions missing = options();
  missing.certificate = "/nowhere/cert.pem";
  EXPECT_THAT(refusal_of(missing), AllOf(HasSubstr("server: certificate is '/nowhere/cert.pem'"),
                                         HasSubstr("No such file")));
  missing = options();
  missing.private_key = "/nowhere/key.pem";
  EXPECT_THAT(refusal_of(missing), AllOf(HasSubstr("server: private_key is '/nowhere/key.pem'"),
                                         HasSubstr("No such file")));
  ServerOptions garbage = options();
  garbage.certificate = folder_.write("garbage.pem", std::string("nonsense"));
  EXPECT_THAT(refusal_of(garbage), AllOf(HasSubstr("server: certificate is '"),
                                         HasSubstr("garbage.pem', expected certificates in PEM")));
  garbage.certificate = folder_.write("empty.pem", std::string());
  EXPECT_THAT(refusal_of(garbage), EndsWith("it is empty"));
}

TEST_F(TlsTest, AKeyOfAnotherCertificateIsRefused) {
  ServerOptions mixed = options();
  mixed.private_key = folder_.write("other.pem", new_key().get());
  EXPECT_THAT(refusal_of(mixed), AllOf(HasSubstr("server: private_key is '"),
                                       HasSubstr("other.pem', expected the key of the certificate"),
                                       HasSubstr("mismatch")));
}

TEST_F(TlsTest, ACertificateOutsideOfItsDatesIsRefused) {
  ServerOptions old = options();
  old.certificate = folder_.write("old.pem", self_signed(key_.get(), -7'200, -3'600).get());
  EXPECT_THAT(refusal_of(old), AllOf(HasSubstr("server: certificate is '"), HasSubstr("old.pem'"),
                                     HasSubstr("it has expired")));
  old.certificate = folder_.write("early.pem", self_signed(key_.get(), 3'600, 7'200).get());
  EXPECT_THAT(refusal_of(old), HasSubstr("it is not valid yet"));
}

}  // namespace
}  // namespace remotemedia::server
