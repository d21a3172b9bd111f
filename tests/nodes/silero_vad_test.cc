// With the published model, on recordings of speech, against what ONNX Runtime gives.

#include "remotemedia/dsp/silero_vad.h"

#include "nodes/runner.h"
#include "remotemedia/dsp/speech_segmenter.h"
#include "remotemedia/graph/joiner.h"
#include "remotemedia/media/audio_file.h"
#include "remotemedia/nodes/silero_model.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace remotemedia::nodes {
namespace {

using namespace test;
namespace fs = std::filesystem;

constexpr int kRate = 16'000;

/// Sets an environment variable for as long as it lives.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    setenv(name, value.c_str(), 1);
  }
  ~Variable() { old_ ? setenv(name_, old_->c_str(), 1) : unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

class SileroVadNode : public testing::Test {
 protected:
  Variable models_{"REMOTEMEDIA_MODELS", REMOTEMEDIA_TEST_MODELS};
};

/// A recording and the probabilities of its windows.
struct Recording {
  std::string name;
  int rate = 0;
  std::vector<float> probabilities;
  std::vector<float> samples;
};

std::vector<float> speech_at(const std::string& name, int rate) {
  const AudioBuffer audio = media::read_audio(fs::path(REMOTEMEDIA_TEST_RECORDINGS) / name);
  std::vector<float> x = samples_of<float>(audio);
  if (rate == kRate) return x;
  std::vector<float> half(x.size() / 2);
  for (std::size_t i = 0; i < half.size(); ++i) half[i] = (x[2 * i] + x[2 * i + 1]) * 0.5F;
  return half;
}

const std::vector<Recording>& recordings() {
  static const std::vector<Recording> all = [] {
    std::vector<Recording> read;
    std::ifstream file(REMOTEMEDIA_TEST_PROBABILITIES);
    for (std::string line; std::getline(file, line);) {
      std::istringstream words(line);
      Recording recording;
      words >> recording.name >> recording.rate;
      for (float value = 0; words >> value;) recording.probabilities.push_back(value);
      recording.samples = speech_at(recording.name, recording.rate);
      read.push_back(std::move(recording));
    }
    return read;
  }();
  return all;
}

/// All recordings of 16 kHz, one after another.
AudioBuffer speech() {
  std::vector<float> x;
  for (const Recording& recording : recordings()) {
    if (recording.rate != kRate) continue;
    x.insert(x.end(), recording.samples.begin(), recording.samples.end());
  }
  return audio_of<float>(kRate, {x});
}

const Value::Array& list_of(const Packet& packet, const char* field) {
  return *packet.metadata.find(field)->as_array();
}

/// The metadata of all packets as one item would have them.
Object report_of(const std::vector<Packet>& packets) {
  MetadataJoiner joiner(builtin_nodes());
  for (const Packet& packet : packets) joiner.add(packet.metadata);
  return joiner.take();
}

TEST_F(SileroVadNode, GivesTheProbabilitiesOfOnnxRuntimeOnSpeech) {
  ASSERT_EQ(recordings().size(), 10U);
  float lowest = 1;
  float highest = 0;
  for (const Recording& recording : recordings()) {
    Runner node("SileroVADNode");
    node.push(item(audio_of<float>(recording.rate, {recording.samples})));
    const Value::Array& actual = list_of(node.results[0], "speech_probabilities");
    ASSERT_EQ(actual.size(), recording.probabilities.size());
    ASSERT_GT(actual.size(), 90U);
    for (std::size_t i = 0; i < actual.size(); ++i) {
      EXPECT_NEAR(actual[i].number(), recording.probabilities[i], 1e-5)
          << recording.name << " at " << recording.rate << " Hz, window " << i;
      lowest = std::min(lowest, recording.probabilities[i]);
      highest = std::max(highest, recording.probabilities[i]);
    }
  }
  EXPECT_LT(lowest, 0.01F);
  EXPECT_GT(highest, 0.99F);
}

TEST_F(SileroVadNode, ItsLastDecisionsPassAnAudioBuffer) {
  const AudioBuffer audio = speech();
  const std::vector<Packet> found = stream("SileroVADNode", {}, {audio});
  ASSERT_TRUE(found.back().audio()->empty());
  Runner buffer("AudioBuffer", {{"buffer_size_samples", 4'000}});
  for (const Packet& packet : found) buffer.push(packet);
  buffer.flush();
  EXPECT_EQ(report_of(buffer.results), report_of(found));
}

TEST_F(SileroVadNode, PassesTheAudioAndSaysTheSameForAnyBlocks) {
  const AudioBuffer audio = speech();
  const std::vector<Packet> whole = stream("SileroVADNode", {}, {audio});
  const Object expected = report_of(whole);
  EXPECT_GT(expected.find("speech_events")->as_array()->size(), 6U);
  for (const std::vector<std::size_t>& sizes : chunkings(audio.frames(), kRate)) {
    const std::vector<Packet> packets = stream("SileroVADNode", {}, cut(audio, sizes));
    ASSERT_EQ(packets.size(), sizes.size() + 1);
    expect_same_bits(joined(packets), audio);
    const Object report = report_of(packets);
    for (const char* field : {"speech_probabilities", "speech_events", "speech_segments",
                              "speech_frames", "total_frames", "analysed_until_s"}) {
      EXPECT_EQ(*report.find(field), *expected.find(field)) << field << ", " << sizes.size();
    }
    // What has been said lies within what has arrived, and never goes back.
    double until = 0;
    std::size_t frames = 0;
    for (const Packet& packet : packets) {
      frames += packet.audio()->frames();
      const double now = packet.metadata.find("analysed_until_s")->number();
      EXPECT_GE(now, until);
      EXPECT_LE(now, static_cast<double>(frames) / kRate);
      until = now;
    }
    EXPECT_DOUBLE_EQ(until, static_cast<double>(audio.frames()) / kRate);
  }
}

TEST_F(SileroVadNode, SaysTheEventsOfTheSegmenterInSeconds) {
  const AudioBuffer audio = speech();
  const Object parameters{{"threshold", 0.7},
                          {"min_speech_duration_ms", 100},
                          {"min_silence_duration_ms", 40},
                          {"speech_pad_ms", 50}};
  Runner node("SileroVADNode", parameters);
  node.push(clip(audio));
  const Packet& result = node.results[0];
  dsp::SileroVad vad(load_silero_model());
  dsp::SpeechSegmenter segmenter({.threshold = 0.7,
                                  .min_speech_duration_ms = 100,
                                  .min_silence_duration_ms = 40,
                                  .speech_pad_ms = 50});
  std::vector<float> probabilities(vad.max_windows(audio.frames()) + 1);
  const std::size_t whole = vad.process(audio.channel<float>(0), probabilities);
  const std::size_t rest = vad.pending();
  vad.flush(std::span(probabilities).subspan(whole));
  Value::Array events;
  Value::Array segments;
  const auto take = [&](std::span<const dsp::SpeechEvent> some) {
    for (const dsp::SpeechEvent& event : some) {
      const double time_s = static_cast<double>(event.sample) / kRate;
      const bool starts = event.kind == dsp::SpeechEvent::Kind::start;
      events.emplace_back(Object{{"event", starts ? "start" : "end"}, {"time_s", time_s}});
      const bool touches = !segments.empty() && (*segments.back().as_array())[1] == Value(time_s);
      if (starts && !touches) segments.emplace_back(Value::Array{time_s, time_s});
      (*segments.back().as_array())[1] = time_s;
    }
  };
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    take(segmenter.push(probabilities[i], i < whole ? 512 : rest));
  }
  take(segmenter.finish());
  ASSERT_GT(events.size(), 12U);
  EXPECT_EQ(list_of(result, "speech_events"), events);
  EXPECT_EQ(list_of(result, "speech_segments"), segments);
  EXPECT_EQ(list_of(result, "speech_probabilities").size(), probabilities.size());
  EXPECT_TRUE(*result.metadata.find("is_speech")->as_bool());
  EXPECT_DOUBLE_EQ(result.metadata.find("analysed_until_s")->number(),
                   static_cast<double>(audio.frames()) / kRate);
}

TEST_F(SileroVadNode, MeetsEachClipInFreshState) {
  const AudioBuffer audio = speech().slice(0, 40'123);
  Runner node("SileroVADNode");
  node.push(clip(audio, {{"number", 1}}));
  node.push(clip(audio, {{"number", 1}}));
  node.flush();
  const std::vector<Packet> results = node.take();
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[0].metadata, results[1].metadata);
  EXPECT_EQ(list_of(results[0], "speech_probabilities").size(), 79U);
}

TEST_F(SileroVadNode, TellsAtTheEndOfAStreamWhatItDecides) {
  // Speech up to the last sample, which does not fill a window.
  const AudioBuffer audio = one_dimensional(speech().slice(0, 40'123));
  Runner node("SileroVADNode");
  node.push(item(audio, {{"number", 7}}));
  node.flush();
  node.flush();
  const std::vector<Packet> results = node.take();
  ASSERT_EQ(results.size(), 2U);
  const Packet& rest = results[1];
  EXPECT_EQ(rest.audio()->frames(), 0U);
  EXPECT_TRUE(rest.audio()->one_dimensional);
  EXPECT_EQ(rest.timestamp, Time(std::llround(40'123 * 1e9 / kRate)));
  EXPECT_EQ(*rest.metadata.find("number"), Value(7));
  EXPECT_EQ(*rest.metadata.find("total_frames"), Value(1));
  const Value::Array& events = list_of(rest, "speech_events");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0], Value(Object{{"event", "end"}, {"time_s", 40'123.0 / kRate}}));
}

TEST_F(SileroVadNode, AveragesChannelsAndTakesIntegers) {
  const std::vector<float> x = samples_of<float>(speech().slice(0, 30'000));
  std::vector<std::int16_t> left;
  std::vector<std::int16_t> right(x.size(), 0);
  std::vector<float> mean;
  for (const float sample : x) {
    left.push_back(static_cast<std::int16_t>(sample * 32'768));
    mean.push_back(static_cast<float>(left.back()) / 32'768 / 2);
  }
  const auto probabilities = [](const AudioBuffer& audio) {
    Runner node("SileroVADNode");
    node.push(item(audio));
    return list_of(node.results[0], "speech_probabilities");
  };
  EXPECT_EQ(probabilities(audio_of<std::int16_t>(kRate, {left, right})),
            probabilities(audio_of<float>(kRate, {mean})));
}

TEST_F(SileroVadNode, GoesOnWhenTheRateChanges) {
  const AudioBuffer fast = speech().slice(0, 40'000);
  const AudioBuffer slow = audio_of<float>(8'000, {speech_at(recordings()[0].name, 8'000)});
  const auto packets = stream("SileroVADNode", {}, {fast, slow});
  const Object report = report_of(packets);
  const std::size_t windows = (40'000 + 511) / 512 + (slow.frames() + 255) / 256;
  EXPECT_EQ(list_of(packets[1], "speech_events").front(),
            Value(Object{{"event", "end"}, {"time_s", 2.5}}));
  EXPECT_EQ(report.find("speech_probabilities")->as_array()->size(), windows);
  EXPECT_DOUBLE_EQ(report.find("analysed_until_s")->number(),
                   2.5 + static_cast<double>(slow.frames()) / 8'000);
}

TEST_F(SileroVadNode, FeedsWholeUtterancesToTheBufferBehindIt) {
  const AudioBuffer audio = speech();
  const Object parameters{{"min_speech_duration_s", 0.5},
                          {"max_speech_duration_s", 60.0},
                          {"silence_duration_s", 0.3},
                          {"pre_speech_buffer_s", 0.0},
                          {"max_silence_gap_s", 1.5}};
  for (const std::vector<std::size_t>& sizes : chunkings(audio.frames(), kRate)) {
    Runner buffer("VADTriggeredBuffer", parameters);
    const auto marked = stream("SileroVADNode", {}, cut(audio, sizes));
    for (const Packet& packet : marked) buffer.push(packet);
    buffer.flush();
    const Object report = report_of(marked);
    const Value::Array& segments = *report.find("speech_segments")->as_array();
    ASSERT_EQ(segments.size(), buffer.results.size());
    for (std::size_t i = 0; i < segments.size(); ++i) {
      const Object& metadata = buffer.results[i].metadata;
      EXPECT_EQ(metadata.size(), 2U) << "nothing that was said of an item";
      EXPECT_NEAR(metadata.find("start_s")->number(), (*segments[i].as_array())[0].number(), 1e-4);
    }
  }
}

TEST_F(SileroVadNode, RefusesAnotherRateWithTheWayOut) {
  const auto push = [](const Object& parameters, int rate) {
    Runner node("SileroVADNode", parameters);
    node.push(item(tone(rate, 440, 100)));
  };
  expect_refused([&] { push({}, 44'100); },
                 "SileroVADNode: input rate is 44100, expected 16000 or 8000 Hz; put an "
                 "AudioResampleNode(target_sample_rate=16000) in front");
  expect_refused(
      [&] {
        push({{"sample_rate", 8'000}}, 16'000);
      },
      "input rate is 16000, expected 8000 Hz; put an "
      "AudioResampleNode(target_sample_rate=8000)");
  expect_refused(
      [&] {
        push({{"sample_rate", 12'000}}, 12'000);
      },
      "sample_rate is 12000, expected 16000 or 8000 Hz");
}

TEST_F(SileroVadNode, AsksForItsModelBeforeTheFirstItem) {
  const fs::path folder = fs::path(testing::TempDir()) / "remotemedia_no_models";
  fs::remove_all(folder);
  fs::create_directories(folder);
  const Variable models("REMOTEMEDIA_MODELS", folder.string());
  expect_refused([] { Runner node("SileroVADNode"); },
                 "cannot read 'silero_vad.onnx': not in '" + folder.string() + "', '");
  std::ofstream(folder / "silero_vad.onnx") << "cut";
  expect_refused([] { Runner node("SileroVADNode"); },
                 "expected 1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3");
  fs::remove_all(folder);
}

TEST_F(SileroVadNode, SharesOneModelAmongAll) {
  EXPECT_EQ(load_silero_model(), load_silero_model());
}

}  // namespace
}  // namespace remotemedia::nodes
