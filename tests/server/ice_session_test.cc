// PATCH of WHIP and WHEP (RFC 9725, 4.3).

#include "server/serving.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>

namespace remotemedia::server {
namespace {

using test::Client;
using test::request;

/// Sends fragments to one resource of WHIP or WHEP.
class Fragments {
 public:
  Fragments(std::uint16_t port, std::string place) : port_(port), place_(std::move(place)) {}

  /// Without If-Match if that is empty.
  [[nodiscard]] test::Reply send(const std::string& if_match, const std::string& fragment) const {
    const std::string condition = if_match.empty() ? "" : "If-Match: " + if_match + "\r\n";
    return request(port_, "PATCH", place_,
                   "Content-Type: application/trickle-ice-sdpfrag\r\n" + condition, fragment);
  }
  [[nodiscard]] int status(const std::string& if_match, const std::string& fragment) const {
    return send(if_match, fragment).status;
  }

 private:
  std::uint16_t port_;
  std::string place_;
};

std::string credentials(const std::string& ufrag) {
  return "a=ice-ufrag:" + ufrag + "\r\na=ice-pwd:0123456789012345678901\r\n";
}

class IceSessions : public test::Serving {
 protected:
  test::Reply open(const std::string& place) {
    const test::Reply created = request(port(), "POST", place, test::kSdpType, client_.offer());
    EXPECT_EQ(created.status, 201) << created.body;
    return created;
  }
  [[nodiscard]] Fragments fragments_for(const test::Reply& created) const {
    return {port(), created.header("Location")};
  }
  Client client_;
};

TEST_F(IceSessions, TakeNoCredentialsThatIceForbids) {
  start(test::resampler());
  const test::Reply created = open("/whip");
  const Fragments fragments = fragments_for(created);
  for (const std::string& ufrag : {std::string("a\0cd", 4), std::string("a cd"), std::string("abc"),
                                   std::string(257, 'a'), std::string()}) {
    const test::Reply reply = fragments.send("*", credentials(ufrag));
    EXPECT_EQ(reply.status, 400) << ufrag;
    EXPECT_THAT(reply.body, testing::HasSubstr("a=ice-ufrag")) << ufrag;
  }
  const test::Reply reply = fragments.send("*", "a=ice-ufrag:next\r\na=ice-pwd:short\r\n");
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, testing::HasSubstr("a=ice-pwd has 5 characters, expected 22..256"));
  EXPECT_EQ(fragments.status(created.header("ETag"), "a=end-of-candidates\r\n"), 204);
}

}  // namespace
}  // namespace remotemedia::server
