#include "rtc/ice_agent.h"

#include "rtc/outbox.h"

#include <gtest/gtest.h>

namespace remotemedia::rtc::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Address kPeer = address("192.0.2.1", 1000);
const Address kOther = address("192.0.2.2", 2000);
const Address kServer = address("203.0.113.1", 5000);

struct Check {
  std::string username;
  std::string pwd;
  bool use_candidate = false;
  bool controlled = false;
  bool priority = true;

  [[nodiscard]] Datagram bytes() const {
    stun::Writer request(stun::Class::request, {9, 8, 7});
    request.username(username);
    if (priority) request.priority(1);
    if (controlled) {
      request.controlled(1);
    } else {
      request.controlling(1);
    }
    if (use_candidate) request.use_candidate();
    const Bytes written = request.finish(pwd);
    return {written.begin(), written.end()};
  }
};

struct LiteTest : testing::Test {
  LiteTest() { agent.set_remote({"them", "their password"}, {}, Time{}); }

  [[nodiscard]] Check check() const { return {agent.local().ufrag + ":them", agent.local().pwd}; }
  std::optional<Drop> receive(const Check& check, const Address& from = kPeer, Time now = Time{}) {
    return agent.receive(from, check.bytes(), now);
  }
  stun::Message reply() {
    const auto message = stun::parse(outbox.sent.back());
    EXPECT_TRUE(stun::has_integrity(outbox.sent.back(), *message, agent.local().pwd));
    return *message;
  }

  Outbox outbox;
  IceAgent agent{IceAgent::Role::lite, outbox};
};

TEST_F(LiteTest, AnswersAnAuthenticatedCheckAndSelectsItsSource) {
  EXPECT_EQ(receive(check()), std::nullopt);
  EXPECT_EQ(reply().mapped, kPeer);
  EXPECT_EQ(outbox.receivers.back(), kPeer);
  EXPECT_LE(outbox.sent.back().size(), check().bytes().size());
  EXPECT_EQ(agent.selected(), kPeer);
  EXPECT_TRUE(agent.verified(kPeer));
}

TEST_F(LiteTest, NeitherAnswersNorRemembersStrangers) {
  Check unknown = check();
  unknown.username = "someone:them";
  EXPECT_EQ(receive(unknown), Drop::stun_unknown_user);
  Check stranger = check();
  stranger.username = agent.local().ufrag + ":other";
  EXPECT_EQ(receive(stranger), Drop::stun_unknown_user);
  Check forged = check();
  forged.pwd = "guess";
  EXPECT_EQ(receive(forged), Drop::stun_bad_integrity);
  EXPECT_EQ(agent.receive(kPeer, Datagram(20, 0), Time{}), Drop::stun_malformed);
  EXPECT_TRUE(outbox.sent.empty());
  EXPECT_FALSE(agent.verified(kPeer));
  EXPECT_FALSE(agent.selected());
  EXPECT_FALSE(agent.last_consent());
}

TEST_F(LiteTest, IgnoresResponsesBecauseItAsksNothing) {
  stun::Writer response(stun::Class::success, {1});
  const Bytes bytes = response.mapped(kPeer).finish("their password");
  EXPECT_EQ(agent.receive(kPeer, bytes, Time{}), Drop::stun_unexpected);
}

TEST_F(LiteTest, TellsAControlledPeerOfTheConflict) {
  Check conflict = check();
  conflict.controlled = true;
  EXPECT_EQ(receive(conflict), Drop::stun_unexpected);
  EXPECT_EQ(reply().error_code, stun::kRoleConflict);
  EXPECT_FALSE(agent.verified(kPeer));
}

TEST_F(LiteTest, WantsAPriority) {
  Check bare = check();
  bare.priority = false;
  receive(bare);
  EXPECT_EQ(reply().error_code, stun::kBadRequest);
}

TEST_F(LiteTest, TheLatestNominationWins) {
  Check nominating = check();
  nominating.use_candidate = true;
  receive(nominating, kPeer);
  receive(check(), kOther);
  EXPECT_EQ(agent.selected(), kPeer);
  receive(nominating, kOther);
  EXPECT_EQ(agent.selected(), kOther);
}

TEST_F(LiteTest, FollowsAuthenticatedMediaToVerifiedAddressesOnly) {
  receive(check(), kPeer);
  agent.follow(kOther);
  EXPECT_EQ(agent.selected(), kPeer);
  receive(check(), kOther);
  agent.follow(kOther);
  EXPECT_EQ(agent.selected(), kOther);
}

TEST_F(LiteTest, KeepsEightAddressesAndTheSelectedOne) {
  receive(check(), kPeer);
  for (std::uint16_t i = 1; i <= 20; ++i) {
    receive(check(), address("198.51.100.1", i), milliseconds(i));
  }
  EXPECT_TRUE(agent.verified(kPeer));
  EXPECT_FALSE(agent.verified(address("198.51.100.1", 13)));
  EXPECT_TRUE(agent.verified(address("198.51.100.1", 14)));
}

TEST_F(LiteTest, AfterARestartTheOldCredentialsHoldUntilTheNewOnesAreUsed) {
  const Check before = check();
  agent.restart();
  agent.set_remote({"anew", "their new password"}, {}, Time{});
  Check after = check();
  after.username = agent.local().ufrag + ":anew";
  EXPECT_EQ(receive(before), std::nullopt);
  EXPECT_EQ(receive(after, kOther), std::nullopt);
  EXPECT_EQ(receive(before), Drop::stun_unknown_user);
}

TEST(Ice, TheControllingSideFindsALiteOneAndKeepsAsking) {
  Outbox server_box;
  Outbox client_box;
  IceAgent server(IceAgent::Role::lite, server_box);
  IceAgent client(IceAgent::Role::controlling, client_box);
  server.set_remote(client.local(), {}, Time{});
  client.set_remote(server.local(), {kOther, kServer}, Time{});
  client.advance(Time{});
  ASSERT_EQ(client_box.receivers, (std::vector<Address>{kOther, kServer}));
  ASSERT_EQ(server.receive(kPeer, client_box.sent[1], Time{}), std::nullopt);
  EXPECT_EQ(server.selected(), kPeer);
  ASSERT_EQ(client.receive(kServer, server_box.sent[0], milliseconds(20)), std::nullopt);
  EXPECT_EQ(client.selected(), kServer);
  EXPECT_EQ(client.next_timeout(), milliseconds(20) + IceAgent::kConsentInterval);
  EXPECT_EQ(client.receive(kServer, server_box.sent[0], Time{}), Drop::stun_unexpected);
  client.advance(seconds(3));
  EXPECT_EQ(client_box.receivers.back(), kServer);
}

TEST(Ice, TheControllingSideAnswersTheChecksOfAFullPeerButNotAnotherControllingOne) {
  Outbox box;
  IceAgent client(IceAgent::Role::controlling, box);
  client.set_remote({"them", "their password"}, {kServer}, Time{});
  Check check{client.local().ufrag + ":them", client.local().pwd};
  EXPECT_EQ(client.receive(kServer, check.bytes(), Time{}), Drop::stun_unexpected);
  EXPECT_EQ(stun::parse(box.sent.back())->error_code, stun::kRoleConflict);
  EXPECT_FALSE(client.verified(kServer));
  check.controlled = true;
  EXPECT_EQ(client.receive(kServer, check.bytes(), Time{}), std::nullopt);
  EXPECT_EQ(stun::parse(box.sent.back())->mapped, kServer);
  EXPECT_TRUE(client.verified(kServer));
}

TEST(Ice, TheControllingSideAsksAgainLessAndLessOften) {
  Outbox box;
  IceAgent client(IceAgent::Role::controlling, box);
  client.set_remote({"them", "their password"}, {kServer}, Time{});
  for (Time now{}; now < seconds(20); now = client.next_timeout()) client.advance(now);
  EXPECT_GE(box.sent.size(), 8U);
  EXPECT_LE(box.sent.size(), 20U);
}

}  // namespace
}  // namespace remotemedia::rtc::test
