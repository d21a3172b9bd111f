// The whole server, with clients on loopback.

#include "remotemedia/base/error.h"
#include "remotemedia/base/log.h"
#include "server/serving.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sched.h>
#include <set>
#include <stdexcept>
#include <thread>

namespace remotemedia::server {
namespace {

class ServerTest : public test::Serving {};

using test::Client;
using test::kSdpType;
using test::loopback_options;
using test::one_node;
using test::request;
using test::resampler;
using testing::HasSubstr;
using testing::Not;

TEST_F(ServerTest, WhatAClientSaysGoesThroughTheGraphAndComesBack) {
  start(resampler());
  Client client;
  hears_itself(client);
  EXPECT_EQ(sessions(), 1U);
  client.close();
  ASSERT_TRUE(client.run_until([&] { return sessions() == 0; }));
}

TEST_F(ServerTest, AnAddressIsTheSameHoweverItIsWritten) {
  for (const auto& [written, meant] :
       {std::pair("0::0", "::"), std::pair("0:0:0:0:0:0:0:1", "::1"),
        std::pair("::ffff:127.0.0.1", "127.0.0.1"), std::pair("192.0.2.1", "192.0.2.1")}) {
    ServerOptions options = loopback_options();
    options.host = written;
    EXPECT_EQ(Server(options, resampler()).options().host, meant);
  }
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

/// The processors of the threads of this process that may use one only.
std::multiset<std::string> single_processors() {
  std::multiset<std::string> found;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream status(task.path() / "status");
    const std::string label = "Cpus_allowed_list:\t";
    for (std::string line; std::getline(status, line);) {
      const bool is_list = line.starts_with(label);
      if (is_list && line.find_first_of(",-") == std::string::npos) {
        found.insert(line.substr(label.size()));
      }
    }
  }
  return found;
}

TEST_F(ServerTest, ShardsStayOnAProcessorEachWhereTheyAreAsManyAsThose) {
  cpu_set_t usable;
  ASSERT_EQ(sched_getaffinity(0, sizeof usable, &usable), 0);
  const auto processors = static_cast<std::size_t>(CPU_COUNT(&usable));
  if (processors == 1) GTEST_SKIP() << "this process has one processor";
  ServerOptions options = loopback_options();
  options.shards = 0;  // as many as processors
  start(resampler(), options);
  ASSERT_EQ(request(port(), "GET", "/metrics").status, 200);  // each shard has answered
  const std::multiset<std::string> kept = single_processors();
  EXPECT_EQ(kept.size(), processors);
  EXPECT_EQ(std::set(kept.begin(), kept.end()).size(), processors);
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

TEST_F(ServerTest, AGraphThatCannotBeMadeRefusesItsSessionOnly) {
  std::atomic<int> calls{0};
  start([&](const std::string&) -> std::shared_ptr<const Graph> {
    if (calls++ == 0) throw std::runtime_error("no model in /srv/models");
    return one_node("PassThroughNode", "{}");
  });
  std::mutex mutex;
  std::string logged;
  set_log_sink([&](LogLevel, std::string_view line) {
    const std::lock_guard lock(mutex);
    logged += line;
  });
  Client client;
  const auto reply = client.connect(port());
  set_log_sink({});
  EXPECT_EQ(reply.status, 500);
  EXPECT_THAT(reply.body, HasSubstr("could not be opened: the server's log tells why"));
  EXPECT_THAT(reply.body, Not(HasSubstr("/srv/models")));
  EXPECT_THAT(logged, HasSubstr("no model in /srv/models"));
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

TEST_F(ServerTest, BadRequestsAreRefusedWithAReason) {
  start(resampler());
  const auto json_type = std::string("Content-Type: application/json\r\n");
  EXPECT_EQ(request(port(), "POST", "/whip", kSdpType, "nonsense").status, 400);
  EXPECT_EQ(request(port(), "POST", "/whip", json_type, "{}").status, 415);
  EXPECT_EQ(request(port(), "POST", "/api/offer", json_type, "{").status, 400);
  EXPECT_THAT(
      request(port(), "POST", "/api/offer", json_type, R"({"id":18446744073709551616})").body,
      HasSubstr("the body: the number 18446744073709551616 is out of range (line 1)"));
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

TEST_F(ServerTest, ARequestOfAnUnknownLengthIsRefusedAndItsConnectionEnds) {
  start(resampler());
  const std::string hidden = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const test::Reply reply = test::send_raw(
      port(),
      "POST /whip HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n" + hidden);
  EXPECT_EQ(reply.status, 501);
  EXPECT_THAT(reply.body, testing::Not(HasSubstr("HTTP/1.1")));
  EXPECT_EQ(request(port(), "GET", "/health", "Host: elsewhere.test\r\n").status, 400);
}

TEST_F(ServerTest, AClientThatAsksBeforeItsBodyIsToldToGoOn) {
  start(resampler());
  const test::Connected client(port());
  client.say(
      "POST /whip HTTP/1.1\r\nHost: localhost\r\nContent-Type: Application/SDP\r\n"
      "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.hear(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.say("v=0\n");
  EXPECT_THAT(client.hear(), HasSubstr("there is no audio section"));
}

TEST_F(ServerTest, WhatOtherClientsAskForIsUnderstood) {
  start(resampler());
  EXPECT_EQ(request(port(), "GET", "http://localhost/health?full").status, 200);
  EXPECT_EQ(request(port(), "GET", "http://evil.test/health").status, 421);
  EXPECT_EQ(request(port(), "OPTIONS", "/whip").header("Content-Length"), "");
  EXPECT_EQ(request(port(), "GET", "/ws").status, 426);
}

TEST_F(ServerTest, ABadRequestAfterAHeadIsAnsweredInFull) {
  start(resampler());
  const test::Reply reply =
      test::send_raw(port(), "HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\nno request\r\n\r\n");
  EXPECT_THAT(reply.body, HasSubstr("this is no HTTP request"));
}

TEST_F(ServerTest, UdpPortsDoNotEndBeforeTheShardsDo) {
  ServerOptions options = loopback_options();
  options.udp_port = 65'535;
  Server server(options, resampler());
  EXPECT_THROW(server.start(), Error);
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

constexpr const char* kAsksForASocket =
    "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// A short text as a page sends it, with a mask that changes nothing.
std::string socket_text(const std::string& text) {
  return std::string("\x81") + static_cast<char>(0x80 + text.size()) + std::string(4, '\0') + text;
}

TEST_F(ServerTest, OffersOverAWebSocketCountAmongTheRequestsOfAnAddress) {
  ServerOptions options = loopback_options();
  options.max_requests_per_minute = 5;  // one, and then another one in 12 s
  start(resampler(), options);
  for (const char* expected : {R"("code":422)", R"("code":429)"}) {
    const test::Connected page(port());
    page.say(kAsksForASocket);
    EXPECT_THAT(page.hear(), HasSubstr("101"));
    page.say(socket_text(R"({"type":"offer","sdp":"v=0"})"));
    EXPECT_THAT(page.hear(), HasSubstr(expected));
  }
}

TEST_F(ServerTest, AnOpenWebSocketIsClosedWithTheServer) {
  start(resampler());
  const test::Connected page(port());
  page.say(kAsksForASocket);
  // RFC 6455, section 1.3, has the answer to this key.
  EXPECT_THAT(page.hear(), HasSubstr("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
  server_.reset();
  EXPECT_EQ(page.hear(), "");
}

TEST_F(ServerTest, AWebSocketWithoutAnOfferIsToldSoAndClosed) {
  ServerOptions options = loopback_options();
  options.connect_timeout = std::chrono::seconds(1);
  start(resampler(), options);
  const test::Connected page(port());
  page.say(kAsksForASocket);
  EXPECT_THAT(page.hear(), HasSubstr("101"));
  std::string heard;
  do {
    heard += page.hear();
  } while (!heard.empty() && !heard.ends_with("\x88\x02\x03\xe8"));
  EXPECT_THAT(heard, HasSubstr(R"({"type":"closed","reason":"no offer came within 1 s"})"));
}

TEST_F(ServerTest, ConnectionsOfOneAddressAreLimitedAndThoseThatEndMakeRoom) {
  ServerOptions options = loopback_options();
  options.max_connections_per_address = 2;
  start(resampler(), options);
  {
    const test::Connected page(port());
    page.say(kAsksForASocket);
    EXPECT_THAT(page.hear(), HasSubstr("101"));
    const test::Connected other(port());
    other.say("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(other.hear(), HasSubstr("200"));
    EXPECT_EQ(request(port(), "GET", "/health").status, 0);
  }
  Client clock;
  EXPECT_TRUE(clock.run_until([&] { return request(port(), "GET", "/health").status == 200; }));
  EXPECT_THAT(request(port(), "GET", "/metrics").body,
              HasSubstr("remotemedia_server_connections_refused_total"));
}

TEST_F(ServerTest, AWebSocketThatSaysCloseMoreThanOnceIsGoneAfterwards) {
  start(resampler());
  {
    const test::Connected page(port());
    page.say(kAsksForASocket);
    EXPECT_THAT(page.hear(), HasSubstr("101"));
    const std::string close = socket_text(R"({"type":"close"})");
    page.say(close + close + close + close);
    EXPECT_EQ(page.hear(), "\x88\x02\x03\xe8");
    page.say(std::string("\x88\x82\0\0\0\0\x03\xe8", 8));
  }
  Client clock;
  EXPECT_TRUE(clock.run_until([&] {
    const std::string health = request(port(), "GET", "/health").body;
    return health.find(R"("websocket_connections":0)") != std::string::npos;
  }));
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
