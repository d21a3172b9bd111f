#include "server/access.h"

#include <gtest/gtest.h>

namespace remotemedia::server {
namespace {

HttpRequest from_page(const std::string& host, const std::string& origin) {
  HttpRequest request;
  request.headers = {{"host", host}};
  if (!origin.empty()) request.headers["origin"] = origin;
  return request;
}

HttpRequest with_header(const std::string& name, const std::string& value) {
  HttpRequest request;
  request.headers = {{name, value}};
  return request;
}

TEST(Access, PagesOfOtherServersAreRefusedUnlessListed) {
  const Access access({}, {"https://example.org"}, false);
  EXPECT_FALSE(access.refuse_origin(from_page("voice.test:8080", "")));
  EXPECT_FALSE(access.refuse_origin(from_page("voice.test:8080", "http://voice.test:8080")));
  EXPECT_FALSE(access.refuse_origin(from_page("voice.test:8080", "https://example.org")));
  EXPECT_EQ(access.refuse_origin(from_page("voice.test:8080", "http://voice.test"))->status, 403);
  EXPECT_EQ(access.refuse_origin(from_page("voice.test:8080", "https://example.org.evil"))->status,
            403);
  EXPECT_EQ(access.refuse_origin(from_page("voice.test:8080", "null"))->status, 403);
}

TEST(Access, AServerOfOneMachineHasNoOtherName) {
  const Access access({}, {}, true);
  for (const char* host : {"localhost:8080", "127.0.0.1", "[::1]:80", "page.localhost",
                           "LocalHost:8080", "127.0.0.2:8080"}) {
    EXPECT_FALSE(access.refuse_origin(from_page(host, ""))) << host;
  }
  for (const char* host :
       {"evil.test", "localhost.evil.test", "127.0.0.1.evil.test", "128.0.0.1", ""}) {
    EXPECT_EQ(access.refuse_origin(from_page(host, ""))->status, 421) << host;
  }
}

TEST(Access, ATokenIsNeededWhereThereAreAny) {
  const Access access({"0123456789abcdef", "fedcba9876543210"}, {}, false);
  EXPECT_EQ(access.refuse_token({})->status, 401);
  EXPECT_EQ(access.refuse_token(with_header("authorization", "Bearer wrong"))->status, 401);
  EXPECT_EQ(access.refuse_token(with_header("authorization", "0123456789abcdef"))->status, 401);
  EXPECT_FALSE(access.refuse_token(with_header("authorization", "bearer fedcba9876543210")));
  EXPECT_FALSE(Access({}, {}, false).refuse_token({}));
}

// The subprotocol is the text "0123456789abcdef>?" in base64url (RFC 4648, section 5).
TEST(Access, APageGivesItsTokenAsASubprotocol) {
  const Access access({"0123456789abcdef>?"}, {}, false);
  const std::string protocols = "remotemedia, bearer.MDEyMzQ1Njc4OWFiY2RlZj4_";
  EXPECT_FALSE(access.refuse_token(with_header("sec-websocket-protocol", protocols)));
  EXPECT_TRUE(access.refuse_token(with_header("sec-websocket-protocol", "bearer.****")));
}

}  // namespace
}  // namespace remotemedia::server
