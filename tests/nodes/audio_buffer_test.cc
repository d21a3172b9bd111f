#include "nodes/runner.h"

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

}  // namespace
}  // namespace remotemedia::nodes
