#include "remotemedia/graph/latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

namespace remotemedia {
namespace {

LatencySummary summary_of(const std::vector<Time>& durations) {
  const auto histogram = std::make_unique<LatencyHistogram>();
  for (const Time duration : durations) histogram->add(duration);
  return histogram->summary();
}

TEST(LatencyHistogram, IsAFewKilobytes) { EXPECT_LE(sizeof(LatencyHistogram), 4096U + 16); }

TEST(LatencyHistogram, IsZeroWhenEmpty) {
  const LatencySummary summary = summary_of({});
  EXPECT_EQ(summary.p50, Time{0});
  EXPECT_EQ(summary.p999, Time{0});
  for (const std::uint64_t count : summary.bucket_counts) EXPECT_EQ(count, 0U);
}

TEST(LatencyHistogram, GivesEachDurationBackWithinASixtyFourth) {
  for (std::int64_t ns = 1; ns < (std::int64_t{1} << 36); ns += 1 + ns / 97) {
    const Time back = summary_of({Time(ns)}).p50;
    EXPECT_LE(std::abs(back.count() - ns), ns / 64) << ns;
  }
}

TEST(LatencyHistogram, HoldsWhatIsOutOfItsRangeAtTheEnds) {
  EXPECT_EQ(summary_of({Time(-5)}).p50, Time{0});
  const Time longest = summary_of({std::chrono::hours(5)}).p50;
  EXPECT_GT(longest, std::chrono::seconds(67));
  EXPECT_LT(longest, std::chrono::seconds(69));
}

TEST(LatencyHistogram, QuantilesAreThoseOfTheSortedDurations) {
  std::mt19937 random(7);
  std::lognormal_distribution<double> spread(11.0, 1.5);
  std::vector<Time> durations(20'000);
  for (Time& duration : durations) duration = Time(static_cast<Time::rep>(spread(random)));
  const LatencySummary summary = summary_of(durations);
  std::ranges::sort(durations);
  const auto expect = [&](Time found, double share) {
    const auto rank =
        static_cast<std::size_t>(std::ceil(share * static_cast<double>(durations.size())));
    const auto exact = static_cast<double>(durations[rank - 1].count());
    EXPECT_NEAR(static_cast<double>(found.count()), exact, exact / 64 + 1) << share;
  };
  expect(summary.p50, 0.5);
  expect(summary.p95, 0.95);
  expect(summary.p99, 0.99);
  expect(summary.p999, 0.999);
}

TEST(LatencyHistogram, CountsByTheBoundsOfMonitoring) {
  const LatencySummary summary =
      summary_of({Time(1), Time(40'000), Time(60'000), std::chrono::milliseconds(2),
                  std::chrono::seconds(2), std::chrono::seconds(3)});
  EXPECT_EQ(summary.bucket_counts.front(), 2U);
  EXPECT_EQ(summary.bucket_counts[1], 1U);
  EXPECT_EQ(summary.bucket_counts[5], 1U) << "above 1 ms, up to 2.5 ms";
  EXPECT_EQ(summary.bucket_counts[14], 1U) << "up to 2.5 s";
  EXPECT_EQ(summary.bucket_counts.back(), 1U) << "above all bounds";
}

TEST(LatencyHistogram, MergedItIsThatOfAllDurations) {
  LatencyHistogram one;
  LatencyHistogram two;
  LatencyHistogram both;
  for (int i = 0; i < 1'000; ++i) {
    (i % 3 == 0 ? one : two).add(Time(i * i));
    both.add(Time(i * i));
  }
  one.merge(two);
  EXPECT_EQ(one.count(), 1'000U);
  EXPECT_EQ(one.summary().p50, both.summary().p50);
  EXPECT_EQ(one.summary().p99, both.summary().p99);
  EXPECT_EQ(one.summary().bucket_counts, both.summary().bucket_counts);
}

TEST(LatencyHistogram, IsReadWhileAnotherThreadAdds) {
  constexpr std::uint64_t kAdded = 200'000;
  LatencyHistogram histogram;
  std::thread writer([&] {
    for (std::uint64_t i = 0; i < kAdded; ++i) histogram.add(Time(1'000));
  });
  std::uint64_t before = 0;
  while (before < kAdded) {
    const std::uint64_t now = histogram.count();
    ASSERT_GE(now, before);
    before = now;
  }
  writer.join();
  EXPECT_EQ(histogram.count(), kAdded);
}

}  // namespace
}  // namespace remotemedia
