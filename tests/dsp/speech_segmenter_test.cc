#include "remotemedia/dsp/speech_segmenter.h"

#include "remotemedia/base/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <random>
#include <vector>

namespace remotemedia::dsp {

static void PrintTo(const SpeechEvent& event, std::ostream* out) {
  *out << (event.kind == SpeechEvent::Kind::start ? "start " : "end ") << event.sample;
}

namespace {

using Kind = SpeechEvent::Kind;
using Events = std::vector<SpeechEvent>;
using Config = SpeechSegmenter::Config;

/// The segments by their definition, from all probabilities at once.
Events offline(const std::vector<float>& probabilities, std::int64_t length, const Config& config) {
  const auto window = static_cast<std::int64_t>(config.window_length);
  const auto samples = [&](int ms) { return std::int64_t{config.rate} * ms / 1000; };
  const auto high = static_cast<float>(config.threshold);
  const auto low = static_cast<float>(std::max(config.threshold - 0.15, 0.01));
  struct Segment {
    std::int64_t begin, end;
  };
  std::vector<Segment> segments;
  const auto keep = [&](std::int64_t begin, std::int64_t end) {
    if (end - begin > samples(config.min_speech_duration_ms)) segments.push_back({begin, end});
  };
  std::int64_t begin = -1;
  std::int64_t pause = -1;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    const std::int64_t now = static_cast<std::int64_t>(i) * window;
    if (probabilities[i] >= high) {
      if (begin < 0) begin = now;
      pause = -1;
    } else if (probabilities[i] < low && begin >= 0) {
      if (pause < 0) pause = now;
      if (now - pause >= samples(config.min_silence_duration_ms)) {
        keep(begin, pause);
        begin = pause = -1;
      }
    }
  }
  if (begin >= 0) keep(begin, length);
  const std::int64_t pad = samples(config.speech_pad_ms);
  Events events;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto gap = [&](std::size_t a) { return segments[a + 1].begin - segments[a].end; };
    const std::int64_t before =
        i == 0 ? std::min(pad, segments[i].begin) : (gap(i - 1) < 2 * pad ? gap(i - 1) / 2 : pad);
    const std::int64_t after = i + 1 == segments.size() ? std::min(pad, length - segments[i].end)
                                                        : (gap(i) < 2 * pad ? gap(i) / 2 : pad);
    events.push_back({Kind::start, static_cast<std::uint64_t>(segments[i].begin - before)});
    events.push_back({Kind::end, static_cast<std::uint64_t>(segments[i].end + after)});
  }
  return events;
}

/// The events as they come; checks what they promise on the way.
Events streamed(SpeechSegmenter& segmenter, const std::vector<float>& probabilities,
                std::size_t last_samples, std::size_t window) {
  Events events;
  std::uint64_t settled = 0;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    const bool last = i + 1 == probabilities.size();
    const auto given = segmenter.push(probabilities[i], last ? last_samples : window);
    for (std::size_t j = 0; j < given.size(); ++j) {
      const std::uint64_t sample = given[j].sample;
      EXPECT_LE(sample, segmenter.position()) << "in the future";
      // An end and a start in one place are no change of what is speech.
      const bool meets = (j > 0 && given[j - 1].sample == sample) ||
                         (j + 1 < given.size() && given[j + 1].sample == sample);
      EXPECT_TRUE(meets || sample >= settled) << "after it was settled";
      events.push_back(given[j]);
    }
    EXPECT_GE(segmenter.settled(), settled);
    EXPECT_LE(segmenter.settled(), segmenter.position());
    settled = segmenter.settled();
  }
  for (const SpeechEvent& event : segmenter.finish()) events.push_back(event);
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].kind, i % 2 == 0 ? Kind::start : Kind::end);
    EXPECT_GE(events[i].sample, i > 0 ? events[i - 1].sample : 0);
  }
  return events;
}

TEST(SpeechSegmenter, GivesTheSegmentsThatAllProbabilitiesTogetherGive) {
  std::mt19937 random(1);
  std::size_t segments = 0;
  for (int round = 0; round < 3'000; ++round) {
    Config config{.rate = random() % 2 == 0 ? 16'000 : 8'000};
    config.window_length = config.rate == 16'000 ? 512 : 256;
    if (round % 3 != 0) {
      config.threshold = static_cast<double>(random() % 101) / 100;
      config.min_speech_duration_ms = static_cast<int>(random() % 400);
      config.min_silence_duration_ms = static_cast<int>(random() % 300);
      config.speech_pad_ms = static_cast<int>(random() % 300);
    }
    // Levels that last some windows, with jitter around the thresholds.
    std::vector<float> probabilities(random() % 120);
    double level = 0;
    for (float& probability : probabilities) {
      if (random() % 6 == 0) level = static_cast<double>(random() % 101) / 100;
      const double jitter = (static_cast<double>(random() % 101) - 50) / 200;
      probability = static_cast<float>(std::clamp(level + jitter, 0.0, 1.0));
    }
    const std::size_t last = random() % config.window_length + 1;
    const std::size_t length =
        probabilities.empty() ? 0 : (probabilities.size() - 1) * config.window_length + last;
    SpeechSegmenter segmenter(config);
    const Events expected = offline(probabilities, static_cast<std::int64_t>(length), config);
    EXPECT_EQ(streamed(segmenter, probabilities, last, config.window_length), expected)
        << "round " << round;
    segments += expected.size() / 2;
  }
  EXPECT_GT(segments, 3'000U);
}

/// How many windows had been seen when each event came.
std::vector<std::pair<std::size_t, SpeechEvent>> times_of(const std::vector<float>& probabilities) {
  SpeechSegmenter segmenter({});
  std::vector<std::pair<std::size_t, SpeechEvent>> times;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    for (const SpeechEvent& event : segmenter.push(probabilities[i])) times.emplace_back(i, event);
  }
  return times;
}

TEST(SpeechSegmenter, GivesEventsAsSoonAsTheyAreCertain) {
  // 20 windows of silence, 20 of speech, 20 of silence. 8 windows are longer than 250 ms; silence
  // of 100 ms has passed at the beginning of the fifth window (128 ms).
  std::vector<float> probabilities(60, 0.1F);
  std::fill_n(probabilities.begin() + 20, 20, 0.9F);
  using testing::ElementsAre;
  using testing::Pair;
  EXPECT_THAT(times_of(probabilities),
              ElementsAre(Pair(27U, SpeechEvent{Kind::start, 20 * 512 - 480}),
                          Pair(44U, SpeechEvent{Kind::end, 40 * 512 + 480})));
}

TEST(SpeechSegmenter, KeepsTheStateOfAWindowBetweenTheThresholds) {
  SpeechSegmenter segmenter({});
  const std::pair<float, bool> steps[] = {{0.45F, false}, {0.5F, true},   {0.4F, true},
                                          {0.34F, false}, {0.45F, false}, {0.6F, true}};
  for (const auto& [probability, is_speech] : steps) {
    segmenter.push(probability);
    EXPECT_EQ(segmenter.is_speech(), is_speech) << probability;
  }
}

TEST(SpeechSegmenter, BeginsANewStreamAfterTheEnd) {
  SpeechSegmenter segmenter({});
  for (int stream = 0; stream < 2; ++stream) {
    const Events events = streamed(segmenter, std::vector<float>(10, 0.9F), 512, 512);
    EXPECT_EQ(events, (Events{{Kind::start, 0}, {Kind::end, 5'120}}));
  }
}

TEST(SpeechSegmenter, RefusesSettingsOutOfRange) {
  const auto refusal = [](const Config& config) -> std::string {
    try {
      SpeechSegmenter segmenter(config);
      return "not refused";
    } catch (const Error& error) {
      return error.what();
    }
  };
  EXPECT_THAT(refusal({.threshold = 1.5}), testing::HasSubstr("threshold is 1.5, expected 0..1"));
  EXPECT_THAT(refusal({.min_speech_duration_ms = -1}),
              testing::HasSubstr("min_speech_duration_ms is -1, expected 0..10000 ms"));
  EXPECT_THAT(refusal({.speech_pad_ms = 10'001}), testing::HasSubstr("speech_pad_ms is 10001"));
  EXPECT_THAT(refusal({.rate = 7}), testing::HasSubstr("rate is 7"));
}

}  // namespace
}  // namespace remotemedia::dsp
