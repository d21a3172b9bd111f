#include "graph/circuit_breaker.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace remotemedia {
namespace {

using std::chrono::milliseconds;

constexpr BreakerPolicy kPolicy{.failure_threshold = 3, .reset_timeout_ms = 1'000};

CircuitBreaker opened(Time now) {
  CircuitBreaker breaker(kPolicy);
  for (int i = 0; i < kPolicy.failure_threshold; ++i) static_cast<void>(breaker.fail(now));
  return breaker;
}

TEST(CircuitBreaker, OpensAfterSoManyFailuresInARow) {
  CircuitBreaker breaker(kPolicy);
  EXPECT_FALSE(breaker.fail(Time{0}));
  EXPECT_FALSE(breaker.fail(Time{0}));
  EXPECT_TRUE(breaker.allows(Time{0}));
  EXPECT_TRUE(breaker.fail(Time{0}));
  EXPECT_EQ(breaker.state(), BreakerState::open);
  EXPECT_FALSE(breaker.allows(Time{0}));
}

TEST(CircuitBreaker, ASuccessStartsTheCountAgain) {
  CircuitBreaker breaker(kPolicy);
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(breaker.fail(Time{0}));
    EXPECT_FALSE(breaker.fail(Time{0}));
    breaker.succeed();
  }
  EXPECT_EQ(breaker.state(), BreakerState::closed);
}

TEST(CircuitBreaker, AllowsATrialOnceItsTimeIsOver) {
  CircuitBreaker breaker = opened(milliseconds(500));
  EXPECT_FALSE(breaker.allows(milliseconds(1'499)));
  EXPECT_TRUE(breaker.allows(milliseconds(1'500)));
  EXPECT_EQ(breaker.state(), BreakerState::half_open);
}

TEST(CircuitBreaker, ATrialThatSucceedsClosesIt) {
  CircuitBreaker breaker = opened(Time{0});
  ASSERT_TRUE(breaker.allows(milliseconds(1'000)));
  breaker.succeed();
  EXPECT_EQ(breaker.state(), BreakerState::closed);
  EXPECT_FALSE(breaker.fail(milliseconds(1'000))) << "the old failures no longer count";
}

TEST(CircuitBreaker, ATrialThatFailsOpensItForAnotherTime) {
  CircuitBreaker breaker = opened(Time{0});
  ASSERT_TRUE(breaker.allows(milliseconds(1'000)));
  EXPECT_TRUE(breaker.fail(milliseconds(1'200)));
  EXPECT_FALSE(breaker.allows(milliseconds(2'199)));
  EXPECT_TRUE(breaker.allows(milliseconds(2'200)));
}

TEST(CircuitBreaker, NamesItsStates) {
  EXPECT_EQ(to_string(BreakerState::closed), std::string("closed"));
  EXPECT_EQ(to_string(BreakerState::open), std::string("open"));
  EXPECT_EQ(to_string(BreakerState::half_open), std::string("half_open"));
}

}  // namespace
}  // namespace remotemedia
