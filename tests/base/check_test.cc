#include "remotemedia/base/check.h"

#include "remotemedia/base/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace remotemedia {
namespace {

using testing::HasSubstr;

std::string text_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was refused";
}

TEST(Check, RefusalSaysWhatValueWasExpectedWhereAndWhatToDo) {
  EXPECT_EQ(text_of([] { refuse("VAD: threshold", 1.5, "0..1", "it is a level"); }),
            "VAD: threshold is 1.5, expected 0..1; it is a level");
  EXPECT_EQ(text_of([] { refuse("size", 7, "8"); }), "size is 7, expected 8");
  EXPECT_EQ(text_of([] { refuse("size", -9'000'000'000LL, "8"); }),
            "size is -9000000000, expected 8");
}

TEST(Check, RatesFrom8To192KilohertzPass) {
  for (const int rate : {8000, 11025, 44100, 48000, 192000}) {
    EXPECT_NO_THROW(check_rate("rate", rate)) << rate;
  }
  for (const long long rate : {-1LL, 0LL, 7999LL, 192001LL, 1LL << 40U}) {
    EXPECT_THAT(text_of([&] { check_rate("rate", rate); }),
                HasSubstr(std::to_string(rate) + ", expected 8000..192000 Hz"));
  }
}

TEST(Check, RateGivenInKilohertzGetsAHint) {
  EXPECT_THAT(text_of([] { check_rate("rate", 16); }), HasSubstr("in Hz, not kHz"));
  EXPECT_THAT(text_of([] { check_rate("rate", 0); }), testing::Not(HasSubstr("kHz")));
}

TEST(Check, ChannelsFrom1To32Pass) {
  EXPECT_NO_THROW(check_channels("channels", 1));
  EXPECT_NO_THROW(check_channels("channels", 32));
  EXPECT_THAT(text_of([] { check_channels("channels", 0); }), HasSubstr("0, expected 1..32"));
  EXPECT_THAT(text_of([] { check_channels("channels", 33); }), HasSubstr("33, expected 1..32"));
}

}  // namespace
}  // namespace remotemedia
