#include "remotemedia/base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace remotemedia {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class Log : public testing::Test {
 protected:
  ~Log() override {
    set_log_sink({});
    set_log_level(LogLevel::warning);
  }
};

TEST_F(Log, SinkReceivesEveryLevelWithItsMessage) {
  std::vector<std::pair<LogLevel, std::string>> lines;
  set_log_sink([&](LogLevel level, std::string_view text) { lines.emplace_back(level, text); });
  log(LogLevel::debug, "fine");
  log(LogLevel::error, "50 % {} done");
  EXPECT_THAT(lines,
              ElementsAre(Pair(LogLevel::debug, "fine"), Pair(LogLevel::error, "50 % {} done")));
}

TEST_F(Log, SinkMayLogItself) {
  std::vector<std::string> lines;
  set_log_sink([&](LogLevel level, std::string_view text) {
    lines.emplace_back(text);
    if (level == LogLevel::error) log(LogLevel::info, "from the sink");
  });
  log(LogLevel::error, "outer");
  EXPECT_THAT(lines, ElementsAre("outer", "from the sink"));
}

TEST_F(Log, ConsoleShowsLinesFromTheChosenLevelOn) {
  testing::internal::CaptureStderr();
  set_log_level(LogLevel::error);
  log(LogLevel::warning, "too quiet");
  log(LogLevel::error, "loud enough {}");
  set_log_level(LogLevel::off);
  log(LogLevel::error, "switched off");
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, HasSubstr("remotemedia: loud enough {}"));
  EXPECT_THAT(text, testing::Not(HasSubstr("too quiet")));
  EXPECT_THAT(text, testing::Not(HasSubstr("switched off")));
}

}  // namespace
}  // namespace remotemedia
