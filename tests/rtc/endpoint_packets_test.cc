#include "rtc/offers.h"
#include "rtc/session.h"

#include <gtest/gtest.h>

namespace remotemedia::rtc::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Whose client takes packets.
struct PacketSession : Session {
  PacketSession() {
    client_sink.takes_packets = true;
    speaking = false;
    negotiate();
    run(seconds(1));
    EXPECT_TRUE(connected());
  }
};

TEST(EndpointPackets, PassAsTheyAreInStepWithTheirTimes) {
  PacketSession session;
  const Time start = session.now;
  for (std::uint8_t i = 0; i < 5; ++i) {
    const Datagram opus(30U + i, static_cast<std::uint8_t>(0x48 + i));
    EXPECT_TRUE(session.server.send_packet(opus, 20, start + i * milliseconds(20)));
  }
  session.run(start + milliseconds(50));
  const auto& packets = session.client_sink.packets;
  ASSERT_EQ(packets.size(), 5U);
  for (std::uint8_t i = 0; i < 5; ++i) {
    EXPECT_EQ(packets[i].opus, Datagram(30U + i, static_cast<std::uint8_t>(0x48 + i)));
    EXPECT_EQ(packets[i].sequence, static_cast<std::uint16_t>(packets[0].sequence + i));
    EXPECT_EQ(packets[i].timestamp, packets[0].timestamp + 960U * i);
  }
  EXPECT_EQ(session.server.statistics().packets_sent, 5U);
}

TEST(EndpointPackets, WhatIsTakenIsNotDecoded) {
  PacketSession session;
  session.server.send_audio(Session::tone(500, session.server_phase), session.now);
  session.run(session.now + milliseconds(300));
  EXPECT_EQ(session.client_sink.packets.size(), 1U);
  EXPECT_TRUE(session.client_sink.heard.empty());
  EXPECT_EQ(session.client.statistics().received.packets, 0U);
}

TEST(EndpointPackets, AreRefusedWhenEmptyTooLongOrNotConnected) {
  PacketSession session;
  const Datagram opus(1'001, 0x48);
  EXPECT_FALSE(session.server.send_packet({}, 20, session.now));
  EXPECT_FALSE(session.server.send_packet(opus, 20, session.now));
  EXPECT_TRUE(session.server.send_packet(Bytes(opus).first(1'000), 20, session.now));
  session.server.close(session.now);
  EXPECT_FALSE(session.server.send_packet(Bytes(opus).first(10), 20, session.now));
  Endpoint idle(session.identity, {}, session.server_sink);
  EXPECT_FALSE(idle.send_packet(Bytes(opus).first(10), 20, session.now));
}

TEST(EndpointPackets, HaveNoMoreBitsThanThePeerWants) {
  Session session;
  session.client_sink.takes_packets = true;
  const auto answer = session.server.accept_offer(
      replaced(session.client.create_offer(), "minptime=10", "maxaveragebitrate=8000"),
      session.now);
  session.client.accept_answer(std::get<std::string>(answer), session.now);
  session.run(seconds(3));
  ASSERT_GT(session.client_sink.packets.size(), 50U);
  for (const auto& packet : session.client_sink.packets) EXPECT_LE(packet.opus.size(), 40U);
}

}  // namespace
}  // namespace remotemedia::rtc::test
