#include "cli/report_speech.h"

#include <gtest/gtest.h>

#include <limits>

namespace remotemedia::cli::report {
namespace {

Value::Array segments(std::initializer_list<Span> spans) {
  Value::Array array;
  for (const Span& span : spans) array.emplace_back(Value::Array{span.start_s, span.end_s});
  return array;
}

void expect_spans(const SpanSet& set, std::initializer_list<Span> expected) {
  ASSERT_EQ(set.spans().size(), expected.size());
  std::size_t i = 0;
  for (const Span& span : expected) {
    EXPECT_DOUBLE_EQ(set.spans()[i].start_s, span.start_s);
    EXPECT_DOUBLE_EQ(set.spans()[i].end_s, span.end_s);
    ++i;
  }
}

TEST(SpanSet, JoinsWhatTouchesAndKeepsWhatIsApart) {
  SpanSet set;
  set.add({0.0, 0.09});
  set.add({0.09, 0.21});
  set.add({0.3, 0.4});
  expect_spans(set, {{0.0, 0.21}, {0.3, 0.4}});
  EXPECT_EQ(set.count(), 2U);
  EXPECT_NEAR(set.total_s(), 0.31, 1e-12);
}

TEST(SpanSet, CountsWhatTwoOutputsSayOnce) {
  SpanSet set;
  for (int output = 0; output < 2; ++output) {
    set.add({1.0, 2.0});
    set.add({3.0, 4.0});
  }
  expect_spans(set, {{1.0, 2.0}, {3.0, 4.0}});
  EXPECT_EQ(set.count(), 2U);
  EXPECT_NEAR(set.total_s(), 2.0, 1e-12);
}

TEST(SpanSet, TakesSpansInAnyOrderAndOneThatBridgesOthers) {
  SpanSet set;
  set.add({5.0, 6.0});
  set.add({1.0, 2.0});
  set.add({3.0, 4.0});
  expect_spans(set, {{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}});
  set.add({1.5, 5.5});
  expect_spans(set, {{1.0, 6.0}});
  EXPECT_EQ(set.count(), 1U);
  EXPECT_NEAR(set.total_s(), 5.0, 1e-12);
}

TEST(SpanSet, StaysBoundedWhileCountAndTotalStayExact) {
  constexpr std::size_t kCount = 100'000;
  SpanSet set;
  for (std::size_t i = 0; i < kCount; ++i) {
    const auto start = static_cast<double>(i);
    set.add({start, start + 0.25});
  }
  EXPECT_LE(set.spans().size(), SpanSet::kMaxSpans);
  EXPECT_EQ(set.count(), kCount);
  EXPECT_NEAR(set.total_s(), 0.25 * kCount, 1e-6);
  for (std::size_t i = 0; i < SpanSet::kExactSpans; ++i) {
    EXPECT_EQ(set.spans()[i].start_s, static_cast<double>(i));
    EXPECT_EQ(set.spans()[i].end_s, static_cast<double>(i) + 0.25);
  }
  EXPECT_EQ(set.spans().back().end_s, kCount - 1 + 0.25);
}

TEST(Speech, IsNotKnownUntilSomeResultSpeaksOfIt) {
  Speech speech;
  speech.add({{"label", "music"}});
  EXPECT_FALSE(speech.known());
  speech.add({{"speech_segments", Value::Array{}}});
  EXPECT_TRUE(speech.known());
  EXPECT_EQ(speech.segments().count(), 0U);
}

TEST(Speech, JoinsTheSegmentsOfConsecutiveBlocks) {
  Speech speech;
  speech.add({{"speech_segments", segments({{0.03, 0.09}})}});
  speech.add({{"speech_segments", segments({{0.09, 0.12}, {0.15, 0.18}})}});
  expect_spans(speech.marked(), {{0.03, 0.12}, {0.15, 0.18}});
}

TEST(Speech, ListsUtterancesOneByOneAndMarksTheirUnion) {
  Speech speech;
  speech.add({{"start_s", 1.0}, {"end_s", 3.0}});
  speech.add({{"start_s", 3.0}, {"end_s", 4}});
  ASSERT_EQ(speech.utterances().size(), 2U);
  EXPECT_DOUBLE_EQ(speech.utterances()[1].end_s, 4.0);
  expect_spans(speech.marked(), {{1.0, 4.0}});
}

TEST(Speech, MarksSegmentsWhereBothAreKnown) {
  Speech speech;
  speech.add({{"start_s", 1.0}, {"end_s", 3.0}});
  speech.add({{"speech_segments", segments({{1.5, 2.0}})}});
  expect_spans(speech.marked(), {{1.5, 2.0}});
}

TEST(Speech, CountsUtterancesBeyondThoseItLists) {
  Speech speech;
  for (int i = 0; i < 1500; ++i) speech.add({{"start_s", i}, {"end_s", i + 0.5}});
  EXPECT_EQ(speech.utterance_count(), 1500U);
  EXPECT_EQ(speech.utterances().size(), Speech::kMaxUtterances);
  EXPECT_EQ(speech.marked().count(), 1500U);
}

TEST(Speech, LeavesOutWhatIsNoSpan) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  Speech speech;
  Value::Array array =
      segments({{2.0, 1.0}, {-1.0, 0.5}, {kNaN, 1.0}, {0.0, kInfinity}, {1.0, 1.0}});
  array.emplace_back("1..2");
  array.emplace_back(Value::Array{1.0});
  array.emplace_back(Value::Array{"1", "2"});
  speech.add({{"speech_segments", array}, {"start_s", "0"}, {"end_s", 1.0}});
  speech.add({{"speech_segments", "none"}, {"start_s", 4.0}});
  EXPECT_TRUE(speech.has_segments());
  EXPECT_EQ(speech.segments().count(), 0U);
  EXPECT_EQ(speech.utterance_count(), 0U);
}

}  // namespace
}  // namespace remotemedia::cli::report
