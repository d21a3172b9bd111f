#include "cli/self_test.h"

#include "remotemedia/base/error.h"
#include "remotemedia/graph/session.h"
#include "remotemedia/nodes/builtin.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <numbers>
#include <utility>

namespace remotemedia::cli {
namespace {

constexpr const char* kManifest = R"({
  "version": "v1", "metadata": {"name": "self-test"},
  "nodes": [
    {"id": "rate", "node_type": "AudioResampleNode", "params": {"target_sample_rate": 16000}},
    {"id": "vad", "node_type": "VADNode"},
    {"id": "pcm", "node_type": "FormatConverterNode", "params": {"target_format": "i16"}}],
  "connections": [{"from": "rate", "to": "vad"}, {"from": "vad", "to": "pcm"}]})";
constexpr int kRate = 48'000;
constexpr int kBlocks = 100;
constexpr std::size_t kBlockFrames = 4'800;
constexpr std::size_t kExpectedFrames = 160'000;

// A tone of 440 Hz at half of full scale, of which each block holds whole periods.
AudioBuffer make_block() {
  AudioBuffer block = AudioBuffer::allocate(SampleFormat::f32, 1, kBlockFrames, kRate);
  const std::span<float> samples = block.mutable_channel<float>(0);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double turn = 2 * std::numbers::pi * 440.0 * static_cast<double>(i) / kRate;
    samples[i] = static_cast<float>(0.5 * std::sin(turn));
  }
  return block;
}

struct Result {
  std::size_t frames = 0;
  int peak = 0;
  bool speech = false;

  void add(const Packet& packet) {
    const AudioBuffer& audio = require_audio(packet);
    frames += audio.frames();
    for (const std::int16_t sample : audio.channel<std::int16_t>(0)) {
      peak = std::max(peak, std::abs(int{sample}));
    }
    const Value* is_speech = packet.metadata.find("is_speech");
    speech = speech || (is_speech != nullptr && *is_speech == Value(true));
  }
};

std::string compare(const Result& result) {
  // The onset of the tone overshoots a little, as in every filter of limited length.
  constexpr int kMinPeak = 16'384 - 164;
  constexpr int kMaxPeak = 18'500;
  if (result.frames != kExpectedFrames) {
    return fmt::format("{} frames came out, expected {}", result.frames, kExpectedFrames);
  }
  if (result.peak < kMinPeak || result.peak > kMaxPeak) {
    return fmt::format("the peak is {}, expected {}..{}", result.peak, kMinPeak, kMaxPeak);
  }
  return result.speech ? "" : "the detector found nothing in a tone of half the full scale";
}

}  // namespace

SelfTest run_self_test() {
  SelfTest test;
  Result result;
  const AudioBuffer block = make_block();
  const auto start = std::chrono::steady_clock::now();
  try {
    const auto graph = Graph::build(parse_manifest(kManifest, TextFormat::json), builtin_nodes());
    Session session(graph, {}, [&](const Output& output) { result.add(output.packet); });
    for (int i = 0; i < kBlocks; ++i) session.push(Packet{}.with(block));
    session.finish();
    test.problem = compare(result);
  } catch (const Error& error) {
    test.problem = error.what();
  }
  const auto end = std::chrono::steady_clock::now();
  test.processing_s = std::chrono::duration<double>(end - start).count();
  test.audio_s = static_cast<double>(kBlocks * kBlockFrames) / kRate;
  return test;
}

}  // namespace remotemedia::cli
