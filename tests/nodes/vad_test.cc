#include "nodes/runner.h"

#include <limits>

namespace remotemedia::nodes {
namespace {

using namespace test;

struct Settings {
  int rate = 16'000;
  int frame_ms = 30;
  double threshold = 0.02;
  int aggressiveness = 1;

  [[nodiscard]] std::size_t frame() const {
    return static_cast<std::size_t>(rate * frame_ms / 1000);
  }
  [[nodiscard]] Object parameters() const {
    return {{"frame_duration_ms", frame_ms},
            {"energy_threshold", threshold},
            {"aggressiveness", aggressiveness}};
  }
};

/// The definition of the detector, frame by frame.
std::vector<bool> decisions_of(const std::vector<float>& mono, const Settings& settings) {
  const std::size_t length = settings.frame();
  const double ratio = std::pow(10.0, 3.0 * (settings.aggressiveness + 1) / 20.0);
  const double rise = std::pow(10.0, 0.1 * static_cast<double>(length) / settings.rate);
  double floor = std::max(settings.threshold / ratio, 1e-5);
  std::vector<bool> decisions;
  for (std::size_t begin = 0; begin + length <= mono.size(); begin += length) {
    double sum = 0;
    for (std::size_t i = begin; i < begin + length; ++i) {
      sum += static_cast<double>(mono[i]) * mono[i];
    }
    const double rms = std::sqrt(static_cast<float>(sum / static_cast<double>(length)));
    decisions.push_back(rms > std::max(settings.threshold, floor * ratio));
    floor = std::max(std::min(rms, floor * rise), 1e-5);
  }
  return decisions;
}

/// What a run says of the whole stream, from the metadata of all its packets.
struct Report {
  std::int64_t speech_frames = 0;
  std::int64_t total_frames = 0;
  bool is_speech = false;
  std::vector<std::pair<double, double>> segments;
  double analysed_until_s = 0;

  explicit Report(const std::vector<Packet>& packets) {
    for (const Packet& packet : packets) {
      speech_frames += *packet.metadata.find("speech_frames")->as_int();
      const std::int64_t completed = *packet.metadata.find("total_frames")->as_int();
      total_frames += completed;
      if (completed > 0) is_speech = is_speech || *packet.metadata.find("is_speech")->as_bool();
      for (const Value& segment : *packet.metadata.find("speech_segments")->as_array()) {
        const double begin = (*segment.as_array())[0].number();
        const double end = (*segment.as_array())[1].number();
        if (!segments.empty() && std::fabs(segments.back().second - begin) < 1e-9) {
          segments.back().second = end;
        } else {
          segments.emplace_back(begin, end);
        }
      }
      const double until = packet.metadata.find("analysed_until_s")->number();
      EXPECT_GE(until, analysed_until_s);
      analysed_until_s = until;
    }
  }

  Report(const std::vector<bool>& decisions, const Settings& settings) {
    const double frame_s = static_cast<double>(settings.frame()) / settings.rate;
    for (std::size_t i = 0; i < decisions.size(); ++i) {
      if (!decisions[i]) continue;
      ++speech_frames;
      const double begin = static_cast<double>(i) * frame_s;
      if (i > 0 && decisions[i - 1]) {
        segments.back().second = begin + frame_s;
      } else {
        segments.emplace_back(begin, begin + frame_s);
      }
    }
    total_frames = static_cast<std::int64_t>(decisions.size());
    is_speech = speech_frames > 0;
    analysed_until_s = static_cast<double>(decisions.size()) * frame_s;
  }
};

void expect_equal(const Report& actual, const Report& expected) {
  EXPECT_EQ(actual.speech_frames, expected.speech_frames);
  EXPECT_EQ(actual.total_frames, expected.total_frames);
  EXPECT_EQ(actual.is_speech, expected.is_speech);
  EXPECT_NEAR(actual.analysed_until_s, expected.analysed_until_s, 1e-9);
  ASSERT_EQ(actual.segments.size(), expected.segments.size());
  for (std::size_t i = 0; i < actual.segments.size(); ++i) {
    EXPECT_NEAR(actual.segments[i].first, expected.segments[i].first, 1e-9);
    EXPECT_NEAR(actual.segments[i].second, expected.segments[i].second, 1e-9);
  }
}

/// Noise whose level changes every 100 ms at random, from silence to loud.
std::vector<float> speech_like(int rate, std::size_t frames, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> x = random_samples(frames, seed, 1.0F);
  float level = 0;
  for (std::size_t i = 0; i < frames; ++i) {
    if (i % static_cast<std::size_t>(rate / 10) == 0) {
      level = std::pow(10.0F, -static_cast<float>(random() % 60) / 20.0F);
      if (random() % 4 == 0) level = 0;
    }
    x[i] *= level;
  }
  return x;
}

TEST(VadNode, DecidesAsDefinedForAnySettingsAndBlocks) {
  for (const Settings& settings :
       {Settings{}, Settings{.rate = 8'000, .frame_ms = 10, .threshold = 0.1},
        Settings{.rate = 44'100, .frame_ms = 25, .aggressiveness = 0},
        Settings{.rate = 22'050, .frame_ms = 100, .threshold = 0.0, .aggressiveness = 3}}) {
    const std::vector<float> x = speech_like(settings.rate, 40'000, 5);
    const Report expected(decisions_of(x, settings), settings);
    EXPECT_GT(expected.segments.size(), 1U);
    const AudioBuffer audio = audio_of<float>(settings.rate, {x});
    for (const auto& sizes : chunkings(audio.frames(), settings.rate)) {
      const auto results = stream("VADNode", settings.parameters(), cut(audio, sizes));
      ASSERT_EQ(results.size(), sizes.size());
      expect_equal(Report(results), expected);
    }
  }
}

TEST(VadNode, CountsTheFramesOfASecondOfSound) {
  Runner node("VADNode");
  node.push(clip(tone(16'000, 440.0, 16'000)));
  const Object& loud = node.results[0].metadata;
  EXPECT_EQ(*loud.find("is_speech"), Value(true));
  EXPECT_EQ(*loud.find("speech_frames"), Value(33));
  EXPECT_EQ(*loud.find("total_frames"), Value(33));
  EXPECT_EQ(*loud.find("speech_segments"), Value(Value::Array{Value(Value::Array{0.0, 0.99})}));
  EXPECT_EQ(*loud.find("analysed_until_s"), Value(0.99));
  node.push(clip(tone(16'000, 440.0, 16'000, 0.0)));
  const Object& silent = node.results[1].metadata;
  EXPECT_EQ(*silent.find("is_speech"), Value(false));
  EXPECT_EQ(*silent.find("speech_frames"), Value(0));
  EXPECT_EQ(*silent.find("total_frames"), Value(33));
  EXPECT_EQ(*silent.find("speech_segments"), Value(Value::Array{}));
}

TEST(VadNode, PassesAudioOnWithoutACopyAndAddsToItsMetadata) {
  const AudioBuffer audio = audio_of<std::int16_t>(16'000, {{1, 2}, {3, 4}});
  Runner node("VADNode");
  Packet packet = item(audio, {{"name", "x"}, {"is_speech", "old"}});
  packet.timestamp = Time(9);
  packet.form = ItemForm::mapping;
  node.push(packet);
  const Packet& result = node.results[0];
  EXPECT_EQ(result.audio()->data(), audio.data());
  EXPECT_EQ(result.timestamp, Time(9));
  EXPECT_EQ(result.form, ItemForm::mapping);
  EXPECT_EQ(*result.metadata.find("name"), Value("x"));
  EXPECT_EQ(*result.metadata.find("is_speech"), Value(false));
}

TEST(VadNode, RepeatsItsLastDecisionForItemsThatCompleteNoFrame) {
  const AudioBuffer loud = tone(16'000, 440.0, 600);
  Runner node("VADNode");
  node.push(item(loud.slice(0, 400)));
  node.push(item(loud.slice(400, 200)));  // completes a frame of 480
  node.push(item(loud.slice(0, 10)));
  const bool expected[] = {false, true, true};
  const int totals[] = {0, 1, 0};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(*node.results[i].metadata.find("is_speech"), Value(expected[i])) << i;
    EXPECT_EQ(*node.results[i].metadata.find("total_frames"), Value(totals[i])) << i;
  }
  EXPECT_EQ(*node.results[2].metadata.find("analysed_until_s"), Value(0.03));
}

TEST(VadNode, StartsAnewAfterAClip) {
  const AudioBuffer audio = audio_of<float>(16'000, {speech_like(16'000, 10'000, 7)});
  Runner node("VADNode");
  node.push(clip(audio));
  node.push(item(audio.slice(0, 5'000)));
  node.push(clip(audio.slice(5'000, 5'000)));
  node.push(clip(audio));
  EXPECT_EQ(node.results[3].metadata, node.results[0].metadata);
  expect_equal(Report({node.results[1], node.results[2]}), Report({node.results[0]}));
  node.push(item(noise(16'000, 1, 1)));
  EXPECT_EQ(*node.results[4].metadata.find("is_speech"), Value(false));
  EXPECT_EQ(*node.results[4].metadata.find("analysed_until_s"), Value(0.0));
}

TEST(VadNode, JudgesTheMeanOfTheChannels) {
  const std::vector<float> x = samples_of<float>(tone(16'000, 440.0, 4'800));
  std::vector<float> opposite(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) opposite[i] = -x[i];
  Runner node("VADNode");
  node.push(clip(audio_of<float>(16'000, {x, x})));
  node.push(clip(audio_of<float>(16'000, {x, opposite})));
  EXPECT_EQ(*node.results[0].metadata.find("speech_frames"), Value(10));
  EXPECT_EQ(*node.results[1].metadata.find("speech_frames"), Value(0));
}

TEST(VadNode, GoesOnInTimeWhenTheRateChanges) {
  Runner node("VADNode");
  node.push(item(tone(16'000, 440.0, 8'000)));  // 16 frames and a part
  node.push(item(tone(8'000, 440.0, 4'000)));
  node.push(item(tone(8'000, 440.0, 4'000)));
  const Report report(node.results);
  EXPECT_EQ(report.total_frames, 16 + 33);
  EXPECT_NEAR(report.analysed_until_s, 0.5 + 33 * 0.03, 1e-9);
  ASSERT_EQ(report.segments.size(), 2U);
  EXPECT_NEAR(report.segments[0].second, 0.48, 1e-9);
  EXPECT_NEAR(report.segments[1].first, 0.5, 1e-9);
}

TEST(VadNode, RefusesAnotherRateThanTheOneExpected) {
  Runner node("VADNode", {{"sample_rate", 16'000}});
  node.push(item(noise(16'000, 1, 100)));
  expect_refused([&] { node.push(item(noise(48'000, 1, 100))); },
                 "VADNode: input rate is 48000, expected 16000 Hz; put an "
                 "AudioResampleNode(target_sample_rate=16000) in front, or leave sample_rate out");
}

TEST(VadNode, CallsLessSpeechTheMoreAggressiveItIs) {
  // After 12 s the floor has risen to the noise. Then 8 dB above it the margins of 3 and 6 dB are
  // passed, those of 9 and 12 dB are not.
  const AudioBuffer quiet = audio_of<float>(8'000, {random_samples(96'000, 3, 0.05F)});
  const AudioBuffer louder = audio_of<float>(8'000, {random_samples(4'800, 4, 0.125F)});
  const int expected[] = {20, 20, 0, 0};
  for (const int aggressiveness : {0, 1, 2, 3}) {
    Runner node("VADNode", {{"aggressiveness", aggressiveness}});
    node.push(item(quiet));
    node.push(item(louder));
    EXPECT_EQ(*node.results[1].metadata.find("speech_frames"), Value(expected[aggressiveness]))
        << aggressiveness;
  }
}

TEST(VadNode, TakesNaNAsSilence) {
  std::vector<float> x(4'800, std::numeric_limits<float>::quiet_NaN());
  Runner node("VADNode");
  node.push(clip(audio_of<float>(16'000, {x})));
  EXPECT_EQ(*node.results[0].metadata.find("speech_frames"), Value(0));
  EXPECT_EQ(*node.results[0].metadata.find("total_frames"), Value(10));
}

TEST(VadNode, AnswersAnEmptyClip) {
  Runner node("VADNode");
  node.push(clip(noise(16'000, 1, 0)));
  EXPECT_EQ(*node.results[0].metadata.find("total_frames"), Value(0));
  EXPECT_EQ(*node.results[0].metadata.find("is_speech"), Value(false));
}

}  // namespace
}  // namespace remotemedia::nodes
