#include "remotemedia/rtc/endpoint.h"

#include "rtc/offers.h"
#include "rtc/session.h"
#include "rtc/stun.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace remotemedia::rtc::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using State = EndpointState;

std::span<const float> last_second(const std::vector<float>& heard) {
  return std::span(heard).last(kCallRate);
}

TEST(Endpoint, ConnectsAndCarriesATonePerDirection) {
  Session session;
  session.negotiate();
  session.run(seconds(10));
  ASSERT_TRUE(session.connected());
  EXPECT_THAT(session.server_sink.states,
              ElementsAre(State::checking, State::handshaking, State::connected));
  EXPECT_GT(tone_to_rest_dB(last_second(session.server_sink.heard), kCallRate, 800), 20);
  EXPECT_GT(tone_to_rest_dB(last_second(session.client_sink.heard), kCallRate, 500), 20);
  const auto counts = session.server.statistics();
  EXPECT_EQ(counts.received.lost, 0U);
  ASSERT_TRUE(counts.round_trip);
  EXPECT_NEAR(remotemedia::seconds(*counts.round_trip), 0.020, 0.003);
  EXPECT_EQ(counts.peer_loss, 0.0);
  EXPECT_LE(session.largest, 1'344U);
}

TEST(Endpoint, ConnectsUnderLossAndStaysIntelligible) {
  for (unsigned seed = 0; seed < 5; ++seed) {
    Session session({}, seed);
    session.lose(0.1);
    session.negotiate();
    session.run(seconds(6));
    EXPECT_TRUE(session.connected()) << "seed " << seed;
    EXPECT_GT(session.server.statistics().received.recovered, 5U);
    EXPECT_GT(tone_to_rest_dB(last_second(session.server_sink.heard), kCallRate, 800), 0);
  }
}

TEST(Endpoint, ConnectsWithinHalfASecond) {
  Session session;
  session.negotiate();
  session.run(milliseconds(500));
  EXPECT_TRUE(session.connected());
}

TEST(Endpoint, StrangersGetNoAnswerAndLeaveNoTrace) {
  Session session;
  session.speaking = false;
  session.negotiate();
  session.run(seconds(1));
  const Address stranger = address("198.51.100.9", 9);
  const auto receive = [&](Datagram bytes) {
    session.server.receive(stranger, bytes, session.now);
  };
  receive(Datagram(60, 0));
  receive(Datagram(60, 0x16));
  receive(Datagram(60, 0x80));
  receive(Datagram(60, 0xFF));
  receive({});
  stun::Writer request(stun::Class::request, {});
  const Bytes forged = request.username(session.server.local_ufrag() + ":x").finish("guess");
  receive({forged.begin(), forged.end()});
  EXPECT_TRUE(session.server_sink.sent.empty());
  EXPECT_EQ(session.dropped(Drop::stun_malformed), 1U);
  EXPECT_EQ(session.dropped(Drop::unverified_source), 2U);
  EXPECT_EQ(session.dropped(Drop::unknown_protocol), 2U);
  EXPECT_EQ(session.dropped(Drop::stun_unknown_user), 1U);
  EXPECT_TRUE(session.connected());
}

TEST(Endpoint, ForgedMediaFromAVerifiedAddressIsCounted) {
  Session session;
  session.negotiate();
  session.run(seconds(1));
  for (int i = 0; i < 20; ++i) {
    Datagram forged(60, 0x80);
    forged[11] = static_cast<std::uint8_t>(i);  // a new SSRC each
    session.server.receive(session.client_address, forged, session.now);
  }
  EXPECT_EQ(session.dropped(Drop::srtp_rejected), 20U);
  session.run(seconds(2));
  EXPECT_TRUE(session.connected());
}

TEST(Endpoint, WithoutConsentItWaitsThenStopsThenEnds) {
  Session session;
  session.negotiate();
  session.run(seconds(1));
  session.lose(1);
  session.run(seconds(12));
  EXPECT_EQ(session.server.state(), State::interrupted);
  session.run(seconds(40));
  session.server_sink.sent.clear();
  const auto sent = session.server.statistics().packets_sent;
  session.run(seconds(42));
  EXPECT_EQ(session.server.statistics().packets_sent, sent);
  session.run(seconds(100));
  EXPECT_EQ(session.server.state(), State::ended);
  EXPECT_EQ(session.server_sink.last_reason, "the peer is gone");
  EXPECT_EQ(session.server.next_timeout(), Time::max());
}

TEST(Endpoint, AnInterruptedSessionGoesOnWhenChecksComeBack) {
  Session session;
  session.negotiate();
  session.run(seconds(1));
  session.lose(1);
  session.run(seconds(12));
  session.lose(0);
  session.run(seconds(20));
  EXPECT_TRUE(session.connected());
  EXPECT_GT(tone_to_rest_dB(last_second(session.server_sink.heard), kCallRate, 800), 20);
}

TEST(Endpoint, FollowsAClientToItsNewAddress) {
  Session session;
  session.negotiate();
  session.run(seconds(2));
  session.client_address = address("192.0.2.99", 1234);
  session.run(seconds(10));
  EXPECT_TRUE(session.connected());
  EXPECT_GT(session.dropped(Drop::unverified_source), 0U);  // until the next check
  session.server.send_audio(std::vector<float>(640, 0.5F), session.now);
  session.server.advance(session.now + milliseconds(40));
  ASSERT_FALSE(session.server_sink.sent.empty());
  EXPECT_EQ(session.server_sink.sent.back().first, session.client_address);
}

TEST(Endpoint, OneSideClosesAndTheOtherLearnsIt) {
  Session session;
  session.negotiate();
  session.run(seconds(1));
  session.client.close(session.now);
  EXPECT_EQ(session.client.state(), State::ended);
  session.run(seconds(2));
  EXPECT_EQ(session.server.state(), State::ended);
  EXPECT_EQ(session.server_sink.last_reason, "the peer closed the session");
  EXPECT_EQ(session.server.send_audio(std::vector<float>(320), session.now), 0U);
}

TEST(Endpoint, CancelledAudioIsNotSent) {
  Session session;
  session.negotiate();
  session.run(seconds(1));
  session.speaking = false;
  session.run(seconds(2));
  session.server.send_audio(std::vector<float>(5 * kCallRate, 0.5F), session.now);
  session.run(session.now + milliseconds(100));
  session.server.cancel_audio();
  const auto sent = session.server.statistics().packets_sent;
  session.run(session.now + seconds(1));
  EXPECT_EQ(session.server.statistics().packets_sent, sent);
  EXPECT_EQ(session.server.statistics().queued, Time{});
}

TEST(Endpoint, WithoutAPeerItEndsAfterItsTime) {
  Session session;
  session.lose(1);
  session.negotiate();
  session.run(seconds(31));
  EXPECT_EQ(session.server.state(), State::ended);
  EXPECT_EQ(session.client.state(), State::ended);
  EXPECT_THAT(session.server_sink.last_reason, HasSubstr("check"));
}

TEST(Endpoint, MoreDatagramsThanTheLimitAreDropped) {
  EndpointOptions options;
  options.max_datagrams_per_s = 100;
  Session session(options);
  session.negotiate();
  session.run(seconds(1));
  for (int i = 0; i < 150; ++i) {
    Datagram bytes(20, 0x80);
    session.server.receive(session.client_address, bytes, session.now);
  }
  EXPECT_GE(session.dropped(Drop::too_fast), 50U);
}

TEST(Endpoint, AFloodOfDataTakesNothingFromAudio) {
  Session session;
  session.negotiate();
  session.run(seconds(1));
  for (int step = 0; step < 200; ++step) {
    for (int i = 0; i < 50; ++i) {
      Datagram bytes(60, 23);  // application data of DTLS, as its first byte says
      session.server.receive(session.client_address, bytes, session.now);
    }
    session.run(session.now + milliseconds(10));
  }
  EXPECT_GE(session.dropped(Drop::too_fast), 9'000U - 500U);
  const AudioReceiverStatistics received = session.server.statistics().received;
  EXPECT_GE(received.packets, 100U);
  EXPECT_EQ(received.lost, 0U);
  EXPECT_EQ(received.concealed_ms, 0U);
  EXPECT_TRUE(session.connected());
}

TEST(Endpoint, AFloodOfMediaTakesNothingFromData) {
  Session session;
  session.negotiate();
  session.run(seconds(1));
  const auto channel = session.client.open_channel("chat", session.now);
  ASSERT_TRUE(channel);
  session.run(session.now + milliseconds(200));
  for (int i = 0; i < 1'000; ++i) {
    Datagram bytes(60, 0x80);
    session.server.receive(session.client_address, bytes, session.now);
  }
  const Datagram text{'h', 'i'};
  ASSERT_TRUE(session.client.send_message(*channel, MessageKind::text, text, session.now));
  session.run(session.now + milliseconds(100));
  EXPECT_EQ(session.server_sink.messages.size(), 1U);
}

TEST(Endpoint, ANewUfragInALaterOfferRestartsIce) {
  Session session;
  const std::string offer = chromium_offer();
  ASSERT_TRUE(std::holds_alternative<std::string>(session.server.accept_offer(offer, Time{})));
  const std::string before = session.server.local_ufrag();
  ASSERT_TRUE(std::holds_alternative<std::string>(session.server.accept_offer(offer, Time{})));
  EXPECT_EQ(session.server.local_ufrag(), before);
  const auto answer = session.server.accept_offer(replaced(offer, "EsAw", "anew"), Time{});
  ASSERT_TRUE(std::holds_alternative<std::string>(answer));
  EXPECT_NE(session.server.local_ufrag(), before);
  EXPECT_THAT(std::get<std::string>(answer),
              HasSubstr("a=ice-ufrag:" + session.server.local_ufrag() + "\r\n"));
  EXPECT_THAT(std::get<std::string>(answer), HasSubstr(" 3 IN IP4"));
  const auto other = session.server.accept_offer(replaced(offer, "0A:1B", "FF:FF"), Time{});
  EXPECT_TRUE(std::holds_alternative<Refusal>(other));
}

TEST(Endpoint, ARefusedOfferLeavesItIdle) {
  Session session;
  const auto answer = session.server.accept_offer("v=0\r\n", Time{});
  ASSERT_TRUE(std::holds_alternative<Refusal>(answer));
  EXPECT_EQ(std::get<Refusal>(answer).kind, RefusalKind::unsupported);
  EXPECT_EQ(session.server.state(), State::idle);
  EXPECT_EQ(session.server.next_timeout(), Time::max());
}

TEST(Endpoint, AServerFindsTheEndpointOfADatagramByItsUfrag) {
  Session session;
  session.negotiate();
  session.client.advance(Time{});
  ASSERT_FALSE(session.client_sink.sent.empty());
  EXPECT_EQ(addressed_ufrag(session.client_sink.sent[0].second), session.server.local_ufrag());
  EXPECT_EQ(addressed_ufrag(Datagram(20, 0x16)), "");
}

TEST(Endpoint, RandomDatagramsNeverEndASession) {
  EndpointOptions options;
  options.max_datagrams_per_s = 10'000;
  Session session(options);
  session.negotiate();
  session.run(seconds(1));
  remotemedia::test::Dice dice(7);
  for (int round = 0; round < 20'000; ++round) {
    Datagram bytes(dice.below(200));
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(dice.below(256));
    if (!bytes.empty() && dice.one_in(2))
      bytes[0] = dice.pick(Datagram{0, 1, 20, 22, 23, 128, 144});
    session.server.receive(session.client_address, bytes, session.now);
    if (round % 400 == 0) session.run(session.now + milliseconds(200));
  }
  EXPECT_EQ(session.dropped(Drop::too_fast), 0U);
  EXPECT_TRUE(session.connected());
}

TEST(Endpoint, OptionsAreChecked) {
  Recorder sink;
  EndpointOptions options;
  options.receive_rate = 44'100;
  EXPECT_ANY_THROW(Endpoint(shared_identity(), options, sink));
  EXPECT_ANY_THROW(Endpoint(nullptr, {}, sink));
}

}  // namespace
}  // namespace remotemedia::rtc::test
