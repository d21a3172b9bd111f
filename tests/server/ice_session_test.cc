// PATCH of WHIP and WHEP: entity tags name ICE sessions (RFC 9725, 4.3).

#include "server/json.h"
#include "server/serving.h"
#include "server/whip.h"

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
  /// Candidates and restarts of a resource whose tag is `first` pass under the present tag only.
  static void follow_the_tag(const Fragments& fragments, const std::string& first) {
    const std::string candidate = "a=candidate:1 1 udp 1 192.0.2.1 5000 typ host\r\n";
    EXPECT_EQ(fragments.status("", candidate), 204);
    EXPECT_EQ(fragments.status("*", candidate), 204);
    EXPECT_EQ(fragments.status("\"other\", " + first, candidate), 204);
    EXPECT_EQ(fragments.status("\"other\"", candidate), 412);
    EXPECT_EQ(fragments.status("W/" + first, candidate), 412);
    EXPECT_EQ(fragments.status(first + "\r\nIf-Match: \"other\"", candidate), 204);

    EXPECT_EQ(fragments.status("", credentials("next")), 428);
    EXPECT_EQ(fragments.status("\"other\"", credentials("next")), 412);
    const test::Reply restarted = fragments.send("*", credentials("next"));
    EXPECT_EQ(restarted.status, 200) << restarted.body;
    const std::string second = restarted.header("ETag");
    EXPECT_NE(second, first);

    EXPECT_EQ(fragments.status(first, candidate), 412);
    EXPECT_EQ(fragments.status(first, credentials("next") + candidate), 412);
    EXPECT_EQ(fragments.status(first, credentials("last")), 412);
    EXPECT_EQ(fragments.status(second, credentials("next") + candidate), 204);
    // Whoever knows the tag knows more than "*" asks for.
    const test::Reply again = fragments.send(second, credentials("last"));
    EXPECT_EQ(again.status, 200) << again.body;
    EXPECT_EQ(fragments.status(second, candidate), 412);
    EXPECT_EQ(fragments.status(again.header("ETag"), candidate), 204);
  }

  Client client_;
};

TEST_F(IceSessions, OfWhipAreNamedByTheirTags) {
  start(test::resampler());
  const test::Reply created = open("/whip");
  follow_the_tag(fragments_for(created), created.header("ETag"));
}

TEST_F(IceSessions, OfWhepAreNamedByTheirTags) {
  start(test::resampler());
  Client speaker;
  ASSERT_EQ(speaker.connect(port()).status, 200);
  const test::Reply created = open("/whep/" + speaker.id);
  follow_the_tag(fragments_for(created), created.header("ETag"));
}

TEST_F(IceSessions, OfWhipHaveAnotherTagAfterAnOfferInJson) {
  start(test::resampler());
  const std::string offer = client_.offer();
  const test::Reply created = request(port(), "POST", "/whip", test::kSdpType, offer);
  const std::string place = created.header("Location");
  const std::string restart = with_credentials(offer, {"next", "0123456789012345678901"});
  const Object body{{"type", "offer"}, {"sdp", restart}, {"pc_id", place.substr(6)}};
  const test::Reply renewed =
      request(port(), "POST", "/api/offer", "Content-Type: application/json\r\n", to_json(body));
  ASSERT_EQ(renewed.status, 200) << renewed.body;
  const auto answer = parse_object(renewed.body).object;
  const std::string tag = entity_tag(text_of(*answer, "sdp"));

  const Fragments fragments = fragments_for(created);
  EXPECT_EQ(fragments.status(created.header("ETag"), "a=end-of-candidates\r\n"), 412);
  EXPECT_EQ(fragments.status(tag, "a=end-of-candidates\r\n"), 204);
  EXPECT_EQ(fragments.status(tag, credentials("next")), 204);  // those that it has
}

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
