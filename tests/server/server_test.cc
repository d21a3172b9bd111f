// The whole server, with clients on loopback.

#include "remotemedia/server/server.h"

#include "remotemedia/base/error.h"
#include "remotemedia/graph/manifest.h"
#include "remotemedia/nodes/builtin.h"
#include "server/loopback.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>

namespace remotemedia::server {
namespace {

using test::Client;
using test::request;
using testing::HasSubstr;

std::shared_ptr<const Graph> one_node(const std::string& type, const std::string& params,
                                      const NodeRegistry& registry = builtin_nodes()) {
  return Graph::build(
      parse_manifest(
          R"({"version":"v1","metadata":{"name":"one"},"nodes":[{"id":"node","node_type":")" +
              type + R"(","params":)" + params + "}]}",
          TextFormat::json),
      registry);
}

GraphSource resampler() {
  return [](const std::string&) {
    return one_node("AudioResampleNode", R"({"target_sample_rate":16000})");
  };
}

ServerOptions loopback_options() {
  ServerOptions options;
  options.port = 0;
  options.shards = 2;
  return options;
}

constexpr const char* kSdpType = "Content-Type: application/sdp\r\n";

class ServerTest : public testing::Test {
 protected:
  void start(GraphSource graphs, ServerOptions options = loopback_options(),
             SessionListener listener = {}) {
    server_.emplace(std::move(options), std::move(graphs), std::move(listener));
    server_->start();
  }
  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  [[nodiscard]] std::size_t sessions() const { return server_->connections().size(); }
  static bool connected(const Client& client) {
    return client.state() == rtc::EndpointState::connected;
  }
  void hears_itself(Client& client) {
    ASSERT_EQ(client.connect(port()).status, 200);
    ASSERT_TRUE(client.run_until([&] { return client.heard.size() > 32'000; })) << client.problem;
    EXPECT_NEAR(test::frequency_of(client.heard, 16'000), client.tone_hz, 2);
  }

  std::optional<Server> server_;
};

TEST_F(ServerTest, WhatAClientSaysGoesThroughTheGraphAndComesBack) {
  start(resampler());
  Client client;
  hears_itself(client);
  EXPECT_EQ(sessions(), 1U);
  client.close();
  ASSERT_TRUE(client.run_until([&] { return sessions() == 0; }));
}

TEST_F(ServerTest, SessionsShareAPortAndHearOnlyThemselves) {
  ServerOptions options = loopback_options();
  options.shards = 1;
  start(resampler(), options);
  Client first;
  Client second;
  second.tone_hz = 700;
  hears_itself(first);
  hears_itself(second);
  EXPECT_EQ(sessions(), 2U);
  EXPECT_EQ(server_->udp_ports().size(), 1U);
}

TEST_F(ServerTest, APageIsToldOfItsSessionAndOfTheTimesOfItsNodes) {
  start(resampler());
  Client client;
  ASSERT_EQ(client.connect(port()).status, 200);
  ASSERT_TRUE(client.run_until([&] { return connected(client) && client.open_channel(); }));
  ASSERT_TRUE(client.run_until([&] { return client.message("metrics") != nullptr; }));
  EXPECT_EQ(text_of(*client.message("session"), "session_id"), client.id);
  EXPECT_EQ(client.message("session")->find("input_rate")->number(), 16'000);
  const Object& node = *(*client.message("metrics")->find("nodes")->as_array())[0].as_object();
  EXPECT_EQ(text_of(node, "node_id"), "node");
}

TEST_F(ServerTest, MessagesGoBothWays) {
  std::mutex mutex;
  std::vector<std::string> received;
  SessionListener listener;
  listener.on_message = [&](const std::string& id, const Value& message) {
    const std::lock_guard lock(mutex);
    received.push_back(text_of(*message.as_object(), "message"));
    server_->send(id, Object{{"type", "reply"}, {"text", "good day"}});
  };
  start(resampler(), loopback_options(), listener);
  Client client;
  ASSERT_EQ(client.connect(port()).status, 200);
  ASSERT_TRUE(client.run_until([&] { return connected(client) && client.open_channel(); }));
  ASSERT_TRUE(client.run_until([&] { return client.message("session") != nullptr; }));
  client.send(R"({"type":"message","message":"hello"})");
  ASSERT_TRUE(client.run_until([&] { return client.message("reply") != nullptr; }));
  server_->broadcast(Object{{"type", "news"}});
  ASSERT_TRUE(client.run_until([&] { return client.message("news") != nullptr; }));
  client.send("no JSON");
  ASSERT_TRUE(client.run_until([&] { return client.message("error") != nullptr; }));
  const std::lock_guard lock(mutex);
  EXPECT_EQ(received, std::vector<std::string>{"hello"});
}

/// Fails with its third packet, in sessions whose id is known to it.
class FailingNode final : public NodeExecutor {
 public:
  void process(Packet packet, Emitter& out) override {
    if (++packets_ == 100) throw std::runtime_error("the disk of the node is full");
    out.emit(std::move(packet));
  }

 private:
  int packets_ = 0;
};

TEST_F(ServerTest, ANodeThatFailsEndsItsSessionWithAMessageAndNoOther) {
  NodeRegistry registry;
  NodeType type;
  type.name = "FailingNode";
  type.make = [](const Parameters&) { return std::make_unique<FailingNode>(); };
  registry.add(type);
  std::atomic<int> graphs{0};
  start([&](const std::string&) {
    return graphs++ == 0 ? one_node("AudioResampleNode", R"({"target_sample_rate":16000})")
                         : one_node("FailingNode", "{}", registry);
  });
  Client sound;
  hears_itself(sound);
  Client failing;
  ASSERT_EQ(failing.connect(port()).status, 200);
  ASSERT_TRUE(failing.run_until([&] { return connected(failing) && failing.open_channel(); }));
  ASSERT_TRUE(failing.run_until([&] { return failing.state() == rtc::EndpointState::ended; }));
  ASSERT_NE(failing.message("error"), nullptr);
  EXPECT_THAT(text_of(*failing.message("error"), "message"),
              HasSubstr("the disk of the node is full"));
  EXPECT_EQ(text_of(*failing.message("error"), "node_id"), "node");
  const std::size_t before = sound.heard.size();
  EXPECT_TRUE(sound.run_until([&] { return sound.heard.size() > before + 16'000; }));
}

TEST_F(ServerTest, AGraphThatCannotBeMadeRefusesItsSessionOnly) {
  std::atomic<int> calls{0};
  start([&](const std::string&) -> std::shared_ptr<const Graph> {
    if (calls++ == 0) throw std::runtime_error("no model today");
    return one_node("PassThroughNode", "{}");
  });
  Client client;
  const auto reply = client.connect(port());
  EXPECT_EQ(reply.status, 500);
  EXPECT_THAT(reply.body, HasSubstr("no model today"));
  Client next;
  EXPECT_EQ(next.connect(port()).status, 200);
}

TEST_F(ServerTest, WhipOpensRestartsAndEndsASession) {
  start(resampler());
  Client client;
  const auto created = request(port(), "POST", "/whip", kSdpType, client.offer());
  ASSERT_EQ(created.status, 201) << created.body;
  const std::string place = created.header("Location");
  EXPECT_THAT(place, testing::StartsWith("/whip/"));
  client.take_answer(created.body);
  ASSERT_TRUE(client.run_until([&] { return connected(client); }));

  const std::string fragment_type = "Content-Type: application/trickle-ice-sdpfrag\r\n";
  const std::string candidate = "a=candidate:1 1 udp 1 192.0.2.1 5000 typ host\r\n";
  EXPECT_EQ(request(port(), "PATCH", place, fragment_type, candidate).status, 204);
  const std::string restart = "a=ice-ufrag:next\r\na=ice-pwd:0123456789012345678901\r\n";
  EXPECT_EQ(request(port(), "PATCH", place, fragment_type, restart).status, 428);
  const auto restarted =
      request(port(), "PATCH", place, fragment_type + "If-Match: *\r\n", restart);
  EXPECT_EQ(restarted.status, 200);
  EXPECT_NE(restarted.header("ETag"), created.header("ETag"));
  EXPECT_THAT(restarted.body, HasSubstr("a=ice-pwd:"));

  EXPECT_EQ(request(port(), "DELETE", place).status, 200);
  ASSERT_TRUE(client.run_until([&] { return sessions() == 0; }));
  EXPECT_EQ(request(port(), "DELETE", place).status, 404);
}

TEST_F(ServerTest, AListenerHearsTheSessionThatItNames) {
  start(resampler());
  Client speaker;
  speaker.tone_hz = 600;
  hears_itself(speaker);
  Client listener;
  const auto reply = request(port(), "POST", "/whep/" + speaker.id, kSdpType, listener.offer());
  ASSERT_EQ(reply.status, 201) << reply.body;
  listener.take_answer(reply.body);
  ASSERT_TRUE(listener.run_until([&] { return connected(listener); }));
  ASSERT_TRUE(listener.run_until([&] {
    speaker.run_until([] { return true; });
    const std::size_t before = speaker.heard.size();
    speaker.run_until([&] { return speaker.heard.size() > before; });
    return listener.heard.size() > 24'000;
  }));
  EXPECT_NEAR(test::frequency_of(listener.heard, 16'000), 600, 60);
  speaker.close();
  ASSERT_TRUE(listener.run_until([&] { return sessions() == 0; }));
}

TEST_F(ServerTest, BadRequestsAreRefusedWithAReason) {
  start(resampler());
  const auto json_type = std::string("Content-Type: application/json\r\n");
  EXPECT_EQ(request(port(), "POST", "/whip", kSdpType, "nonsense").status, 400);
  EXPECT_EQ(request(port(), "POST", "/whip", json_type, "{}").status, 415);
  EXPECT_EQ(request(port(), "POST", "/api/offer", json_type, "{").status, 400);
  EXPECT_EQ(request(port(), "GET", "/whip").status, 405);
  EXPECT_EQ(request(port(), "POST", "/health").status, 405);
  EXPECT_EQ(request(port(), "GET", "/nothing").status, 404);
  EXPECT_EQ(
      request(port(), "PATCH", "/whip/unknown", "Content-Type: application/trickle-ice-sdpfrag\r\n")
          .status,
      404);
  EXPECT_EQ(request(port(), "POST", "/whip", kSdpType, std::string(200'000, 'a')).status, 413);
  EXPECT_EQ(request(port(), "GET", "/" + std::string(20'000, 'a')).status, 431);
  EXPECT_EQ(test::send_raw(port(), "this is no HTTP\r\n\r\n").status, 400);
  EXPECT_EQ(test::send_raw(port(), "GET / HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n")
                .status,
            421);
  const auto no_opus = request(
      port(), "POST", "/whip", kSdpType,
      "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n"
      "a=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\n");
  EXPECT_THAT(no_opus.status, testing::AnyOf(400, 422));
}

TEST_F(ServerTest, TokensAndLimitsHold) {
  ServerOptions options = loopback_options();
  options.tokens = {"0123456789abcdef"};
  options.max_sessions = 1;
  start(resampler(), options);
  const std::string token = "Authorization: Bearer 0123456789abcdef\r\n";
  EXPECT_EQ(request(port(), "GET", "/connections").status, 401);
  EXPECT_EQ(request(port(), "GET", "/metrics", "Authorization: Bearer wrong\r\n").status, 401);
  EXPECT_EQ(request(port(), "GET", "/health").status, 200);
  EXPECT_EQ(request(port(), "GET", "/").status, 200);
  Client client;
  EXPECT_EQ(client.connect(port()).status, 401);
  Client allowed;
  EXPECT_EQ(allowed.connect(port(), token).status, 200);
  Client late;
  const auto refused = late.connect(port(), token);
  EXPECT_EQ(refused.status, 503);
  EXPECT_FALSE(refused.header("Retry-After").empty());
}

TEST_F(ServerTest, TooManyRequestsOfOneAddressWait) {
  ServerOptions options = loopback_options();
  options.max_requests_per_minute = 1;
  start(resampler(), options);
  EXPECT_EQ(request(port(), "POST", "/whip", kSdpType, "x").status, 400);
  const auto refused = request(port(), "POST", "/whip", kSdpType, "x");
  EXPECT_EQ(refused.status, 429);
  const int wait = std::stoi("0" + refused.header("Retry-After"));
  EXPECT_TRUE(wait >= 1 && wait <= 60) << wait;
}

TEST_F(ServerTest, GarbageIsDroppedAndCountedWithoutAnAnswer) {
  start(resampler());
  UdpSocket stranger(*rtc::parse_address("127.0.0.1", 0));
  const auto to = *rtc::parse_address("127.0.0.1", server_->udp_ports()[0]);
  for (std::uint8_t first = 0; first < 250; ++first) {
    const std::array<std::uint8_t, 40> bytes{first, 1, 2};
    stranger.send(to, bytes);
  }
  stranger.flush();
  Client client;
  ASSERT_TRUE(client.run_until([&] {
    return request(port(), "GET", "/metrics")
               .body.find("dropped_total{reason=\"unknown_session\"} 250\n") != std::string::npos;
  }));
  EXPECT_EQ(stranger.receive([](const rtc::Address&, std::span<std::uint8_t>) {}), 0U);
}

TEST_F(ServerTest, StopSaysGoodbyeToSessions) {
  start(resampler());
  Client client;
  hears_itself(client);
  std::thread stopping([&] { server_->stop(Time{}); });
  EXPECT_TRUE(client.run_until([&] { return client.state() == rtc::EndpointState::ended; }));
  stopping.join();
  EXPECT_EQ(request(port(), "GET", "/health").status, 0);
}

TEST_F(ServerTest, DrainingTakesNoNewSession) {
  start(resampler());
  Client client;
  hears_itself(client);
  std::thread stopping([&] { server_->stop(test::kPatience); });
  Client late;
  EXPECT_TRUE(client.run_until([&] { return request(port(), "GET", "/health").status == 503; }));
  EXPECT_EQ(late.connect(port()).status, 503);
  client.close();
  stopping.join();
}

TEST_F(ServerTest, AnOpenWebSocketIsClosedWithTheServer) {
  start(resampler());
  const test::Connected page(port());
  page.say(
      "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
  // RFC 6455, section 1.3, has the answer to this key.
  EXPECT_THAT(page.hear(), HasSubstr("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
  server_.reset();
  EXPECT_EQ(page.hear(), "");
}

TEST_F(ServerTest, APortInUseIsAnErrorThatNamesIt) {
  start(resampler());
  ServerOptions options = loopback_options();
  options.port = port();
  Server second(options, resampler());
  try {
    second.start();
    FAIL() << "it listens";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(std::to_string(port())));
    EXPECT_THAT(error.what(), HasSubstr("another program uses it"));
  }
}

}  // namespace
}  // namespace remotemedia::server
