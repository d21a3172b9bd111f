#include "nodes/runner.h"
#include "remotemedia/dsp/resampler.h"

#include <limits>
#include <utility>

namespace remotemedia::nodes {
namespace {

using namespace test;

Object to_rate(int rate) { return {{"target_sample_rate", rate}}; }

struct Rates {
  int from;
  int to;
};
class AudioResampleNode : public testing::TestWithParam<Rates> {};

TEST_P(AudioResampleNode, GivesTheLengthTimesTheRatioRoundedUp) {
  const auto [from, to] = GetParam();
  for (const std::uint64_t frames : {0U, 1U, 2U, 99U, 4'801U, 48'000U}) {
    const std::uint64_t expected =
        (frames * static_cast<std::uint64_t>(to) + static_cast<std::uint64_t>(from) - 1) /
        static_cast<std::uint64_t>(from);
    Runner node("AudioResampleNode", to_rate(to));
    node.push(clip(noise(from, 2, frames)));
    ASSERT_EQ(node.results.size(), 1U) << frames;
    EXPECT_EQ(node.results[0].audio()->frames(), expected) << frames;
    EXPECT_EQ(node.results[0].audio()->rate(), to);
    EXPECT_EQ(node.results[0].audio()->channels(), 2);
  }
}

TEST_P(AudioResampleNode, GivesTheSameBitsForAnyBlocks) {
  const auto [from, to] = GetParam();
  const AudioBuffer audio = noise(from, 2, 12'345);
  Runner whole("AudioResampleNode", to_rate(to));
  whole.push(clip(audio));
  for (const auto& sizes : chunkings(audio.frames(), from)) {
    const std::vector<Packet> results = stream("AudioResampleNode", to_rate(to), cut(audio, sizes));
    expect_same_bits(joined(results), *whole.results[0].audio());
  }
}

TEST_P(AudioResampleNode, KeepsAToneInPlace) {
  const auto [from, to] = GetParam();
  Runner node("AudioResampleNode", to_rate(to));
  node.push(clip(tone(from, 440.0, static_cast<std::size_t>(from))));
  const std::vector<float> y = samples_of<float>(*node.results[0].audio());
  const std::vector<float> expected = samples_of<float>(tone(to, 440.0, y.size()));
  for (std::size_t i = y.size() / 10; i < y.size() * 9 / 10; ++i) {
    ASSERT_NEAR(y[i], expected[i], 1e-5F) << i;  // -94 dB of the tone
  }
}

INSTANTIATE_TEST_SUITE_P(Rates, AudioResampleNode,
                         testing::Values(Rates{48'000, 16'000}, Rates{16'000, 48'000},
                                         Rates{44'100, 16'000}, Rates{8'000, 44'100},
                                         Rates{16'000, 16'000}),
                         [](const auto& param_info) {
                           return std::to_string(param_info.param.from) + "_to_" +
                                  std::to_string(param_info.param.to);
                         });

TEST(AudioResampleNode, TreatsEachClipAsItsOwn) {
  const AudioBuffer first = noise(48'000, 1, 5'000, 1);
  const AudioBuffer second = noise(48'000, 1, 7'000, 2);
  Runner node("AudioResampleNode", to_rate(16'000));
  for (const AudioBuffer& audio : {first, second, first}) node.push(clip(audio));
  node.flush();
  ASSERT_EQ(node.results.size(), 3U);
  for (const Packet& result : node.results) {
    EXPECT_TRUE(result.ends_clip);
    EXPECT_EQ(result.timestamp, Time(0));
  }
  expect_same_bits(*node.results[2].audio(), *node.results[0].audio());
  expect_same_bits(*node.results[1].audio(),
                   joined(stream("AudioResampleNode", to_rate(16'000), {second})));
}

TEST(AudioResampleNode, CompletesAClipThatCameInBlocks) {
  const AudioBuffer audio = noise(48'000, 1, 5'000);
  Runner node("AudioResampleNode", to_rate(16'000));
  node.push(item(audio.slice(0, 2'000)));
  node.push(item(audio.slice(2'000, 2'000)));
  node.push(clip(audio.slice(4'000, 1'000)));
  ASSERT_EQ(node.results.size(), 3U);
  EXPECT_FALSE(node.results[0].ends_clip);
  EXPECT_FALSE(node.results[1].ends_clip);
  EXPECT_TRUE(node.results[2].ends_clip);
  expect_same_bits(joined(node.take()),
                   joined(stream("AudioResampleNode", to_rate(16'000), {audio})));
  node.flush();
  EXPECT_TRUE(node.results.empty());
}

TEST(AudioResampleNode, AnswersTheEndOfAClipThatHasNothingLeft) {
  Runner node("AudioResampleNode", to_rate(16'000));
  node.push(item(noise(48'000, 1, 480)));
  node.take();
  node.push(clip(noise(48'000, 1, 0), {{"last", true}}));
  ASSERT_EQ(node.results.size(), 1U);
  EXPECT_TRUE(node.results[0].ends_clip);
  EXPECT_TRUE(node.results[0].metadata.contains("last"));
}

TEST(AudioResampleNode, GivesAnEmptyClipForAnEmptyOneAndNothingForNone) {
  Runner node("AudioResampleNode", to_rate(16'000));
  node.flush();
  EXPECT_TRUE(node.results.empty());
  node.push(item(noise(48'000, 2, 0)));
  node.flush();
  ASSERT_EQ(node.results.size(), 1U);
  EXPECT_EQ(node.results[0].audio()->frames(), 0U);
  EXPECT_EQ(node.results[0].audio()->channels(), 2);
  EXPECT_EQ(node.results[0].audio()->rate(), 16'000);
}

TEST(AudioResampleNode, CountsTimeAtTheRateOfItsOutput) {
  Runner node("AudioResampleNode", to_rate(16'000));
  for (int i = 0; i < 5; ++i) node.push(item(noise(48'000, 1, 4'800)));
  node.flush();
  std::uint64_t position = 0;
  for (const Packet& result : node.results) {
    EXPECT_EQ(result.timestamp, frame_time(position, 16'000));
    position += result.audio()->frames();
  }
  EXPECT_EQ(position, 8'000U);
}

TEST(AudioResampleNode, SendsWhatAPacketCompletesInThatPacketsEnvelope) {
  Runner node("AudioResampleNode", to_rate(16'000));
  for (int i = 0; i < 3; ++i) {
    Packet packet = item(one_dimensional(noise(48'000, 1, 4'800)), {{"number", i}});
    packet.form = ItemForm::mapping;
    packet.stream_id = 7;
    packet.generation = 3;
    node.push(packet);
  }
  node.flush();
  ASSERT_EQ(node.results.size(), 4U);
  for (int i = 0; i < 4; ++i) {
    const Packet& result = node.results[static_cast<std::size_t>(i)];
    EXPECT_EQ(result.metadata, (Object{{"number", std::min(i, 2)}}));  // the rest: of the last one
    EXPECT_EQ(result.form, ItemForm::mapping);
    EXPECT_EQ(result.stream_id, 7U);
    EXPECT_EQ(result.generation, 3U);
    EXPECT_TRUE(result.audio()->one_dimensional);
  }
}

TEST(AudioResampleNode, CountsWhatADetectorFoundOnceWhateverTheBlocks) {
  const AudioBuffer audio = noise(48'000, 1, 4'000);
  const Object metadata{{"speech_frames", 1},
                        {"speech_segments", Value::Array{Value(Value::Array{0.0, 0.03})}},
                        {"is_speech", true},
                        {"speaker", "a"}};
  for (const std::size_t size :
       {50U, 1'000U, 4'000U}) {  // a block of 50 completes nothing at first
    Runner node("AudioResampleNode", to_rate(16'000));
    std::int64_t blocks = 0;
    for (std::size_t at = 0; at < audio.frames(); at += size, ++blocks) {
      node.push(item(audio.slice(at, size), metadata));
    }
    node.flush();
    std::int64_t speech_frames = 0;
    std::size_t segments = 0;
    for (const Packet& packet : node.results) {
      speech_frames += *packet.metadata.find("speech_frames")->as_int();
      segments += packet.metadata.find("speech_segments")->as_array()->size();
      EXPECT_EQ(*packet.metadata.find("is_speech"), Value(true));
      EXPECT_EQ(*packet.metadata.find("speaker"), Value("a"));
    }
    EXPECT_EQ(speech_frames, blocks);
    EXPECT_EQ(segments, static_cast<std::size_t>(blocks));
  }
}

TEST(AudioResampleNode, PassesTheSameRateOnWithoutACopy) {
  const AudioBuffer audio = noise(16'000, 2, 1'000);
  Runner node("AudioResampleNode", to_rate(16'000));
  node.push(item(audio));
  node.flush();
  ASSERT_EQ(node.results.size(), 1U);
  EXPECT_EQ(node.results[0].audio()->data(), audio.data());
}

TEST(AudioResampleNode, GivesEachPacketOfTheSameRateItsOwnMetadataAndThoseThatHadNoAudio) {
  const AudioBuffer audio = noise(16'000, 1, 160);
  Runner node("AudioResampleNode", to_rate(16'000));
  node.push(item(audio, {{"number", 1}}));
  node.push(item(audio.slice(0, 0), {{"empty", true}}));
  node.push(item(audio, {{"number", 3}}));
  node.push(clip(audio, {{"number", 4}}));
  ASSERT_EQ(node.results.size(), 3U);
  EXPECT_EQ(node.results[0].metadata, (Object{{"number", 1}}));
  EXPECT_EQ(node.results[1].metadata, (Object{{"empty", true}, {"number", 3}}));
  EXPECT_EQ(node.results[2].metadata, (Object{{"number", 4}}));
  EXPECT_EQ(node.results[2].timestamp, std::chrono::milliseconds(20));
  EXPECT_TRUE(node.results[2].ends_clip);
}

TEST(AudioResampleNode, AveragesTheChannelsIfAskedAtAnyRate) {
  const AudioBuffer stereo = noise(16'000, 2, 3'000);
  std::vector<float> mean(3'000);
  for (std::size_t i = 0; i < mean.size(); ++i) {
    mean[i] = static_cast<float>((static_cast<double>(stereo.channel<float>(0)[i]) +
                                  static_cast<double>(stereo.channel<float>(1)[i])) /
                                 2.0);
  }
  const AudioBuffer mono = audio_of<float>(16'000, {mean});
  for (const int rate : {16'000, 48'000}) {
    Runner node("AudioResampleNode", {{"target_sample_rate", rate}, {"mono", true}});
    node.push(clip(one_dimensional(stereo)));
    EXPECT_EQ(node.results[0].audio()->channels(), 1);
    Runner alone("AudioResampleNode", to_rate(rate));
    alone.push(clip(mono));
    expect_same_bits(*node.results[0].audio(), *alone.results[0].audio());
  }
}

double rms(const AudioBuffer& audio) {
  double sum = 0;
  for (const float x : audio.channel<float>(0)) sum += static_cast<double>(x) * x;
  return std::sqrt(sum / static_cast<double>(audio.frames()));
}

TEST(AudioResampleNode, KeepsMoreOfTheHighestTonesTheHigherTheQuality) {
  const double full = 0.5 / std::sqrt(2.0);
  double before = 0.0;
  for (const char* quality : {"low", "medium", "high", "very_high"}) {
    Runner node("AudioResampleNode", {{"target_sample_rate", 16'000}, {"quality", quality}});
    node.push(clip(tone(48'000, 7'500.0, 48'000)));
    const AudioBuffer& audio = *node.results[0].audio();
    const double kept = rms(audio.slice(2'000, audio.frames() - 4'000)) / full;
    EXPECT_GT(kept, before * 1.01) << quality;
    before = kept;
  }
  EXPECT_NEAR(before, 1.0, 0.001);
}

TEST(AudioResampleNode, ResamplesOfflineWhereItIsTold) {
  const AudioBuffer x = tone(48'000, 1'000.0, 20'000);
  for (const auto& [name, mode] : {std::pair("live", dsp::ResamplingMode::live),
                                   std::pair("Offline", dsp::ResamplingMode::offline)}) {
    Runner node("AudioResampleNode", {{"target_sample_rate", 16'000}, {"mode", name}});
    node.push(clip(x));
    expect_same_bits(*node.results[0].audio(),
                     dsp::resample(x, 16'000, dsp::Quality::high, false, mode));
  }
}

TEST(AudioResampleNode, TakesIntegersAsTheirFloatValue) {
  std::vector<std::int16_t> x16;
  std::vector<std::int32_t> x32;
  std::vector<float> x;
  for (int i = 0; i < 3'000; ++i) {
    const auto value = static_cast<std::int16_t>(i * 7'919 % 65'536 - 32'768);
    x16.push_back(value);
    x32.push_back(value * 65'536);
    x.push_back(static_cast<float>(value) / 32'768.0F);
  }
  Runner node("AudioResampleNode", to_rate(16'000));
  node.push(clip(audio_of<float>(48'000, {x})));
  node.push(clip(audio_of<std::int16_t>(48'000, {x16})));
  node.push(clip(audio_of<std::int32_t>(48'000, {x32})));
  expect_same_bits(*node.results[1].audio(), *node.results[0].audio());
  expect_same_bits(*node.results[2].audio(), *node.results[0].audio());
}

TEST(AudioResampleNode, CompletesTheOldAudioWhenRateOrChannelsChange) {
  const AudioBuffer first = noise(48'000, 1, 4'801, 1);
  const AudioBuffer second = noise(44'100, 1, 4'410, 2);
  const AudioBuffer third = noise(44'100, 2, 4'410, 3);
  Runner node("AudioResampleNode", to_rate(16'000));
  node.push(item(first, {{"of", "first"}}));
  node.push(item(second, {{"of", "second"}}));
  node.push(item(third, {{"of", "third"}}));
  node.flush();
  std::uint64_t position = 0;
  for (const auto& [name, audio] :
       {std::pair{"first", first}, {"second", second}, {"third", third}}) {
    std::vector<Packet> of_it;
    for (const Packet& packet : node.results) {
      if (*packet.metadata.find("of") == Value(name)) of_it.push_back(packet);
    }
    ASSERT_FALSE(of_it.empty());
    EXPECT_EQ(of_it[0].timestamp, frame_time(position, 16'000));
    position += joined(of_it).frames();
    expect_same_bits(joined(of_it), joined(stream("AudioResampleNode", to_rate(16'000), {audio})));
  }
}

TEST(AudioResampleNode, TakesNaNAsSilenceAndInfinityAsFullScale) {
  std::vector<float> odd(4'800, 0.1F);
  std::vector<float> even = odd;
  odd[1'000] = std::numeric_limits<float>::quiet_NaN();
  even[1'000] = 0.0F;
  odd[2'000] = std::numeric_limits<float>::infinity();
  even[2'000] = 1.0F;
  odd[3'000] = -std::numeric_limits<float>::infinity();
  even[3'000] = -1.0F;
  Runner node("AudioResampleNode", to_rate(16'000));
  node.push(clip(audio_of<float>(48'000, {odd})));
  node.push(clip(audio_of<float>(48'000, {even})));
  expect_same_bits(*node.results[0].audio(), *node.results[1].audio());
}

TEST(AudioResampleNode, NamesTheParameterThatAnInputRateNeedsNot) {
  const NodeType* type = builtin_nodes().find("AudioResampleNode");
  ParameterProblem problem;
  EXPECT_FALSE(check_parameters(type->parameters, type->refused_parameters,
                                {{"input_rate", 48'000}}, &problem));
  EXPECT_THAT(problem.hint, testing::HasSubstr("the input rate comes with the audio"));
}

}  // namespace
}  // namespace remotemedia::nodes
