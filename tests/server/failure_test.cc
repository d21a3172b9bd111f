// What a node that fails does to its session, and what not to others.

#include "server/serving.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <stdexcept>

namespace remotemedia::server {
namespace {

using test::Client;
using test::one_node;
using test::request;
using testing::HasSubstr;

/// Fails with its 25th block: half a second.
class FailingNode final : public NodeExecutor {
 public:
  void process(Packet packet, Emitter& out) override {
    if (++packets_ == 25) throw std::runtime_error("the disk of the node is full");
    out.emit(std::move(packet));
  }

 private:
  int packets_ = 0;
};

std::atomic<int> blocks_of_other = 0;
std::atomic<int> gaps_of_other = 0;

/// Counts the blocks that it gets, and those that are missing between them.
class CountingNode final : public NodeExecutor {
 public:
  void process(Packet packet, Emitter& out) override {
    if (packet.sequence != expected_) ++gaps_of_other;
    expected_ = packet.sequence + 1;
    ++blocks_of_other;
    out.emit(std::move(packet));
  }

 private:
  std::uint64_t expected_ = 0;
};

class FailureTest : public test::Serving {
 protected:
  /// The first session counts its blocks, the others fail.
  void start_with(OnFailure on_failure) {
    ServerOptions options = test::loopback_options();
    options.on_failure = on_failure;
    options.receive_rate = options.send_rate = 16'000;
    blocks_of_other = gaps_of_other = 0;
    SessionListener listener;
    listener.on_end = [this](const std::string& id, const std::string& reason) {
      const std::lock_guard lock(mutex_);
      ended_.emplace_back(id, reason);
    };
    start(
        [this](const std::string& id) {
          const std::lock_guard lock(mutex_);
          if (counted_.empty()) counted_ = id;
          return counted_ == id ? one_node("CountingNode", "{}", counting_)
                                : one_node("FailingNode", "{}", failing_);
        },
        options, listener);
    hears_itself(other_);
    ASSERT_EQ(client_.connect(port()).status, 200);
    ASSERT_TRUE(run_until([&] { return connected(client_) && client_.open_channel(); }));
  }
  void TearDown() override {
    server_.reset();
    EXPECT_EQ(gaps_of_other, 0);
  }

  bool run_until(const std::function<bool()>& holds) {
    return client_.run_until([&] {
      other_.run_until([turns = 0]() mutable { return ++turns > 1; });
      return holds();
    });
  }
  /// All errors that the page was told of.
  [[nodiscard]] std::vector<Object> errors() const {
    std::vector<Object> found;
    for (const Object& message : client_.messages) {
      if (text_of(message, "type") == "error") found.push_back(message);
    }
    return found;
  }
  void other_goes_on() {
    const std::size_t heard = other_.heard.size();
    const int blocks = blocks_of_other;
    EXPECT_TRUE(run_until([&] { return other_.heard.size() > heard + 16'000; }));
    EXPECT_GT(blocks_of_other, blocks + 40);
    EXPECT_NEAR(test::frequency_of(other_.heard, 16'000), other_.tone_hz, 60);
  }

  NodeRegistry counting_ = test::only<CountingNode>("CountingNode");
  NodeRegistry failing_ = test::only<FailingNode>("FailingNode");
  std::mutex mutex_;
  std::string counted_;
  std::vector<std::pair<std::string, std::string>> ended_;
  Client other_;
  Client client_;
};

TEST_F(FailureTest, EndsItsSessionWithAMessageAndNoOther) {
  start_with(OnFailure::end);
  ASSERT_TRUE(run_until([&] { return client_.state() == rtc::EndpointState::ended; }));
  ASSERT_EQ(errors().size(), 1U);
  EXPECT_THAT(text_of(errors()[0], "message"), HasSubstr("the disk of the node is full"));
  EXPECT_EQ(text_of(errors()[0], "node_id"), "node");
  EXPECT_TRUE(*errors()[0].find("fatal")->as_bool());
  other_goes_on();
}

TEST_F(FailureTest, IsMendedThreeTimesByAGraphMadeAnewAndEndsTheSessionTheFourthTime) {
  start_with(OnFailure::restart);
  ASSERT_TRUE(run_until([&] { return errors().size() == 1; }));
  EXPECT_FALSE(*errors()[0].find("fatal")->as_bool());
  EXPECT_THAT(text_of(errors()[0], "message"), HasSubstr("the disk of the node is full"));
  EXPECT_EQ(text_of(errors()[0], "node_id"), "node");
  EXPECT_EQ(errors()[0].find("restarts")->number(), 1);
  // Its audio goes on.
  const std::size_t heard = client_.heard.size();
  ASSERT_TRUE(run_until([&] { return client_.heard.size() > heard + 4'800; }));
  EXPECT_TRUE(connected(client_));
  const std::string listed = request(port(), "GET", "/connections").body;
  EXPECT_THAT(listed, HasSubstr(R"("restarts":1)"));

  ASSERT_TRUE(run_until([&] { return client_.state() == rtc::EndpointState::ended; }));
  ASSERT_EQ(errors().size(), 4U);
  EXPECT_EQ(errors()[2].find("restarts")->number(), 3);
  EXPECT_TRUE(*errors()[3].find("fatal")->as_bool());
  other_goes_on();
  EXPECT_EQ(sessions(), 1U);
  EXPECT_THAT(request(port(), "GET", "/metrics").body,
              HasSubstr("remotemedia_server_session_restarts_total 3\n"));
  ASSERT_TRUE(run_until([&] {
    const std::lock_guard lock(mutex_);
    return !ended_.empty();
  }));
  EXPECT_EQ(ended_[0].first, client_.id);
  EXPECT_THAT(ended_[0].second, HasSubstr("the disk of the node is full"));
}

using FailureAlone = test::Serving;

TEST_F(FailureAlone, ThatCannotBeMendedEndsWithTheReason) {
  NodeRegistry registry = test::only<FailingNode>("FailingNode");
  ServerOptions options = test::loopback_options();
  options.on_failure = OnFailure::restart;
  std::atomic<int> graphs = 0;
  start(
      [&](const std::string&) {
        if (graphs++ > 0) throw std::runtime_error("no model any more");
        return one_node("FailingNode", "{}", registry);
      },
      options);
  Client client;
  ASSERT_EQ(client.connect(port()).status, 200);
  ASSERT_TRUE(client.run_until([&] { return connected(client) && client.open_channel(); }));
  ASSERT_TRUE(client.run_until([&] { return client.state() == rtc::EndpointState::ended; }));
  EXPECT_THAT(text_of(client.messages.back(), "message"), HasSubstr("no model any more"));
  EXPECT_TRUE(*client.messages.back().find("fatal")->as_bool());
}

/// Quotes all of its data, with its 25th block.
class VerboseNode final : public NodeExecutor {
 public:
  void process(Packet /*packet*/, Emitter& /*out*/) override {
    if (++packets_ == 25) throw std::runtime_error("cannot use " + std::string(500'000, '0'));
  }

 private:
  int packets_ = 0;
};

TEST_F(FailureAlone, IsToldInShortHoweverMuchItSays) {
  NodeRegistry registry = test::only<VerboseNode>("VerboseNode");
  start([&](const std::string&) { return one_node("VerboseNode", "{}", registry); });
  Client client;
  ASSERT_EQ(client.connect(port()).status, 200);
  ASSERT_TRUE(client.run_until([&] { return connected(client) && client.open_channel(); }));
  ASSERT_TRUE(client.run_until([&] { return client.message("error") != nullptr; }));
  EXPECT_THAT(text_of(*client.message("error"), "message"), HasSubstr("cannot use 000"));
}

/// Throws what no handler of errors expects.
class OddNode final : public NodeExecutor {
 public:
  void process(Packet /*packet*/, Emitter& /*out*/) override { throw 7; }
};

TEST_F(FailureAlone, ThatIsNoExceptionEndsTheSessionAndNotTheServer) {
  NodeRegistry registry = test::only<OddNode>("OddNode");
  start([&](const std::string&) { return one_node("OddNode", "{}", registry); });
  Client client;
  ASSERT_EQ(client.connect(port()).status, 200);
  ASSERT_TRUE(client.run_until([&] { return client.state() == rtc::EndpointState::ended; }));
  EXPECT_EQ(request(port(), "GET", "/health").status, 200);
}

TEST_F(FailureAlone, ThatIsNoExceptionRefusesTheOffer) {
  start([](const std::string&) -> std::shared_ptr<const Graph> { throw 7; });
  Client client;
  EXPECT_EQ(client.connect(port()).status, 500);
}

}  // namespace
}  // namespace remotemedia::server
