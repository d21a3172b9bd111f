#include "media/files.h"
#include "nodes/runner.h"
#include "remotemedia/media/audio_file.h"
#include "remotemedia/nodes/audio_output.h"
#include "remotemedia/nodes/file_input.h"

namespace remotemedia::nodes {
namespace {

using namespace test;
using media::test::TemporaryFolder;

Object path_of(const char* name, const std::filesystem::path& path) {
  return {{name, path.string()}};
}

TEST(MediaReaderNode, GivesAFileInBlocksWithTheirTimes) {
  const TemporaryFolder folder;
  const AudioBuffer audio = noise(16'000, 2, 16'000 * 2 + 123);
  media::write_audio(folder / "x.wav", audio);
  Runner node("MediaReaderNode", path_of("path", folder / "x.wav"));
  node.push(item({}, {{"name", "x"}}));
  node.flush();
  ASSERT_EQ(node.results.size(), 21U);  // of 100 ms
  std::uint64_t position = 0;
  for (const Packet& packet : node.results) {
    EXPECT_EQ(packet.timestamp, frame_time(position, 16'000));
    EXPECT_EQ(packet.metadata, (Object{{"name", "x"}}));
    EXPECT_FALSE(packet.ends_clip);
    position += packet.audio()->frames();
  }
  expect_same_bits(joined(node.results), audio);
}

TEST(MediaReaderNode, GivesOneEmptyBlockForAFileWithoutFrames) {
  const TemporaryFolder folder;
  media::write_audio(folder / "x.wav", noise(16'000, 2, 0));
  Runner node("MediaReaderNode", path_of("path", folder / "x.wav"));
  node.push({});
  ASSERT_EQ(node.results.size(), 1U);
  EXPECT_EQ(node.results[0].audio()->frames(), 0U);
  EXPECT_EQ(node.results[0].audio()->channels(), 2);
}

TEST(MediaReaderNode, StopsWhenNobodyWantsMore) {
  const TemporaryFolder folder;
  media::write_audio(folder / "x.wav", noise(16'000, 1, 32'000));
  Runner node("MediaReaderNode", path_of("path", folder / "x.wav"));
  node.stop_after = 3;
  node.push({});
  EXPECT_EQ(node.results.size(), 3U);
}

TEST(MediaReaderNode, FindsAMissingFileBeforeItRuns) {
  expect_refused(
      [] {
        Runner("MediaReaderNode", {{"path", "/nowhere/x.wav"}});
      },
      "cannot read '/nowhere/x.wav': there is no such file");
}

TEST(MediaWriterNode, WritesWhatComesInAnyBlocks) {
  const TemporaryFolder folder;
  const AudioBuffer audio = noise(16'000, 2, 9'000);
  for (const auto& sizes : chunkings(audio.frames(), 16'000)) {
    Runner node("MediaWriterNode", path_of("output_path", folder / "x.wav"));
    for (const AudioBuffer& block : cut(audio, sizes)) node.push(clip(block));
    EXPECT_TRUE(node.results.empty());
    node.flush();
    expect_same_bits(media::read_audio(folder / "x.wav"), audio);
  }
}

TEST(MediaWriterNode, KeepsTheFormatOfTheAudio) {
  const TemporaryFolder folder;
  Runner node("MediaWriterNode", path_of("output_path", folder / "x.wav"));
  node.push(item(audio_of<std::int16_t>(8'000, {{1, -2, 3}})));
  node.flush();
  EXPECT_EQ(media::AudioReader(folder / "x.wav").info().codec, "pcm_16");
}

TEST(MediaWriterNode, LeavesNothingBehindUnlessTheInputHasEnded) {
  const TemporaryFolder folder;
  {
    Runner node("MediaWriterNode", path_of("output_path", folder / "x.wav"));
    node.push(item(noise(16'000, 1, 100'000)));
  }
  EXPECT_EQ(folder.entries(), 0U);
  {
    Runner node("MediaWriterNode", path_of("output_path", folder / "x.wav"));
    node.flush();
  }
  EXPECT_EQ(folder.entries(), 0U);  // no audio came
}

TEST(MediaWriterNode, KeepsAnOlderFileUntilTheNewOneIsComplete) {
  const TemporaryFolder folder;
  const AudioBuffer older = noise(16'000, 1, 10, 1);
  media::write_audio(folder / "x.wav", older);
  {
    Runner node("MediaWriterNode", path_of("output_path", folder / "x.wav"));
    node.push(item(noise(16'000, 1, 10, 2)));
    expect_refused([&] { node.push(item(noise(8'000, 1, 10))); },
                   "rate is 8000, expected 16000 Hz");
  }
  expect_same_bits(media::read_audio(folder / "x.wav"), older);
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(MediaWriterNode, FindsWhatItCannotWriteBeforeItRuns) {
  const TemporaryFolder folder;
  expect_refused([&] { Runner("MediaWriterNode", path_of("output_path", folder / "x.aac")); },
                 "'.aac' is no suffix known here; use one of .flac, .mp3, .ogg, .opus, .wav");
  expect_refused([&] { Runner("MediaWriterNode", path_of("output_path", folder / "no/x.wav")); },
                 "there is no folder");
  EXPECT_EQ(folder.entries(), 0U);
}

TEST(MediaWriterNode, RefusesOtherItemsThanAudio) {
  const TemporaryFolder folder;
  Runner node("MediaWriterNode", path_of("output_path", folder / "x.wav"));
  expect_refused([&] { node.push(item(std::string("x"))); }, "expected an audio item, got text");
}

TEST(MediaNodes, CopyAFileThroughAGraph) {
  const TemporaryFolder folder;
  const AudioBuffer audio = noise(16'000, 1, 20'000);
  media::write_audio(folder / "in.wav", audio);
  const std::string text = R"({"version": "v1", "metadata": {"name": "copy"}, "nodes": [
      {"id": "in", "node_type": "MediaReaderNode", "params": {"path": ")" +
                           (folder / "in.wav").string() + R"("}},
      {"id": "out", "node_type": "MediaWriterNode", "params": {"output_path": ")" +
                           (folder / "out.flac").string() + R"("}}],
      "connections": [{"from": "in", "to": "out"}]})";
  Session session(Graph::build(parse_manifest(text, TextFormat::json), builtin_nodes()), {},
                  [](const Output&) { ADD_FAILURE() << "a writer gives nothing"; });
  session.run_sources();
  EXPECT_FALSE(std::filesystem::exists(folder / "out.flac"));
  session.finish();
  const AudioBuffer back = media::read_audio(folder / "out.flac");
  ASSERT_EQ(back.frames(), audio.frames());
  EXPECT_LT(media::test::error_db(back, audio), -130.0);
}

class RunFile : public testing::Test {
 protected:
  RunFile() {
    media::write_audio(folder_ / "x.wav", audio_);
    Manifest manifest;
    manifest.nodes.emplace_back();
    manifest.nodes[0].id = "buffer";
    manifest.nodes[0].node_type = "AudioBuffer";
    manifest.nodes[0].params = {{"buffer_size_samples", 7'000}};
    session_.emplace(Graph::build(manifest, builtin_nodes()), SessionOptions{},
                     [this](Output output) { results_.push_back(std::move(output.packet)); });
  }
  AudioBuffer audio_ = noise(16'000, 2, 16'000);
  TemporaryFolder folder_;
  std::vector<Packet> results_;
  std::optional<Session> session_;
};

TEST_F(RunFile, StreamsTheFileAndFinishesTheSession) {
  std::vector<std::uint64_t> progress;
  run_file(*session_, folder_ / "x.wav", [&](std::uint64_t done, std::uint64_t total) {
    EXPECT_EQ(total, 16'000U);
    progress.push_back(done);
    return true;
  });
  expect_same_bits(joined(results_), audio_);
  EXPECT_EQ(progress.size(), 10U);
  EXPECT_EQ(progress.back(), 16'000U);
  expect_refused([&] { session_->push(item(audio_)); }, "the session is finished");
}

TEST_F(RunFile, StopsWhenTheProgressSaysSo) {
  run_file(*session_, folder_ / "x.wav",
           [](std::uint64_t done, std::uint64_t) { return done < 9'000; });
  ASSERT_EQ(results_.size(), 1U);  // the rest is not given
  EXPECT_EQ(results_[0].audio()->frames(), 7'000U);
}

TEST(AudioOutput, HasStartedWithItsFirstPacketAndIsAFileAfterClose) {
  const TemporaryFolder folder;
  AudioOutput output(folder / "x.wav");
  EXPECT_EQ(output.path(), folder / "x.wav");
  EXPECT_FALSE(output.started());
  output.write(item(noise(8'000, 1, 10)));
  EXPECT_TRUE(output.started());
  EXPECT_FALSE(std::filesystem::exists(folder / "x.wav"));
  output.close();
  output.close();
  EXPECT_EQ(media::read_audio(folder / "x.wav").frames(), 10U);
}

}  // namespace
}  // namespace remotemedia::nodes
