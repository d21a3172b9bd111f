#include "server/admission.h"

#include <gtest/gtest.h>

namespace remotemedia::server {
namespace {

using std::chrono::seconds;

TEST(RequestRate, TakesABurstThenOneForEachShareOfAMinute) {
  RequestRate rate(60);  // 12 at once, then one a second
  for (int i = 0; i < 12; ++i) EXPECT_EQ(rate.seconds_to_wait("a", Time{}), 0) << i;
  EXPECT_EQ(rate.seconds_to_wait("a", Time{}), 1);
  EXPECT_EQ(rate.seconds_to_wait("b", Time{}), 0);
  EXPECT_EQ(rate.seconds_to_wait("a", seconds(1)), 0);
  EXPECT_GT(rate.seconds_to_wait("a", seconds(1)), 0);
}

TEST(RequestRate, RemembersNoMoreAddressesThanItsLimit) {
  RequestRate rate(60);
  for (std::size_t i = 0; i < RequestRate::kMaxAddresses; ++i) {
    EXPECT_EQ(rate.seconds_to_wait(std::to_string(i), Time{}), 0);
  }
  EXPECT_EQ(rate.seconds_to_wait("new", Time{}), 1);
  // All have been quiet for long enough.
  EXPECT_EQ(rate.seconds_to_wait("new", seconds(60)), 0);
}

TEST(LimitKey, AnIpv6NetworkOfOnePersonIsOneAddress) {
  EXPECT_EQ(limit_key("2001:db8:1:2:3:4:5:6"), limit_key("2001:db8:1:2:ffff::1"));
  EXPECT_NE(limit_key("2001:db8:1:2::1"), limit_key("2001:db8:1:3::1"));
  EXPECT_EQ(limit_key("fe80::5%eth0"), limit_key("fe80::6%eth0"));
  EXPECT_EQ(limit_key("192.0.2.1"), "192.0.2.1");
}

TEST(Connections, AreLimitedInAllAndOfOneAddressUntilSomeEnd) {
  Connections connections(3, 2);
  auto first = connections.open("a");
  {
    const auto second = connections.open("a");
    EXPECT_TRUE(first && second);
    EXPECT_FALSE(connections.open("a"));
    const auto other = connections.open("b");
    EXPECT_TRUE(other);
    EXPECT_FALSE(connections.open("c"));
    EXPECT_EQ(connections.refused(), 2U);
  }
  const Connections::Place moved = *std::exchange(first, std::nullopt);
  EXPECT_TRUE(connections.open("a"));
  const auto second = connections.open("a");
  EXPECT_FALSE(connections.open("a"));
}

}  // namespace
}  // namespace remotemedia::server
