#include "nodes/utterances.h"

namespace remotemedia::nodes {
namespace {

using namespace test;

Object size(int frames) { return {{"buffer_size_samples", frames}}; }

TEST(AudioBufferNode, CutsChunksOfOneSizeAndGivesTheRestAtTheEnd) {
  const AudioBuffer audio = noise(8'000, 2, 10'001);
  for (const int frames : {1, 160, 999, 20'000}) {
    for (const auto& sizes : chunkings(audio.frames(), 8'000)) {
      const std::vector<Packet> results = stream("AudioBuffer", size(frames), cut(audio, sizes));
      std::uint64_t position = 0;
      for (std::size_t i = 0; i < results.size(); ++i) {
        const AudioBuffer& chunk = *results[i].audio();
        if (i + 1 < results.size()) {
          ASSERT_EQ(chunk.frames(), static_cast<std::size_t>(frames));
        }
        ASSERT_EQ(results[i].timestamp, frame_time(position, 8'000));
        position += chunk.frames();
      }
      expect_same_bits(joined(results), audio);
    }
  }
}

TEST(AudioBufferNode, GivesAChunkAsSoonAsItIsFull) {
  Runner node("AudioBuffer", size(100));
  node.push(item(noise(8'000, 1, 99)));
  EXPECT_TRUE(node.results.empty());
  node.push(item(noise(8'000, 1, 1)));
  EXPECT_EQ(node.results.size(), 1U);
  node.flush();
  EXPECT_EQ(node.results.size(), 1U);
}

TEST(AudioBufferNode, GivesAChunkTheEnvelopeOfItsFirstFrame) {
  Runner node("AudioBuffer", size(100));
  for (int i = 0; i < 4; ++i) {
    Packet packet = item(one_dimensional(noise(8'000, 1, 60)), {{"number", i}});
    packet.form = ItemForm::mapping;
    packet.stream_id = 2;
    node.push(packet);
  }
  node.flush();
  ASSERT_EQ(node.results.size(), 3U);
  const int first_items[] = {0, 1, 3};  // frames 0, 100 and 200
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(node.results[i].metadata, (Object{{"number", first_items[i]}}));
    EXPECT_EQ(node.results[i].form, ItemForm::mapping);
    EXPECT_EQ(node.results[i].stream_id, 2U);
    EXPECT_TRUE(node.results[i].audio()->one_dimensional);
  }
}

TEST(AudioBufferNode, CutsAcrossClips) {
  Runner node("AudioBuffer", size(100));
  node.push(clip(noise(8'000, 1, 60)));
  node.push(clip(noise(8'000, 1, 60)));
  node.flush();
  ASSERT_EQ(node.results.size(), 2U);
  EXPECT_EQ(node.results[0].audio()->frames(), 100U);
  EXPECT_FALSE(node.results[0].ends_clip);
  EXPECT_FALSE(node.results[1].ends_clip);
}

TEST(AudioBufferNode, GivesTheRestWhenRateChannelsOrFormatChange) {
  const AudioBuffer parts[] = {noise(8'000, 1, 10), noise(16'000, 1, 20), noise(16'000, 2, 30),
                               audio_of<std::int16_t>(16'000, {{1, 2}, {3, 4}})};
  Runner node("AudioBuffer", size(100));
  for (const AudioBuffer& part : parts) node.push(item(part));
  node.flush();
  ASSERT_EQ(node.results.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) expect_same_bits(*node.results[i].audio(), parts[i]);
}

TEST(AudioBufferNode, DoesNotCopyWhatLiesInOneBlock) {
  const AudioBuffer audio = noise(8'000, 1, 300);
  Runner node("AudioBuffer", size(100));
  node.push(item(audio));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(node.results[i].audio()->channel<float>(0).data(),
              audio.channel<float>(0).data() + 100 * i);
  }
}

TEST(AudioBufferNode, LetsGoOfAudioThatItHasGiven) {
  std::weak_ptr<const void> memory;
  Runner node("AudioBuffer", size(100));
  {
    const AudioBuffer audio = noise(8'000, 1, 250);
    memory = audio.owner();
    node.push(item(audio));
  }
  node.take();
  EXPECT_FALSE(memory.expired());  // 50 frames wait
  node.push(item(noise(8'000, 1, 50)));
  node.take();
  EXPECT_TRUE(memory.expired());
}

TEST(AudioBufferNode, SkipsEmptyItems) {
  Runner node("AudioBuffer", size(10));
  node.push(item(noise(8'000, 1, 0), {{"a", 1}}));
  node.push(item(noise(8'000, 1, 10), {{"b", 1}}));
  node.flush();
  ASSERT_EQ(node.results.size(), 1U);
  EXPECT_TRUE(node.results[0].metadata.contains("b"));
}

/// Bursts of speech of all lengths, up to the very ends of the clips.
std::vector<AudioBuffer> clips_with_speech() {
  std::vector<AudioBuffer> clips;
  unsigned seed = 0;
  for (const std::size_t frames : {4'321U, 3'999U, 5'500U, 40U, 8'000U}) {
    std::vector<float> x = random_samples(frames, ++seed);
    for (std::size_t i = 0; i < frames; ++i) {
      if (((i + 300 * seed) / 700) % 2 == 0) x[i] *= 1e-4F;
    }
    clips.push_back(audio_of<float>(kRate, {x}));
  }
  return clips;
}

/// The clips in blocks of `size` frames; the last block of a clip ends it.
std::vector<Packet> blocks_of(const std::vector<AudioBuffer>& clips, std::size_t size) {
  std::vector<Packet> blocks;
  for (const AudioBuffer& audio : clips) {
    for (std::size_t at = 0; at < audio.frames(); at += size) {
      blocks.push_back(item(audio.slice(at, std::min(size, audio.frames() - at))));
    }
    blocks.back().ends_clip = true;
  }
  return blocks;
}

std::vector<Packet> through(const std::string& type, const Object& parameters,
                            const std::vector<Packet>& packets) {
  Runner node(type, parameters);
  for (const Packet& packet : packets) node.push(packet);
  node.flush();
  return node.take();
}

std::vector<std::pair<double, double>> times_of(const std::vector<Packet>& utterances) {
  std::vector<std::pair<double, double>> times;
  for (const Packet& packet : utterances) {
    times.emplace_back(packet.metadata.find("start_s")->number(),
                       packet.metadata.find("end_s")->number());
  }
  return times;
}

TEST(AudioBufferNode, KeepsTheDecisionsOfADetectorHoweverTheClipsAreCut) {
  const Object detector{{"frame_duration_ms", 10}};
  const Object limits = Limits{.min_speech = 2, .silence = 3, .pre_speech = 1}.parameters();
  const std::vector<AudioBuffer> clips = clips_with_speech();
  const auto expected = times_of(
      through("VADTriggeredBuffer", limits, through("VADNode", detector, blocks_of(clips, 9'000))));
  EXPECT_GT(expected.size(), 12U);
  for (const std::size_t block : {7U, 160U, 999U, 9'000U}) {
    const auto found = through("VADNode", detector, blocks_of(clips, block));
    for (const int chunk : {33, 160, 1'251, 30'000}) {
      const auto chunks = through("AudioBuffer", size(chunk), found);
      EXPECT_EQ(times_of(through("VADTriggeredBuffer", limits, chunks)), expected)
          << "blocks of " << block << ", chunks of " << chunk;
    }
  }
}

TEST(AudioBufferNode, GivesEachDecisionOnceAndTimesOfItsOwnStream) {
  Runner node("AudioBuffer", size(100));
  const auto found = [](std::int64_t frames, double begin_s, double end_s) {
    return Object{{"name", "clip"},
                  {"is_speech", true},
                  {"speech_frames", frames},
                  {"speech_segments", Value::Array{Value(Value::Array{begin_s, end_s})}},
                  {"analysed_until_s", end_s}};
  };
  node.push(clip(noise(kRate, 1, 80), found(3, 0.0, 0.01)));
  node.push(clip(noise(kRate, 1, 160), found(5, 0.0, 0.02)));
  node.flush();
  ASSERT_EQ(node.results.size(), 3U);
  EXPECT_EQ(node.results[0].metadata,
            (Object{{"name", "clip"},
                    {"is_speech", true},
                    {"speech_frames", 8},
                    {"speech_segments", Value::Array{Value(Value::Array{0.0, 0.03})}},
                    {"analysed_until_s", 0.03}}));
  for (const std::size_t later : {1U, 2U}) {
    EXPECT_EQ(node.results[later].metadata, (Object{{"name", "clip"},
                                                    {"is_speech", true},
                                                    {"speech_frames", 0},
                                                    {"speech_segments", Value::Array{}},
                                                    {"analysed_until_s", 0.03}}));
  }
}

TEST(AudioBufferNode, CountsTimesOnWhereTheRateChanges) {
  Runner node("AudioBuffer", size(1'000));
  const auto end = [](double seconds) {
    const Value event = Object{{"event", "end"}, {"time_s", seconds}};
    return Object{{"speech_events", Value::Array{event}}};
  };
  node.push(clip(noise(8'000, 1, 800), end(0.1)));
  node.push(clip(noise(16'000, 1, 800), end(0.05)));
  node.push(clip(noise(16'000, 1, 800), end(0.05)));
  node.flush();
  std::vector<double> times;
  for (const Packet& packet : node.results) {
    for (const Value& event : *packet.metadata.find("speech_events")->as_array()) {
      times.push_back(event.as_object()->find("time_s")->number());
    }
  }
  EXPECT_THAT(times,
              testing::Pointwise(testing::DoubleNear(1e-12), std::vector<double>{0.1, 0.15, 0.2}));
}

TEST(AudioBufferNode, GivesDecisionsThatComeWithoutAudioToTheNextChunk) {
  Runner node("AudioBuffer", size(100));
  node.push(item(noise(kRate, 1, 100), {{"speech_frames", 1}, {"name", "a"}}));
  node.push(clip(noise(kRate, 1, 0), {{"speech_frames", 2}, {"name", "b"}}));
  node.push(item(noise(kRate, 1, 100), {{"speech_frames", 4}, {"name", "c"}}));
  node.push(item(noise(kRate, 1, 60), {{"speech_frames", 8}, {"name", "d"}}));
  node.push(item(noise(kRate, 1, 0), {{"speech_frames", 16}, {"name", "e"}}));
  node.flush();
  ASSERT_EQ(node.results.size(), 3U);
  EXPECT_EQ(node.results[0].metadata, (Object{{"speech_frames", 1}, {"name", "a"}}));
  EXPECT_EQ(node.results[1].metadata, (Object{{"speech_frames", 6}, {"name", "c"}}));
  EXPECT_EQ(node.results[2].metadata, (Object{{"speech_frames", 24}, {"name", "d"}}));
}

TEST(AudioBufferNode, GivesDecisionsThatNoAudioFollowsInAChunkWithoutFrames) {
  Runner node("AudioBuffer", size(100));
  node.push(item(noise(kRate, 2, 100)));
  node.push(clip(noise(kRate, 2, 0), {{"speech_frames", 2}}));
  EXPECT_EQ(node.take().size(), 1U);
  node.flush();
  ASSERT_EQ(node.results.size(), 1U);
  const Packet& rest = node.results[0];
  EXPECT_EQ(rest.metadata, (Object{{"speech_frames", 2}}));
  EXPECT_EQ(rest.audio()->frames(), 0U);
  EXPECT_EQ(rest.audio()->channels(), 2);
  EXPECT_EQ(rest.timestamp, frame_time(100, kRate));
  EXPECT_FALSE(rest.ends_clip);
  node.flush();
  EXPECT_EQ(node.results.size(), 1U) << "once";
}

}  // namespace
}  // namespace remotemedia::nodes
