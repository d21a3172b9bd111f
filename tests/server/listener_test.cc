// Those who hear what a session is sent (WHEP).

#include "server/serving.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <numbers>
#include <utility>
#include <vector>

namespace remotemedia::server {
namespace {

using test::Client;
using test::kSdpType;
using test::request;

class ListenerTest : public test::Serving {
 protected:
  [[nodiscard]] test::Reply listen(const std::string& to, const std::string& offer) const {
    return request(port(), "POST", "/whep/" + to, kSdpType, offer);
  }
  /// Both speak and hear until it holds.
  static bool run_both(Client& speaker, Client& listener, const std::function<bool()>& holds) {
    return listener.run_until([&] {
      speaker.run_until([turns = 0]() mutable { return ++turns > 3; });
      return holds();
    });
  }
};

TEST_F(ListenerTest, HearsTheSessionThatItNamesOnWhicheverShardItIs) {
  start(test::resampler());
  Client speaker;
  speaker.tone_hz = 600;
  hears_itself(speaker);
  // The least loaded shard takes each: one of the two is not the speaker's.
  std::vector<std::unique_ptr<Client>> listeners;
  for (int i = 0; i < 2; ++i) {
    Client& listener = *listeners.emplace_back(std::make_unique<Client>());
    const auto reply = listen(speaker.id, listener.offer());
    ASSERT_EQ(reply.status, 201) << reply.body;
    listener.take_answer(reply.body);
    ASSERT_TRUE(run_both(speaker, listener, [&] { return listener.heard.size() > 24'000; }));
    EXPECT_NEAR(test::frequency_of(listener.heard, 16'000), 600, 60);
  }
  speaker.close();
  ASSERT_TRUE(listeners.back()->run_until([&] { return sessions() == 0; }));
}

/// Gives a minute of a tone for its first block.
class TalkativeNode final : public NodeExecutor {
 public:
  void process(Packet packet, Emitter& out) override {
    if (std::exchange(has_talked_, true)) return;
    AudioBuffer audio = AudioBuffer::allocate_unset(SampleFormat::f32, 1, 60 * 16'000, 16'000);
    const auto samples = audio.mutable_channel<float>(0);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      samples[i] =
          0.3F * static_cast<float>(std::sin(2 * std::numbers::pi * 600 * double(i) / 16'000));
    }
    packet.payload = std::move(audio);
    out.emit(std::move(packet));
  }

 private:
  bool has_talked_ = false;
};

TEST_F(ListenerTest, HearsNoMoreThanTheSessionAfterACancelAndSoDoesOneThatListensToIt) {
  NodeRegistry registry = test::only<TalkativeNode>("TalkativeNode");
  ServerOptions options = test::loopback_options();
  options.receive_rate = options.send_rate = 16'000;
  start([&](const std::string&) { return test::one_node("TalkativeNode", "{}", registry); },
        options);
  Client speaker;
  ASSERT_EQ(speaker.connect(port()).status, 200);
  Client listener;
  const auto first = listen(speaker.id, listener.offer());
  ASSERT_EQ(first.status, 201) << first.body;
  listener.take_answer(first.body);
  Client other;
  const std::string place = first.header("Location");
  const auto second = listen(place.substr(place.rfind('/') + 1), other.offer());
  ASSERT_EQ(second.status, 201) << second.body;
  other.take_answer(second.body);

  const auto run_all = [&](const std::function<bool()>& holds) {
    return run_both(speaker, listener, [&] {
      other.run_until([turns = 0]() mutable { return ++turns > 3; });
      return holds();
    });
  };
  const auto hears_tone = [](const Client& client) {
    return std::abs(test::frequency_of(client.heard, 16'000) - 600) < 60;
  };
  ASSERT_TRUE(run_all([&] { return hears_tone(listener) && hears_tone(other); }));
  ASSERT_TRUE(speaker.open_channel());
  ASSERT_TRUE(run_all([&] { return speaker.message("session") != nullptr; }));
  speaker.send(R"({"type":"cancel"})");
  const auto hears_nothing = [](const Client& client) {
    return test::frequency_of(client.heard, 16'000) == 0;
  };
  EXPECT_TRUE(run_all([&] { return hears_nothing(listener) && hears_nothing(other); }));
}

TEST_F(ListenerTest, OneMoreThanTheLimitIsToldToComeAgain) {
  ServerOptions options = test::loopback_options();
  options.max_sessions_per_address = 1'000;
  options.max_requests_per_minute = 10'000;
  start(test::resampler(), options);
  Client speaker;
  ASSERT_EQ(speaker.connect(port()).status, 200);
  Client listener;
  const std::string offer = listener.offer();
  std::string last;
  for (int i = 0; i < 100; ++i) {
    const auto reply = listen(speaker.id, offer);
    ASSERT_EQ(reply.status, 201) << i << reply.body;
    last = reply.header("Location");
  }
  const auto refused = listen(speaker.id, offer);
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.body, testing::HasSubstr("as many listeners as it may"));
  EXPECT_GE(std::stoi("0" + refused.header("Retry-After")), 1);
  // Another session has listeners of its own, and one that goes makes room.
  Client other;
  ASSERT_EQ(other.connect(port()).status, 200);
  EXPECT_EQ(listen(other.id, offer).status, 201);
  EXPECT_EQ(request(port(), "DELETE", last).status, 200);
  EXPECT_TRUE(other.run_until([&] { return listen(speaker.id, offer).status == 201; }));
}

TEST_F(ListenerTest, GoesAwayWhileItIsSpokenTo) {
  start(test::resampler());
  Client speaker;
  hears_itself(speaker);
  for (int i = 0; i < 20; ++i) {
    Client listener;
    const auto reply = listen(speaker.id, listener.offer());
    ASSERT_EQ(reply.status, 201) << reply.body;
    EXPECT_EQ(request(port(), "DELETE", reply.header("Location")).status, 200);
    const std::size_t before = speaker.heard.size();
    ASSERT_TRUE(speaker.run_until([&] { return speaker.heard.size() > before; }));
  }
  ASSERT_TRUE(speaker.run_until([&] { return sessions() == 1; }));
}

}  // namespace
}  // namespace remotemedia::server
