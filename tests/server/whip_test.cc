#include "server/whip.h"

#include <gtest/gtest.h>

namespace remotemedia::server {
namespace {

constexpr const char* kOffer =
    "v=0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
    "a=mid:0\r\n"
    "a=ice-ufrag:abcd\r\n"
    "a=ice-pwd:0123456789012345678901\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
    "a=mid:1\r\n"
    "a=ice-ufrag:abcd\r\n"
    "a=ice-pwd:0123456789012345678901\r\n";

TEST(Whip, CredentialsOfAFragmentReplaceThoseOfEachSection) {
  const auto next = credentials_of("a=ice-ufrag:wxyz\r\na=ice-pwd:9876543210987654321098\r\n");
  ASSERT_TRUE(next);
  const std::string changed = with_credentials(kOffer, *next);
  EXPECT_EQ(changed.find("abcd"), std::string::npos);
  EXPECT_EQ(changed.find("a=ice-ufrag:wxyz"), changed.find("a=mid:0") + 9);
  EXPECT_NE(changed.rfind("a=ice-ufrag:wxyz"), changed.find("a=ice-ufrag:wxyz"));
  EXPECT_EQ(changed.size(), std::string(kOffer).size());
}

TEST(Whip, AFragmentWithoutCredentialsHasNone) {
  EXPECT_FALSE(credentials_of("a=candidate:1 1 udp 1 192.0.2.1 5000 typ host\r\n"));
  EXPECT_FALSE(credentials_of("a=ice-ufrag:abcd\n"));
}

TEST(Whip, CredentialsAreThoseThatAreWrittenEvenIfEmpty) {
  const auto empty = credentials_of("a=ice-ufrag:\r\na=ice-pwd:\r\n");
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->ufrag, "");
}

TEST(Whip, IfMatchListsTagsOrTakesAny) {
  const char* tag = "\"a+/9\"";
  for (const char* any : {"*", "\"*\"", "\"a+/9\"", "\"b\", \"a+/9\"",
                          ",\"b\",W/\"c\" ,\t\"a+/9\",", "\"b, c\",\"a+/9\""}) {
    EXPECT_TRUE(matches(any, tag)) << any;
  }
  for (const char* none : {"", ",", "\"b\"", "a+/9", "W/\"a+/9\"", "\"b\", \"c\"", "\"a+/9",
                           "*, \"b\"", "\"x\"a+/9\"", "\"\""}) {
    EXPECT_FALSE(matches(none, tag)) << none;
  }
  EXPECT_FALSE(matches("\"\"", ""));
}

TEST(Whip, TheAnswerToARestartHoldsCredentialsAndCandidatesOfTheFirstSection) {
  const std::string answer =
      "v=0\r\na=ice-lite\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=rtcp-mux\r\n"
      "a=ice-ufrag:serv\r\na=ice-pwd:pwd0123456789012345678\r\n"
      "a=candidate:1 1 udp 2130706431 127.0.0.1 8080 typ host\r\na=end-of-candidates\r\n"
      "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:1\r\n"
      "a=candidate:1 1 udp 2130706431 127.0.0.1 8080 typ host\r\n";
  EXPECT_EQ(answer_fragment(answer),
            "a=ice-lite\r\na=ice-ufrag:serv\r\na=ice-pwd:pwd0123456789012345678\r\n"
            "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"
            "a=candidate:1 1 udp 2130706431 127.0.0.1 8080 typ host\r\na=end-of-candidates\r\n");
  EXPECT_EQ(entity_tag(answer), "\"serv\"");
}

}  // namespace
}  // namespace remotemedia::server
