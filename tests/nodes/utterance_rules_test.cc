#include "nodes/utterances.h"

#include <deque>

namespace remotemedia::nodes {
namespace {

using namespace test;

/// The utterances of a pattern, in detector frames, whatever the blocks.
std::vector<Range> cut_pattern(const Limits& limits, const std::string& text) {
  const std::vector<bool> speech = pattern(text);
  std::vector<Range> first;
  bool is_first = true;
  for (const auto& sizes : chunkings(speech.size() * kFrame, kRate)) {
    std::vector<Range> ranges;
    for (const auto& [begin, end] : ranges_of(utterances(limits, marked(speech, sizes)))) {
      EXPECT_EQ(begin % kFrame, 0U);
      EXPECT_EQ(end % kFrame, 0U);
      ranges.emplace_back(begin / kFrame, end / kFrame);
    }
    if (is_first) first = ranges;
    EXPECT_EQ(ranges, first);
    is_first = false;
  }
  return first;
}

using testing::ElementsAre;
using testing::IsEmpty;

TEST(UtteranceRules, EndsAnUtteranceAfterTheSilence) {
  EXPECT_THAT(cut_pattern({}, "..####......"), ElementsAre(Range{2, 8}));
  EXPECT_THAT(cut_pattern({.silence = 4}, "..####......"), ElementsAre(Range{2, 10}));
}

TEST(UtteranceRules, GoesOnAcrossAShorterSilence) {
  EXPECT_THAT(cut_pattern({}, "####.####......"), ElementsAre(Range{0, 11}));
  EXPECT_THAT(cut_pattern({}, "####..####......"), ElementsAre(Range{0, 6}, Range{6, 12}));
}

TEST(UtteranceRules, DropsAnUtteranceWithTooLittleSpeech) {
  EXPECT_THAT(cut_pattern({}, "..##.........."), IsEmpty());
  EXPECT_THAT(cut_pattern({.min_speech = 2}, "..##.........."), ElementsAre(Range{2, 6}));
}

TEST(UtteranceRules, LetsAShortUtteranceGoOnWithinTheGap) {
  EXPECT_THAT(cut_pattern({.gap = 5}, "##....##......"), ElementsAre(Range{0, 10}));
  EXPECT_THAT(cut_pattern({.gap = 4}, "##....##......"), IsEmpty());
}

TEST(UtteranceRules, PutsAudioFromBeforeTheSpeechInFront) {
  EXPECT_THAT(cut_pattern({.pre_speech = 3}, ".....####..."), ElementsAre(Range{2, 11}));
  EXPECT_THAT(cut_pattern({.pre_speech = 3}, ".####..."), ElementsAre(Range{0, 7}));
}

TEST(UtteranceRules, GivesNoFrameTwiceAlsoAsAudioFromBefore) {
  EXPECT_THAT(cut_pattern({.pre_speech = 4}, "####..#####.."),
              ElementsAre(Range{0, 6}, Range{6, 13}));
  EXPECT_THAT(cut_pattern({.pre_speech = 4}, "####...#####.."),
              ElementsAre(Range{0, 6}, Range{6, 14}));
}

TEST(UtteranceRules, KeepsADroppedUtteranceAsAudioFromBefore) {
  EXPECT_THAT(cut_pattern({.pre_speech = 6}, "##.....####.."), ElementsAre(Range{1, 13}));
}

TEST(UtteranceRules, GivesALongUtteranceInPieces) {
  EXPECT_THAT(cut_pattern({.max_length = 4}, "#########..."),
              ElementsAre(Range{0, 4}, Range{4, 8}));  // the rest has too little speech
  EXPECT_THAT(cut_pattern({.max_length = 4, .pre_speech = 2}, "...####..."),
              ElementsAre(Range{1, 7}));  // what lies before the speech does not count
}

TEST(UtteranceRules, DropsALongUtteranceWithTooLittleSpeech) {
  EXPECT_THAT(cut_pattern({.max_length = 6}, "#...#.###..."), ElementsAre(Range{6, 11}));
}

TEST(UtteranceRules, NeedsRoomForTheLeastSpeech) {
  expect_refused(
      [] {
        Runner("VADTriggeredBuffer", {{"max_speech_duration_s", 0.5}});
      },
      "max_speech_duration_s is 0.5, expected at least min_speech_duration_s, which is "
      "1.0");
}

TEST(UtteranceRules, GivesAtTheEndWhatHasEnoughSpeech) {
  EXPECT_THAT(cut_pattern({}, "..####"), ElementsAre(Range{2, 6}));
  EXPECT_THAT(cut_pattern({}, "..##"), IsEmpty());
}

TEST(UtteranceRules, GivesALongUtteranceAtOnce) {
  Runner node("VADTriggeredBuffer", Limits{.max_length = 4}.parameters());
  const auto packets = marked(pattern("########"), {3 * kFrame, kFrame, 4 * kFrame});
  node.push(packets[0]);
  EXPECT_TRUE(node.results.empty());
  node.push(packets[1]);
  EXPECT_EQ(node.results.size(), 1U);
}

/// The rules, one frame after the other.
std::vector<Range> by_definition(const Limits& limits, const std::vector<bool>& speech) {
  const auto frames = [](int count) { return static_cast<std::size_t>(count) * kFrame; };
  std::vector<Range> emitted;
  std::deque<std::size_t> before;
  std::deque<std::size_t> utterance;
  bool active = false;
  std::size_t before_count = 0, spoken = 0, silent = 0;
  const auto emit = [&] {
    emitted.emplace_back(utterance.front(), utterance.back() + 1);
    utterance.clear();
    active = false;
  };
  for (std::size_t i = 0; i < speech.size() * kFrame; ++i) {
    const bool is_speech = speech[i / kFrame];
    if (!active && !is_speech) {
      before.push_back(i);
      if (before.size() > frames(limits.pre_speech)) before.pop_front();
      continue;
    }
    if (!active) {
      active = true;
      utterance = std::exchange(before, {});
      before_count = utterance.size();
      spoken = silent = 0;
    }
    utterance.push_back(i);
    spoken += is_speech ? 1 : 0;
    silent = is_speech ? 0 : silent + 1;
    const bool enough = spoken >= frames(limits.min_speech);
    const std::size_t limit =
        std::max<std::size_t>(1, frames(enough ? limits.silence : limits.gap));
    const bool full = utterance.size() - before_count >= frames(limits.max_length);
    if (!full && silent < limit) continue;
    if (enough) {
      emit();
    } else {
      while (utterance.size() > frames(limits.pre_speech)) utterance.pop_front();
      before = std::exchange(utterance, {});
      active = false;
    }
  }
  if (active && spoken >= frames(limits.min_speech)) emit();
  return emitted;
}

TEST(UtteranceRules, FollowsItsRulesForAnyLimitsAndBlocks) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](int limit) { return static_cast<int>(random() % unsigned(limit)); };
    const int min_speech = below(6);
    const Limits limits = {.min_speech = min_speech,
                           .max_length = std::max(1, min_speech) + below(30),
                           .silence = below(6),
                           .pre_speech = below(8),
                           .gap = below(8)};
    std::vector<bool> speech;
    while (speech.size() < 150) {
      speech.insert(speech.end(), static_cast<std::size_t>(1 + below(9)), below(2) == 0);
    }
    const std::vector<Range> expected = by_definition(limits, speech);
    for (const auto& sizes : chunkings(speech.size() * kFrame, kRate)) {
      EXPECT_EQ(ranges_of(utterances(limits, marked(speech, sizes))), expected)
          << "seed " << seed << ", " << sizes.size() << " blocks";
    }
  }
}

}  // namespace
}  // namespace remotemedia::nodes
