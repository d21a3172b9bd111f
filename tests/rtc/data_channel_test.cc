#include "rtc/offers.h"
#include "rtc/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <malloc.h>
#include <memory>
#include <optional>
#include <thread>

namespace remotemedia::rtc::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;

using testing::SizeIs;

constexpr std::size_t kMostBytes = std::size_t{256} * 1024;

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

enum class Sctp { in_calls, of_a_worker };

EndpointOptions options_with(Sctp sctp) {
  EndpointOptions options;
  if (sctp == Sctp::of_a_worker) options.sctp = std::make_shared<SctpWorker>([] {});
  return options;
}

/// Without audio, whose packets are not what is tested here.
struct DataChannelTest : testing::TestWithParam<Sctp> {
  DataChannelTest() { session.speaking = false; }

  /// Connects and opens a channel from the client.
  std::uint16_t open(std::string_view label = "chat") {
    session.negotiate();
    session.run(seconds(1));
    const auto channel = session.client.open_channel(label, session.now);
    if (!channel) throw std::runtime_error("no channel");
    run(milliseconds(200));
    return *channel;
  }
  void run(Time more) { session.run(session.now + more); }
  bool client_says(std::uint16_t channel, std::string_view text) {
    return session.client.send_message(channel, MessageKind::text, bytes_of(text), session.now);
  }
  bool server_says(std::uint16_t channel, std::string_view text) {
    return session.server.send_message(channel, MessageKind::text, bytes_of(text), session.now);
  }

  EndpointOptions options = options_with(GetParam());
  Session session{options, 1, options};
};

INSTANTIATE_TEST_SUITE_P(, DataChannelTest, testing::Values(Sctp::in_calls, Sctp::of_a_worker),
                         [](const auto& test) {
                           return test.param == Sctp::in_calls ? "InCalls" : "OfAWorker";
                         });

TEST_P(DataChannelTest, AClientOpensAnEvenChannelAndTextGoesBothWays) {
  const std::uint16_t channel = open("chat");
  EXPECT_EQ(channel % 2, 0);
  EXPECT_THAT(session.server_sink.opened, ElementsAre(testing::Pair(channel, "chat")));
  EXPECT_THAT(session.client_sink.opened, ElementsAre(testing::Pair(channel, "chat")));
  EXPECT_TRUE(client_says(channel, "hello"));
  EXPECT_TRUE(server_says(channel, "gr\xC3\xBC\xC3\x9F"));
  run(milliseconds(100));
  const auto text = MessageKind::text;
  EXPECT_THAT(session.server_sink.messages, ElementsAre(Recorder::Message{channel, text, "hello"}));
  EXPECT_THAT(session.client_sink.messages,
              ElementsAre(Recorder::Message{channel, text, "gr\xC3\xBC\xC3\x9F"}));
  const DataStatistics counts = session.server.statistics().data;
  EXPECT_EQ(counts.messages_received, 1U);
  EXPECT_EQ(counts.bytes_received, 5U);
  EXPECT_EQ(counts.messages_sent, 1U);
  EXPECT_EQ(counts.bytes_sent, 6U);
  EXPECT_EQ(counts.channels, 1U);
}

TEST_P(DataChannelTest, AServerOpensOddChannels) {
  session.negotiate();
  session.run(seconds(1));
  EXPECT_EQ(session.server.open_channel("a", session.now), 1);
  EXPECT_EQ(session.server.open_channel("b", session.now), 3);
  EXPECT_EQ(session.client.open_channel("c", session.now), 0);
  run(milliseconds(200));
  EXPECT_THAT(session.client_sink.opened,
              ElementsAre(testing::Pair(1, "a"), testing::Pair(3, "b"), testing::Pair(0, "c")));
}

TEST_P(DataChannelTest, AChannelOpenedAtOnceIsThereWithinHalfASecond) {
  session.negotiate();
  while (!session.connected()) run(milliseconds(1));
  ASSERT_TRUE(session.client.open_channel("at once", session.now));
  session.run(milliseconds(500));
  EXPECT_THAT(session.server_sink.opened, ElementsAre(testing::Pair(0, "at once")));
  EXPECT_THAT(session.client_sink.opened, SizeIs(1));
}

TEST_P(DataChannelTest, MessagesKeepTheirOrderUnderLossAndReordering) {
  const std::uint16_t channel = open();
  session.lose(0.2);
  session.jitter(milliseconds(30));
  std::vector<Recorder::Message> expected;
  for (int i = 0; i < 200; ++i) {
    const std::string text = "message " + std::to_string(i);
    ASSERT_TRUE(client_says(channel, text));
    ASSERT_TRUE(server_says(channel, text));
    expected.push_back({channel, MessageKind::text, text});
    run(milliseconds(10));
  }
  run(seconds(20));
  EXPECT_EQ(session.server_sink.messages, expected);
  EXPECT_EQ(session.client_sink.messages, expected);
}

TEST_P(DataChannelTest, ChannelsOpenUnderLoss) {
  for (unsigned seed = 0; seed < 5; ++seed) {
    Session lossy(options, seed, options);
    lossy.speaking = false;
    lossy.lose(0.2);
    lossy.negotiate();
    lossy.run(seconds(3));
    ASSERT_TRUE(lossy.client.open_channel("x", lossy.now)) << seed;
    lossy.run(seconds(15));
    EXPECT_THAT(lossy.client_sink.opened, SizeIs(1)) << seed;
    EXPECT_THAT(lossy.server_sink.opened, SizeIs(1)) << seed;
  }
}

TEST_P(DataChannelTest, AMessageOf256KiBArrivesWholeInDatagramsOf1200Bytes) {
  const std::uint16_t channel = open();
  std::string large(kMostBytes, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * i >> 3);
  ASSERT_TRUE(
      session.client.send_message(channel, MessageKind::binary, bytes_of(large), session.now));
  ASSERT_TRUE(
      session.server.send_message(channel, MessageKind::binary, bytes_of(large), session.now));
  run(seconds(10));
  ASSERT_THAT(session.server_sink.messages, SizeIs(1));
  ASSERT_THAT(session.client_sink.messages, SizeIs(1));
  EXPECT_EQ(session.server_sink.messages[0].kind, MessageKind::binary);
  EXPECT_TRUE(session.server_sink.messages[0].bytes == large);
  EXPECT_TRUE(session.client_sink.messages[0].bytes == large);
  EXPECT_LE(session.largest, kMaxDatagram);
  EXPECT_EQ(session.server.statistics().data.packets_dropped, 0U);
}

TEST_P(DataChannelTest, EmptyMessagesStayEmptyAndKeepTheirKind) {
  const std::uint16_t channel = open();
  EXPECT_TRUE(client_says(channel, ""));
  EXPECT_TRUE(session.client.send_message(channel, MessageKind::binary, {}, session.now));
  run(milliseconds(100));
  EXPECT_THAT(session.server_sink.messages,
              ElementsAre(Recorder::Message{channel, MessageKind::text, ""},
                          Recorder::Message{channel, MessageKind::binary, ""}));
}

TEST_P(DataChannelTest, MessagesThatAreTooLongAreRefused) {
  const std::uint16_t channel = open();
  EXPECT_FALSE(client_says(channel, std::string(kMostBytes + 1, 'x')));
  EXPECT_FALSE(client_says(channel + 2, "no such channel"));
  run(milliseconds(100));
  EXPECT_THAT(session.server_sink.messages, IsEmpty());
}

TEST_P(DataChannelTest, TheQueueTakes1MiBAndRefusesWholeMessages) {
  const std::uint16_t channel = open();
  const std::string text(100'000, 'x');
  std::size_t taken = 0;
  while (taken < 100 && client_says(channel, text)) ++taken;
  EXPECT_GE(taken, 8U);
  EXPECT_LE(taken, 13U);  // a few packets have left already
  run(seconds(20));
  EXPECT_THAT(session.server_sink.messages, SizeIs(taken));
  EXPECT_THAT(session.server_sink.messages,
              Each(testing::Field(&Recorder::Message::bytes, SizeIs(text.size()))));
  EXPECT_TRUE(client_says(channel, text));
}

TEST_P(DataChannelTest, AClosedChannelIsClosedOnBothSidesAndItsNumberIsUsedAgain) {
  const std::uint16_t channel = open("first");
  for (const bool by_client : {true, false}) {
    SCOPED_TRACE(by_client);
    ASSERT_TRUE(client_says(channel, "last words"));
    (by_client ? session.client : session.server).close_channel(channel, session.now);
    run(milliseconds(500));
    EXPECT_THAT(session.client_sink.closed, ElementsAre(channel));
    EXPECT_THAT(session.server_sink.closed, ElementsAre(channel));
    EXPECT_EQ(session.client.statistics().data.channels, 0U);
    EXPECT_FALSE(client_says(channel, "too late"));
    EXPECT_FALSE(server_says(channel, "too late"));
    EXPECT_THAT(session.server_sink.messages, SizeIs(by_client ? 1 : 0));  // what came late is lost
    session.client_sink.closed.clear();
    session.server_sink.closed.clear();
    EXPECT_EQ(session.client.open_channel("again", session.now), channel);
    run(milliseconds(500));
    EXPECT_EQ(session.server_sink.opened.back().second, "again");
    EXPECT_TRUE(server_says(channel, "hello again"));
    run(milliseconds(100));
    EXPECT_EQ(session.client_sink.messages.back().bytes, "hello again");
    session.server_sink.messages.clear();
  }
}

TEST_P(DataChannelTest, ChannelsOpenAndCloseUnderLoss) {
  open("first");
  session.lose(0.2);
  session.jitter(milliseconds(30));
  for (int i = 0; i < 20; ++i) {
    const auto channel = session.client.open_channel("more", session.now);
    ASSERT_TRUE(channel);
    run(milliseconds(300));
    session.client.close_channel(*channel, session.now);
    run(milliseconds(300));
  }
  run(seconds(30));
  EXPECT_EQ(session.server.statistics().data.channels, 1U);
  EXPECT_EQ(session.client.statistics().data.channels, 1U);
  EXPECT_EQ(session.server_sink.closed.size() + 1, session.server_sink.opened.size());
}

TEST_P(DataChannelTest, ASessionHas64Channels) {
  open("0");
  for (int i = 1; i < 64; ++i) {
    EXPECT_TRUE(session.client.open_channel(std::to_string(i), session.now)) << i;
  }
  EXPECT_FALSE(session.client.open_channel("one more", session.now));
  run(seconds(1));
  EXPECT_THAT(session.server_sink.opened, SizeIs(64));
  EXPECT_EQ(session.server.statistics().data.channels, 64U);
}

TEST_P(DataChannelTest, ChannelsThatCrossAndAreTooManyAreClosedByThePeer) {
  open("0");
  for (int i = 0; i < 40; ++i) {
    EXPECT_TRUE(session.client.open_channel("c", session.now));
    EXPECT_TRUE(session.server.open_channel("s", session.now));
  }
  run(seconds(2));
  const std::size_t left = session.server.statistics().data.channels;
  EXPECT_GT(session.dropped(Drop::data_too_many_channels), 0U);
  EXPECT_EQ(session.client.statistics().data.channels, left);
  EXPECT_THAT(session.server_sink.opened, SizeIs(left));
  EXPECT_THAT(session.server_sink.closed, SizeIs(81 / 2 - (64 - 41)));  // ours that were refused
  EXPECT_LE(left, 64U);
  EXPECT_GE(left, 41U);
}

TEST_P(DataChannelTest, NothingOpensBeforeItIsConnectedOrAfterTheEnd) {
  EXPECT_FALSE(session.client.open_channel("early", session.now));
  const std::uint16_t channel = open();
  EXPECT_FALSE(session.client.open_channel(std::string(257, 'x'), session.now));
  session.client.close(session.now);
  EXPECT_FALSE(session.client.open_channel("late", session.now));
  EXPECT_FALSE(client_says(channel, "late"));
  session.client.close_channel(channel, session.now);
  run(milliseconds(100));
  EXPECT_EQ(session.server.state(), EndpointState::ended);
  EXPECT_FALSE(server_says(channel, "late"));
  EXPECT_EQ(session.server.next_timeout(), Time::max());
}

TEST_P(DataChannelTest, AnOutageShorterThanConsentLosesNothing) {
  const std::uint16_t channel = open();
  session.lose(1);
  EXPECT_TRUE(client_says(channel, "are you there?"));
  run(seconds(25));
  session.lose(0);
  run(seconds(15));
  EXPECT_TRUE(session.connected());
  EXPECT_THAT(session.server_sink.messages, SizeIs(1));
  EXPECT_TRUE(server_says(channel, "yes"));
  run(seconds(1));
  EXPECT_THAT(session.client_sink.messages, SizeIs(1));
}

TEST(DataChannel, ASideWithoutDataChannelsDoesNotHaveThem) {
  EndpointOptions without;
  without.data_channels = false;
  for (const bool server : {true, false}) {
    Session session(server ? without : EndpointOptions{}, 1, server ? EndpointOptions{} : without);
    session.negotiate();
    session.run(seconds(1));
    EXPECT_TRUE(session.connected());
    EXPECT_FALSE(session.client.open_channel("x", session.now));
    EXPECT_FALSE(session.server.open_channel("x", session.now));
  }
}

TEST(DataChannel, ALaterOfferBringsDataChannels) {
  Session session;
  const std::string with = chromium_offer();
  const std::string without = replaced(with, "m=application 9", "m=application 0");
  const auto first = session.server.accept_offer(without, Time{});
  EXPECT_THAT(std::get<std::string>(first), testing::HasSubstr("m=application 0 "));
  const auto second = session.server.accept_offer(with, Time{});
  EXPECT_THAT(std::get<std::string>(second), testing::HasSubstr("m=application 9 "));
  const auto moved = session.server.accept_offer(replaced(with, "port:5000", "port:5001"), Time{});
  EXPECT_TRUE(std::holds_alternative<Refusal>(moved));
}

TEST_P(DataChannelTest, AnEndpointMayGoInMidTransfer) {
  const std::string large(kMostBytes, 'x');
  for (int ms = 0; ms < 100; ms += 7) {
    auto call = std::make_unique<Session>(options, 1, options);
    call->negotiate();
    call->run(seconds(1));
    const auto channel = call->client.open_channel("x", call->now);
    call->run(call->now + milliseconds(200));
    ASSERT_TRUE(
        call->client.send_message(*channel, MessageKind::binary, bytes_of(large), call->now));
    call->run(call->now + milliseconds(ms));
    call.reset();
  }
  Session next(options, 1, options);
  next.negotiate();
  next.run(seconds(2));
  EXPECT_TRUE(next.connected());
}

TEST_P(DataChannelTest, FiftySessionsAtOnceDoNotMixTheirMessages) {
  std::vector<std::unique_ptr<Session>> sessions;
  for (int i = 0; i < 50; ++i) {
    sessions.push_back(std::make_unique<Session>(options, 1, options));
    sessions.back()->speaking = false;
    sessions.back()->negotiate();
  }
  const auto run_all = [&](Time until) {
    for (Time now = sessions[0]->now; now < until; now += milliseconds(1)) {
      for (auto& each : sessions) each->run(now + milliseconds(1));
    }
  };
  run_all(seconds(1));
  for (auto& each : sessions) {
    ASSERT_TRUE(each->client.open_channel("x", each->now));
  }
  run_all(milliseconds(1'300));
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    const std::string text = "session " + std::to_string(i);
    ASSERT_TRUE(
        sessions[i]->client.send_message(0, MessageKind::text, bytes_of(text), sessions[i]->now));
  }
  run_all(milliseconds(1'600));
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    EXPECT_THAT(
        sessions[i]->server_sink.messages,
        ElementsAre(Recorder::Message{0, MessageKind::text, "session " + std::to_string(i)}));
  }
}

/// Bytes that the program has of the heap; 0 where sanitizers have their own.
std::size_t heap() { return mallinfo2().uordblks; }

TEST_P(DataChannelTest, SessionsThatComeAndGoLeaveNothingBehind) {
  const auto fifty_sessions = [this] {
    for (int i = 0; i < 50; ++i) {
      Session call(options, 1, options);
      call.speaking = false;
      call.negotiate();
      call.run(milliseconds(500));
      ASSERT_TRUE(call.client.open_channel("x", call.now));
      call.run(milliseconds(700));
      ASSERT_TRUE(call.client.send_message(0, MessageKind::text, bytes_of("x"), call.now));
      call.run(milliseconds(800));
      ASSERT_THAT(call.server_sink.messages, SizeIs(1));
    }
  };
  // On threads that end: what malloc keeps for a thread counts as the program's.
  const auto run = [&](int times) {
    for (int i = 0; i < times; ++i) std::thread(fifty_sessions).join();
  };
  run(8);  // what is made once is there
  const std::size_t before = heap();
  run(2);
  const std::size_t after = heap();
  // For a minute of the system's clock usrsctp keeps the tags of each association: 13 bytes.
  EXPECT_LT(after, before + std::size_t{100} * 60) << "from " << before;  // bytes a session
}

TEST(DataChannel, TheyTakeLessThan100KBOfEachEndpoint) {
  const auto bytes_of_an_endpoint = [](bool data) {
    EndpointOptions options;
    options.data_channels = data;
    constexpr std::size_t kSessions = 10;
    const std::size_t before = heap();
    std::vector<std::unique_ptr<Session>> sessions;
    for (std::size_t i = 0; i < kSessions; ++i) {
      Session& session = *sessions.emplace_back(std::make_unique<Session>(options, 1, options));
      session.speaking = false;
      session.negotiate();
      session.run(milliseconds(500));
      EXPECT_EQ(session.client.open_channel("x", session.now).has_value(), data);
      session.run(milliseconds(700));
    }
    return (heap() - before) / kSessions / 2;
  };
  bytes_of_an_endpoint(true);  // takes what all share
  EXPECT_LT(bytes_of_an_endpoint(true), bytes_of_an_endpoint(false) + 100'000);
}

}  // namespace
}  // namespace remotemedia::rtc::test
