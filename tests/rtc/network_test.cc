#include "rtc/network.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace remotemedia::rtc::test {
namespace {

constexpr Time kStep = std::chrono::milliseconds(20);

struct Arrival {
  int packet;
  Time sent;
  Time arrived;
};

/// Sends a packet every 20 ms, and looks every tenth of a millisecond.
std::vector<Arrival> arrivals(const Network& network, unsigned seed, int packets) {
  Path<int> path(network, seed);
  std::vector<Arrival> found;
  Time now{};
  for (int packet = 0; packet < packets + 50; ++packet) {
    if (packet < packets) path.send(packet, now);
    for (const Time next = now + kStep; now < next; now += std::chrono::microseconds(100)) {
      while (const auto arrived = path.receive(now)) {
        found.push_back({*arrived, *arrived * kStep, now});
      }
    }
  }
  EXPECT_EQ(path.next_arrival(), Time::max());
  return found;
}

/// How often each packet came.
std::vector<int> copies(const std::vector<Arrival>& found, int packets) {
  std::vector<int> counts(static_cast<std::size_t>(packets));
  for (const Arrival& arrival : found) ++counts[static_cast<std::size_t>(arrival.packet)];
  return counts;
}

/// Share of packets that were lost, and how many in a row.
std::pair<double, double> losses(const std::vector<int>& counts) {
  double lost = 0;
  double runs = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) continue;
    ++lost;
    if (i == 0 || counts[i - 1] > 0) ++runs;
  }
  return {lost / static_cast<double>(counts.size()), lost / runs};
}

TEST(Network, WithoutFaultsDelaysEveryPacketAlike) {
  const auto found = arrivals({.delay = std::chrono::milliseconds(30)}, 1, 200);
  ASSERT_EQ(found.size(), 200U);
  for (const Arrival& arrival : found) {
    EXPECT_EQ(arrival.arrived - arrival.sent, std::chrono::milliseconds(30));
  }
}

TEST(Network, LosesTheShareThatItIsToldEachByItself) {
  // Standard deviation of the share is 0.2 %; independent losses of 5 % come 1.053 in a row.
  const auto [share, run] = losses(copies(arrivals({.loss = 0.05}, 2, 10'000), 10'000));
  EXPECT_NEAR(share, 0.05, 0.008);
  EXPECT_NEAR(run, 1.053, 0.04);
}

TEST(Network, LosesInBurstsOfTheLengthThatItIsTold) {
  const auto counts = copies(arrivals({.loss = 0.05, .burst = 4}, 3, 20'000), 20'000);
  const auto [share, run] = losses(counts);
  EXPECT_NEAR(share, 0.05, 0.015);
  EXPECT_NEAR(run, 4, 0.8);
}

TEST(Network, JitterStaysWithinItsBoundsAndUsesThem) {
  const Network network{.delay = std::chrono::milliseconds(5),
                        .jitter = std::chrono::milliseconds(40)};
  Time least = Time::max();
  Time most{};
  for (const Arrival& arrival : arrivals(network, 4, 2'000)) {
    least = std::min(least, arrival.arrived - arrival.sent);
    most = std::max(most, arrival.arrived - arrival.sent);
  }
  EXPECT_GE(least, network.delay);
  EXPECT_LT(least, network.delay + std::chrono::milliseconds(1));
  EXPECT_LE(most, network.delay + network.jitter);
  EXPECT_GT(most, network.delay + network.jitter - std::chrono::milliseconds(1));
}

TEST(Network, HoldsBackTheShareThatLaterPacketsOvertake) {
  const auto found = arrivals({.reorder = 0.1}, 5, 5'000);
  ASSERT_EQ(found.size(), 5'000U);
  int overtaken = 0;
  for (std::size_t i = 1; i < found.size(); ++i) {
    overtaken += found[i].packet < found[i - 1].packet ? 1 : 0;
  }
  // Of two in a row that are held back only the second is seen to have been overtaken.
  EXPECT_NEAR(overtaken, 5'000 * 0.1 * 0.9, 80);
}

TEST(Network, DuplicatesTheShareThatItIsTold) {
  const auto counts = copies(arrivals({.duplicate = 0.3}, 6, 5'000), 5'000);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(counts, 2)), 1'500, 130);
  EXPECT_EQ(std::ranges::count(counts, 0), 0);
}

TEST(Network, LosesAllInAnOutageAndAllThatExceedsItsBound) {
  const Network cut{.outage_start = std::chrono::seconds(1), .outage_end = std::chrono::seconds(2)};
  EXPECT_EQ(arrivals(cut, 7, 150).size(), 100U);
  Path<int> path({.delay = std::chrono::hours(1)}, 8);
  for (int packet = 0; packet < 2'000; ++packet) path.send(packet, Time{});
  EXPECT_EQ(path.sent(), 2'000U);
  EXPECT_EQ(path.lost(), 2'000U - Path<int>::kMaxFlying);
}

TEST(Network, TheSameSeedDoesTheSame) {
  const Network network{.loss = 0.1, .duplicate = 0.1, .jitter = std::chrono::milliseconds(50)};
  const auto orders = [&](unsigned seed) {
    std::vector<int> order;
    for (const Arrival& arrival : arrivals(network, seed, 500)) order.push_back(arrival.packet);
    return order;
  };
  EXPECT_EQ(orders(9), orders(9));
  EXPECT_NE(orders(9), orders(10));
}

}  // namespace
}  // namespace remotemedia::rtc::test
