#include "cli/report_axis.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace remotemedia::cli::report {
namespace {

std::vector<std::string> texts(double duration_s) {
  std::vector<std::string> result;
  for (const Tick& tick : time_ticks(duration_s)) result.push_back(tick.text);
  return result;
}

TEST(TimeTicks, AreAtRoundTimes) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(texts(0.1), (Texts{"0 ms", "10 ms", "20 ms", "30 ms", "40 ms", "50 ms", "60 ms",
                               "70 ms", "80 ms", "90 ms", "100 ms"}));
  EXPECT_EQ(texts(2.4), (Texts{"0.0", "0.5", "1.0", "1.5", "2.0"}));
  EXPECT_EQ(texts(7.1), (Texts{"0", "1", "2", "3", "4", "5", "6", "7"}));
  EXPECT_EQ(texts(95.0), (Texts{"0:00", "0:10", "0:20", "0:30", "0:40", "0:50", "1:00", "1:10",
                                "1:20", "1:30"}));
  EXPECT_EQ(texts(7200.0),
            (Texts{"0:00", "0:15", "0:30", "0:45", "1:00", "1:15", "1:30", "1:45", "2:00"}));
}

TEST(TimeTicks, AreFewAndInTheStreamWhateverItsLength) {
  // From a sample to a year.
  for (int power = 0; power < 94; ++power) {
    const double duration_s = std::pow(1.37, power) / 192'000;
    const std::vector<Tick> ticks = time_ticks(duration_s);
    EXPECT_GE(ticks.size(), 2U) << duration_s;
    EXPECT_LE(ticks.size(), 11U) << duration_s;
    EXPECT_EQ(ticks.front().time_s, 0.0);
    EXPECT_LE(ticks.back().time_s, duration_s * 1.0001);
    for (std::size_t i = 1; i < ticks.size(); ++i) {
      EXPECT_NE(ticks[i].text, ticks[i - 1].text) << duration_s;
    }
  }
}

TEST(TimeTicks, OfNoTimeAreNone) { EXPECT_TRUE(time_ticks(0.0).empty()); }

}  // namespace
}  // namespace remotemedia::cli::report
