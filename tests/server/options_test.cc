#include "remotemedia/server/options.h"

#include "remotemedia/base/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace remotemedia::server {
namespace {

std::string refusal_of(const std::function<void(ServerOptions&)>& change) {
  ServerOptions options;
  change(options);
  try {
    check(options);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "taken";
}

using testing::HasSubstr;

TEST(ServerOptions, DefaultsAreTaken) {
  EXPECT_EQ(refusal_of([](ServerOptions&) {}), "taken");
}

TEST(ServerOptions, ARefusalNamesOptionAndValue) {
  EXPECT_THAT(refusal_of([](auto& o) { o.host = "localhost"; }),
              HasSubstr("host is 'localhost', expected an IP address"));
  EXPECT_THAT(refusal_of([](auto& o) { o.tokens = {"short"}; }), HasSubstr("5 characters"));
  EXPECT_THAT(refusal_of([](auto& o) { o.allowed_origins = {"*"}; }), HasSubstr("every page"));
  EXPECT_THAT(refusal_of([](auto& o) { o.allowed_origins = {"https://a.test/page"}; }),
              HasSubstr("scheme and host"));
  EXPECT_THAT(refusal_of([](auto& o) { o.certificate = "cert.pem"; }), HasSubstr("both or none"));
  EXPECT_THAT(refusal_of([](auto& o) { o.receive_rate = 44'100; }), HasSubstr("44100"));
  EXPECT_THAT(refusal_of([](auto& o) { o.complexity = 11; }), HasSubstr("complexity is 11"));
  EXPECT_THAT(refusal_of([](auto& o) { o.shards = -1; }), HasSubstr("shards is -1"));
}

TEST(ServerOptions, AnAddressThatStandsForAllIsNotAnnounced) {
  for (const char* address : {"0.0.0.0", "::", "0::0"}) {
    EXPECT_THAT(refusal_of([&](auto& o) { o.announced_addresses = {address}; }),
                HasSubstr("expected the address of one machine"));
  }
  EXPECT_EQ(refusal_of([](auto& o) { o.announced_addresses = {"192.0.2.1", "::1"}; }), "taken");
}

TEST(ServerOptions, ATokenMayBeWords) {
  EXPECT_EQ(refusal_of([](auto& o) { o.tokens = {"words with \u00fcmlauts"}; }), "taken");
}

TEST(ServerOptions, ATokenIsNeverShown) {
  EXPECT_THAT(refusal_of([](auto& o) { o.tokens = {"0123456789abcdef\n"}; }),
              HasSubstr("an end of line"));
  EXPECT_THAT(refusal_of([](auto& o) { o.tokens = {" 0123456789abcdef"}; }),
              HasSubstr("a space around it"));
  EXPECT_EQ(refusal_of([](auto& o) { o.tokens = {"secret"}; }).find("secret"), std::string::npos);
}

}  // namespace
}  // namespace remotemedia::server
