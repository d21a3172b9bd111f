#include "rtc/negotiation.h"

#include "rtc/offers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace remotemedia::rtc::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

sdp::Local local() {
  sdp::Local local;
  local.session_id = 77;
  local.version = 2;
  local.ice_ufrag = "abcdefghijklmnop";
  local.ice_pwd = "0123456789ABCDEF0123456789ABCDEF";
  local.candidates = {*parse_address("203.0.113.5", 5004), *parse_address("2001:db8::5", 5004)};
  local.ssrc = 4242;
  local.cname = "us";
  local.receive_rate = 16'000;
  return local;
}

sdp::Description parsed(const std::string& text) {
  auto result = sdp::parse(text);
  if (const auto* refusal = std::get_if<Refusal>(&result)) {
    ADD_FAILURE() << refusal->reason;
    return {};
  }
  return std::get<sdp::Description>(result);
}

sdp::Negotiated taken(const std::string& offer) {
  const auto result = sdp::take_offer(parsed(offer));
  if (const auto* refusal = std::get_if<Refusal>(&result)) {
    ADD_FAILURE() << refusal->reason;
    return {};
  }
  return std::get<sdp::Negotiated>(result);
}

Refusal refused(const std::string& offer) {
  auto description = sdp::parse(offer);
  if (auto* refusal = std::get_if<Refusal>(&description)) return *refusal;
  const auto result = sdp::take_offer(std::get<sdp::Description>(description));
  if (const auto* refusal = std::get_if<Refusal>(&result)) return *refusal;
  ADD_FAILURE() << "was taken:\n" << offer;
  return {};
}

std::string answer_to(const std::string& offer) {
  return sdp::write_answer(parsed(offer), taken(offer), local());
}

TEST(Negotiation, TakesChromiumsOffer) {
  const sdp::Negotiated audio = taken(chromium_offer());
  EXPECT_EQ(audio.section, 0U);
  EXPECT_EQ(audio.payload_type, 111);
  EXPECT_EQ(audio.direction, sdp::Direction::sendrecv);
  EXPECT_EQ(audio.level_extension_id, 1);
  EXPECT_EQ(audio.mid_extension_id, 4);
  EXPECT_TRUE(audio.rtcp_rsize);
  EXPECT_EQ(audio.ice_ufrag, "EsAw");
  ASSERT_THAT(audio.fingerprints, SizeIs(1));
  EXPECT_EQ(sdp::fingerprint_text(audio.fingerprints[0]), kFingerprint);
  ASSERT_THAT(audio.candidates, SizeIs(1));
  EXPECT_EQ(to_string(audio.candidates[0]), "192.0.2.10:40000");
}

TEST(Negotiation, TakesFirefoxsOfferWithItsFingerprintAtSessionLevel) {
  const sdp::Negotiated audio = taken(firefox_offer());
  EXPECT_EQ(audio.payload_type, 109);
  EXPECT_EQ(audio.mid_extension_id, 3);
  EXPECT_FALSE(audio.rtcp_rsize);
  EXPECT_THAT(audio.fingerprints, SizeIs(1));
  EXPECT_THAT(audio.candidates, IsEmpty());  // a name, and one of another component
}

TEST(Negotiation, TakesTheMostBitsThatAreWantedOfOpusWhereverTheLineStands) {
  EXPECT_EQ(taken(chromium_offer()).max_average_bitrate, 0);
  EXPECT_EQ(taken(replaced(chromium_offer(), "minptime=10;", "MaxAverageBitrate=24000; "))
                .max_average_bitrate,
            24'000);
  EXPECT_EQ(
      taken(replaced(firefox_offer(), "stereo=1", "maxaveragebitrate=20000")).max_average_bitrate,
      20'000);
  EXPECT_EQ(taken(replaced(chromium_offer(), "fmtp:63 ", "fmtp:63 maxaveragebitrate=9000;"))
                .max_average_bitrate,
            0);
  EXPECT_EQ(taken(replaced(chromium_offer(), "minptime=10", "maxaveragebitrate=much"))
                .max_average_bitrate,
            0);
}

TEST(Negotiation, ABundledSectionUsesTheTransportOfTheFirst) {
  const sdp::Negotiated audio = taken(safari_offer());
  EXPECT_EQ(audio.section, 1U);
  EXPECT_EQ(audio.ice_ufrag, "9YzK");
  EXPECT_EQ(audio.direction, sdp::Direction::recvonly);
}

TEST(Negotiation, LineEndsAndLettersMayDiffer) {
  const std::string offer =
      replaced(replaced(chromium_offer(), "\r\n", "\n"), "a=rtcp-mux\n", "a=RTCP-MUX\n");
  EXPECT_EQ(taken(offer).payload_type, 111);
}

TEST(Negotiation, TheAnswerHasOneSectionPerOfferedOne) {
  const std::string answer = answer_to(chromium_offer());
  EXPECT_EQ(
      answer,
      "v=0\r\no=- 77 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-lite\r\n"
      "a=group:BUNDLE 0 1\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS *\r\n"
      "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=rtcp-mux\r\n"
      "a=rtcp-rsize\r\na=sendrecv\r\na=rtpmap:111 opus/48000/2\r\n"
      "a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1;stereo=0;maxplaybackrate=16000\r\n"
      "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
      "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
      "a=ssrc:4242 cname:us\r\na=msid:us audio\r\n"
      "a=ice-ufrag:abcdefghijklmnop\r\na=ice-pwd:0123456789ABCDEF0123456789ABCDEF\r\n"
      "a=fingerprint:sha-256 " +
          sdp::fingerprint_text({}) +
          "\r\na=setup:passive\r\n"
          "a=candidate:1 1 udp 2130706431 203.0.113.5 5004 typ host\r\n"
          "a=candidate:2 1 udp 2130706175 2001:db8::5 5004 typ host\r\na=end-of-candidates\r\n"
          "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\n"
          "a=sctp-port:5000\r\na=max-message-size:262144\r\n"
          "a=ice-ufrag:abcdefghijklmnop\r\na=ice-pwd:0123456789ABCDEF0123456789ABCDEF\r\n"
          "a=fingerprint:sha-256 " +
          sdp::fingerprint_text({}) +
          "\r\na=setup:passive\r\n"
          "a=candidate:1 1 udp 2130706431 203.0.113.5 5004 typ host\r\n"
          "a=candidate:2 1 udp 2130706175 2001:db8::5 5004 typ host\r\na=end-of-candidates\r\n");
}

TEST(Negotiation, TheAnswerNamesOnlyWhatWasOffered) {
  const std::string answer = answer_to(firefox_offer());
  EXPECT_THAT(answer, HasSubstr("m=audio 9 UDP/TLS/RTP/SAVPF 109\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("a=rtcp-rsize")));
  EXPECT_THAT(answer, Not(HasSubstr("extmap-allow-mixed")));
  EXPECT_THAT(answer_to(safari_offer()), HasSubstr("a=recvonly\r\n"));
  EXPECT_THAT(answer_to(safari_offer()), Not(HasSubstr("a=ssrc")));
  EXPECT_THAT(answer_to(safari_offer()), HasSubstr("a=group:BUNDLE audio\r\n"));
}

TEST(Negotiation, TakesDataChannelsOfChromiumAndOfFirefoxWithPort0) {
  for (const auto& [offer, most] :
       {std::pair(chromium_offer(), 262'144U), std::pair(firefox_offer(), 262'144U),
        std::pair(replaced(chromium_offer(), ":262144", ":1000"), 1'000U),
        std::pair(replaced(chromium_offer(), ":262144", ":0"), 262'144U),
        std::pair(replaced(chromium_offer(), ":262144", ":99999999999999999999"), 262'144U),
        std::pair(replaced(chromium_offer(), "a=max-message-size:262144\r\n", ""), 65'536U)}) {
    const auto data = taken(offer).data;
    ASSERT_TRUE(data) << offer;
    EXPECT_EQ(data->section, 1U);
    EXPECT_EQ(data->mid, "1");
    EXPECT_EQ(data->port, 5'000);
    EXPECT_EQ(data->max_message, most);
    EXPECT_THAT(answer_to(offer), HasSubstr("a=group:BUNDLE 0 1\r\n"));
    EXPECT_THAT(answer_to(offer),
                HasSubstr("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
  }
}

TEST(Negotiation, DataChannelsThatDoNotFitAreRejectedAndTheAudioIsTaken) {
  const std::string offer = chromium_offer();
  for (const auto& [from, to] :
       {std::pair("m=application 9", "m=application 0"), std::pair("BUNDLE 0 1", "BUNDLE 0"),
        std::pair("BUNDLE 0 1", "BUNDLE 1"), std::pair("UDP/DTLS/SCTP", "TCP/DTLS/SCTP"),
        std::pair("webrtc-datachannel", "5000"),
        std::pair("UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:EsAw",
                  "UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:other")}) {
    const std::string changed = replaced(offer, from, to);
    EXPECT_FALSE(taken(changed).data) << from;
    EXPECT_THAT(answer_to(changed), HasSubstr("m=application 0 ")) << from;
    EXPECT_THAT(answer_to(changed), Not(HasSubstr("a=sctp-port"))) << from;
  }
  const auto without = sdp::take_offer(parsed(offer), false);
  EXPECT_FALSE(std::get<sdp::Negotiated>(without).data);
}

TEST(Negotiation, OurOfferIsTakenAndOurAnswerToo) {
  const std::string offer = sdp::write_offer(local());
  const auto answer = sdp::take_answer(parsed(answer_to(offer)));
  ASSERT_TRUE(std::holds_alternative<sdp::Negotiated>(answer));
  EXPECT_THAT(std::get<sdp::Negotiated>(answer).candidates,
              ElementsAre(local().candidates[0], local().candidates[1]));
  EXPECT_TRUE(parsed(answer_to(offer)).ice_lite);
  EXPECT_TRUE(taken(offer).data);
  EXPECT_TRUE(std::get<sdp::Negotiated>(answer).data);
  sdp::Local audio_only = local();
  audio_only.data = false;
  EXPECT_THAT(sdp::write_offer(audio_only), Not(HasSubstr("m=application")));
}

TEST(Negotiation, AnAnswerChoosesTheRoleInDtls) {
  const std::string answer = answer_to(sdp::write_offer(local()));
  const auto active = sdp::take_answer(parsed(replaced(answer, "setup:passive", "setup:active")));
  ASSERT_TRUE(std::holds_alternative<sdp::Negotiated>(active));
  EXPECT_EQ(std::get<sdp::Negotiated>(active).setup, sdp::Setup::active);
  const auto open = sdp::take_answer(parsed(replaced(answer, "setup:passive", "setup:actpass")));
  EXPECT_TRUE(std::holds_alternative<Refusal>(open));
}

TEST(Negotiation, TheAnswerHasTheProtocolOfTheOffer) {
  EXPECT_THAT(answer_to(replaced(chromium_offer(), "UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP")),
              HasSubstr("m=audio 9 UDP/TLS/RTP/SAVP 111\r\n"));
}

TEST(Negotiation, ExtensionsOfWhichAnAnswerMayChooseAreLeftAlone) {
  EXPECT_THAT(answer_to(replaced(chromium_offer(), "extmap:1 ", "extmap:4096 ")),
              Not(HasSubstr("ssrc-audio-level")));
}

TEST(Negotiation, WithoutOpusTheOfferIsUnsupported) {
  const Refusal refusal = refused(replaced(chromium_offer(), "opus/48000/2", "speex/16000"));
  EXPECT_EQ(refusal.kind, RefusalKind::unsupported);
  EXPECT_THAT(refusal.reason, HasSubstr("opus/48000/2"));
}

TEST(Negotiation, SoundOffersThatAskForMoreAreUnsupported) {
  const std::string offer = chromium_offer();
  for (const auto& [from, to] :
       {std::pair("m=audio 40000", "m=audio 0"), std::pair("m=audio", "m=video"),
        std::pair("a=rtcp-mux", "a=x"), std::pair("actpass", "passive"),
        std::pair("sha-256", "sha-1"), std::pair("s=-\r\n", "s=-\r\na=ice-lite\r\n"),
        std::pair("UDP/TLS/RTP/SAVPF", "RTP/AVP")}) {
    EXPECT_EQ(refused(replaced(offer, from, to)).kind, RefusalKind::unsupported) << from;
  }
}

TEST(Negotiation, BrokenOffersAreMalformedAndNameTheLine) {
  const std::string offer = chromium_offer();
  for (const auto& [from, to] :
       {std::pair("v=0", "v=1"), std::pair("m=audio 40000", "m=audio x"), std::pair("s=-", "s"),
        std::pair("rtpmap:111", "rtpmap:128"), std::pair("0A:1B", "0A1B"),
        std::pair("a=mid:0", "a=mid:a b"), std::pair("extmap:1 ", "extmap:0 "),
        std::pair("sctp-port:5000", "sctp-port:0"), std::pair("size:262144", "size:-1")}) {
    const Refusal refusal = refused(replaced(offer, from, to));
    EXPECT_EQ(refusal.kind, RefusalKind::malformed) << from;
    EXPECT_THAT(refusal.reason, HasSubstr("line ")) << from;
  }
  EXPECT_EQ(refused("").kind, RefusalKind::malformed);
  EXPECT_EQ(refused(replaced(offer, "a=ice-pwd", "a=x")).kind, RefusalKind::malformed);
}

TEST(Negotiation, CredentialsAreOfTheLengthAndTheCharactersThatIceAllows) {
  const auto reason_for = [](const std::string& ufrag, const std::string& pwd) {
    const std::string named = replaced(chromium_offer(), "ufrag:EsAw", "ufrag:" + ufrag);
    return refused(replaced(named, "pwd:P2uYro0UCOQ4zxjKXaWCBui1", "pwd:" + pwd)).reason;
  };
  const std::string pwd(22, 'p');
  EXPECT_EQ(reason_for("abc", pwd),
            "the audio section: a=ice-ufrag has 3 characters, expected 4..256");
  EXPECT_EQ(reason_for("abcd", pwd.substr(1)),
            "the audio section: a=ice-pwd has 21 characters, expected 22..256");
  EXPECT_EQ(reason_for("ab d", pwd),
            "the audio section: character 3 of a=ice-ufrag is 0x20, expected a letter, a digit, "
            "'+' or '/'");
  for (const char character : {'\0', '\t', '\r', ':', '"', '\x7F', '\xE9'}) {
    EXPECT_THAT(reason_for("abcd", pwd + character + "p"), HasSubstr("character 23 of a=ice-pwd"));
  }
  const std::string sound = std::string(246, 'a') + "+/-=#_09AZ";
  EXPECT_EQ(taken(replaced(chromium_offer(), "ufrag:EsAw", "ufrag:" + sound)).ice_ufrag, sound);
}

TEST(Negotiation, LimitsOnSizeAndSections) {
  EXPECT_EQ(refused(std::string(sdp::kMaxSize + 1, 'v')).kind, RefusalKind::too_large);
  std::string offer = chromium_offer();
  for (std::size_t i = 0; i < sdp::kMaxSections; ++i) offer += "m=video 9 RTP/AVP 96\r\n";
  EXPECT_EQ(refused(offer).kind, RefusalKind::too_large);
}

TEST(Negotiation, NothingOfTheOfferReachesTheAnswerAsALine) {
  const std::string offer = replaced(chromium_offer(), "m=application", "m=evil");
  EXPECT_THAT(answer_to(offer), Not(HasSubstr("evil")));
}

}  // namespace
}  // namespace remotemedia::rtc::test
