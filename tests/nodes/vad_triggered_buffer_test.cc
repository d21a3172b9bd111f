#include "nodes/utterances.h"

namespace remotemedia::nodes {
namespace {

using namespace test;
using testing::ElementsAre;

TEST(VadTriggeredBuffer, SaysWhereAnUtteranceLies) {
  const auto results = utterances({.pre_speech = 1}, marked(pattern("..####..."), {720}));
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(*results[0].metadata.find("start_s"), Value(0.01));
  EXPECT_EQ(*results[0].metadata.find("end_s"), Value(0.08));
  EXPECT_EQ(results[0].timestamp, Time(10'000'000));
  EXPECT_TRUE(results[0].ends_clip);
}

TEST(VadTriggeredBuffer, TakesTheEnvelopeOfTheItemInWhichTheSpeechBegan) {
  auto packets = marked(pattern("..####..."), {kFrame, 3 * kFrame, 5 * kFrame});
  for (int i = 0; i < 3; ++i) {
    Packet& packet = packets[static_cast<std::size_t>(i)];
    packet.metadata.set("number", i);
    packet.metadata.set("speech_ratio", 0.5);
    packet.metadata.set("frame_duration_ms", 30);
    packet.stream_id = 4;
    packet.form = ItemForm::mapping;
    const AudioBuffer audio = *packet.audio();
    packet.payload = one_dimensional(audio);
  }
  const auto results = utterances({}, packets);
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].metadata,
            (Object{{"number", 1}, {"start_s", 0.02}, {"end_s", 0.08}}));  // nothing of the item's
  EXPECT_EQ(results[0].stream_id, 4U);
  EXPECT_EQ(results[0].form, ItemForm::mapping);
  EXPECT_TRUE(results[0].audio()->one_dimensional);
}

TEST(VadTriggeredBuffer, TakesOneDecisionForAWholeItem) {
  const AudioBuffer audio = counting(10 * kFrame);
  Runner node("VADTriggeredBuffer", Limits{}.parameters());
  const std::pair<std::size_t, bool> parts[] = {{2, false}, {4, true}, {4, false}};
  std::size_t position = 0;
  for (const auto& [frames, is_speech] : parts) {
    node.push(item(audio.slice(position, frames * kFrame), {{"is_speech", is_speech}}));
    position += frames * kFrame;
  }
  EXPECT_THAT(ranges_of(node.results), ElementsAre(Range{2 * kFrame, 8 * kFrame}));
}

/// The same items, each the end of a clip, with times that count from its own start.
Packet clip_of(const std::string& text, std::size_t first, std::size_t surplus = 0) {
  Packet packet = marked(pattern(text), {text.size() * kFrame}).front();
  const std::size_t frames = text.size() * kFrame + surplus;
  packet.payload = counting(first + frames).slice(first, frames);
  packet.ends_clip = true;
  return packet;
}

TEST(VadTriggeredBuffer, CollectsAcrossClipsWhoseTimesStartAnew) {
  Runner node("VADTriggeredBuffer", Limits{}.parameters());
  node.push(clip_of("..##", 0));
  node.push(clip_of("##....", 4 * kFrame));
  node.push(clip_of("..###...", 10 * kFrame));
  EXPECT_THAT(ranges_of(node.results),
              ElementsAre(Range{2 * kFrame, 8 * kFrame}, Range{12 * kFrame, 17 * kFrame}));
  EXPECT_EQ(*node.results[1].metadata.find("start_s"), Value(0.12));
}

TEST(VadTriggeredBuffer, TakesWhatNoDetectorJudgedAtTheEndOfAClipAsSilence) {
  Runner node("VADTriggeredBuffer", Limits{.silence = 1}.parameters());
  node.push(clip_of("####", 0, 79));
  EXPECT_TRUE(node.results.empty());
  node.push(clip_of(".###.", 4 * kFrame + 79));
  EXPECT_THAT(ranges_of(node.results),
              ElementsAre(Range{0, 4 * kFrame + 80}, Range{5 * kFrame + 79, 9 * kFrame + 79}));
}

TEST(VadTriggeredBuffer, WaitsForAudioThatComesLaterThanItsMetadata) {
  // As behind a node that holds 50 frames back.
  const std::vector<bool> speech = pattern("..####....#####...");
  const std::size_t frames = speech.size() * kFrame;
  const AudioBuffer audio = counting(frames);
  for (const auto& sizes : chunkings(frames, kRate)) {
    std::vector<Packet> packets = marked(speech, sizes);
    std::size_t arrived = 0;
    std::size_t given = 0;
    for (Packet& packet : packets) {
      arrived += packet.audio()->frames();
      const std::size_t ready = std::max(given, arrived - std::min<std::size_t>(arrived, 50));
      packet.payload = audio.slice(given, ready - given);
      given = ready;
    }
    packets.push_back(packets.back());
    packets.back().payload = audio.slice(given, frames - given);
    EXPECT_THAT(ranges_of(utterances({}, packets)),
                ElementsAre(Range{2 * kFrame, 8 * kFrame}, Range{10 * kFrame, 17 * kFrame}));
  }
}

TEST(VadTriggeredBuffer, TakesTheDecisionsOfAnItemThatCameInSmallerChunks) {
  const Packet whole = marked(pattern("..####...."), {10 * kFrame}).front();
  std::vector<Packet> chunks;
  for (std::size_t i = 0; i < 10 * kFrame; i += 70) {
    chunks.push_back(whole.with(whole.audio()->slice(i, 70)));
  }
  EXPECT_THAT(ranges_of(utterances({}, chunks)), ElementsAre(Range{2 * kFrame, 8 * kFrame}));
}

TEST(VadTriggeredBuffer, RefusesWhatItCannotUse) {
  const auto refused = [](const AudioBuffer& audio, const Object& metadata,
                          const std::string& text) {
    Runner node("VADTriggeredBuffer", Limits{}.parameters());
    node.push(item(counting(10), {{"is_speech", false}}));
    expect_refused([&] { node.push(item(audio, metadata)); }, text);
  };
  const Object silent = {{"is_speech", false}};
  refused(counting(10), {},
          "metadata is without is_speech, expected audio with a speech decision; "
          "put a VADNode in front");
  refused(counting(10), {{"is_speech", 1}}, "metadata is without is_speech");
  refused(noise(16'000, 1, 10), silent,
          "VADTriggeredBuffer: input rate is 16000, expected 8000 Hz; set sample_rate");
  refused(noise(kRate, 2, 10), silent, "channels is 2, expected 1 as before");
  refused(audio_of<std::int16_t>(kRate, {{1}}), silent, "sample format is i16, expected f32");
  const auto times = [](Value segments, Value until) {
    return Object{{"is_speech", false},
                  {"speech_segments", std::move(segments)},
                  {"analysed_until_s", std::move(until)}};
  };
  const std::string expected = "expected [[start, end], ...]";
  refused(counting(10), times(1, 0.0), expected);
  refused(counting(10), times(Value::Array{1}, 0.0), expected);
  refused(counting(10), times(Value::Array{Value(Value::Array{1})}, 0.0), expected);
  refused(counting(10), times(Value::Array{Value(Value::Array{"a", "b"})}, 0.0),
          "seconds of the stream");
  refused(counting(10), times(Value::Array{}, "x"), "analysed_until_s is \"x\"");
  refused(counting(10), times(Value::Array{}, -1.0), "analysed_until_s is -1");
  refused(counting(10), times(Value::Array{}, std::nan("")), "analysed_until_s is null");
}

TEST(VadTriggeredBuffer, RefusesToWaitForeverForADecision) {
  Runner node("VADTriggeredBuffer", Limits{}.parameters());
  const Object undecided = {
      {"is_speech", false}, {"speech_segments", Value::Array{}}, {"analysed_until_s", 0}};
  const AudioBuffer second = counting(kRate);
  for (int i = 0; i < 60; ++i) node.push(item(second, undecided));
  expect_refused([&] { node.push(item(second, undecided)); },
                 "analysed_until_s is 0, expected times that go on with the audio");
}

TEST(VadTriggeredBuffer, LetsGoOfAudioThatNoUtteranceNeeds) {
  std::weak_ptr<const void> memory;
  Runner node("VADTriggeredBuffer", Limits{.pre_speech = 2}.parameters());
  {
    const AudioBuffer audio = counting(10 * kFrame);
    memory = audio.owner();
    node.push(item(audio, {{"is_speech", false}}));
  }
  EXPECT_FALSE(memory.expired());
  node.push(item(counting(2 * kFrame), {{"is_speech", false}}));
  EXPECT_TRUE(memory.expired());
}

TEST(VadTriggeredBuffer, CutsWhatAVadNodeHasMarked) {
  std::vector<float> x = random_samples(5 * 16'000, 9, 0.001F);
  for (std::size_t i = 16'000; i < 2 * 16'000; ++i) x[i] *= 500.0F;
  for (std::size_t i = 3 * 16'000; i < 4 * 16'000; ++i) x[i] *= 500.0F;
  const AudioBuffer audio = audio_of<float>(16'000, {x});
  const Object limits = {{"min_speech_duration_s", 0.5}, {"pre_speech_buffer_s", 0.2}};
  for (const auto& sizes : chunkings(audio.frames(), 16'000)) {
    Runner buffer("VADTriggeredBuffer", limits);
    for (Packet& packet : stream("VADNode", {}, cut(audio, sizes))) buffer.push(packet);
    buffer.flush();
    ASSERT_EQ(buffer.results.size(), 2U);
    // Within a detector frame of 30 ms.
    EXPECT_NEAR(buffer.results[0].metadata.find("start_s")->number(), 0.8, 0.03);
    EXPECT_NEAR(buffer.results[0].metadata.find("end_s")->number(), 2.5, 0.03);
    EXPECT_NEAR(buffer.results[1].metadata.find("start_s")->number(), 2.8, 0.03);
    EXPECT_NEAR(buffer.results[1].metadata.find("end_s")->number(), 4.5, 0.03);
  }
}

}  // namespace
}  // namespace remotemedia::nodes
