// Random chains of audio nodes on random audio: however the audio is cut into packets, the results
// are the same, and as long as the rates say.

#include "fuzz/expect.h"
#include "remotemedia/base/error.h"
#include "remotemedia/base/log.h"
#include "remotemedia/dsp/resampler.h"
#include "remotemedia/graph/graph.h"
#include "remotemedia/graph/joiner.h"
#include "remotemedia/graph/session.h"
#include "remotemedia/nodes/builtin.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fuzzer/FuzzedDataProvider.h>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia::fuzz {
namespace {

constexpr int kRates[] = {8'000, 11'025, 16'000, 44'100, 44'101, 48'000};
constexpr const char* kQualities[] = {"low", "medium", "high", "very_high"};
constexpr const char* kFormats[] = {"f32", "i16", "i32"};
constexpr int kMaxNodesInChain = 4;
constexpr int kMaxClips = 3;
constexpr int kMaxClipFrames = 1'500;
constexpr int kMaxInputChannels = 3;

/// Stands for the audio at one point of the chain: the clips' lengths, their rate and channels.
struct Shape {
  std::vector<std::size_t> clips;
  int rate = 0;
  int channels = 0;
  bool utterances = false;  ///< cut out of the stream, so the length follows from the content
  bool marked = false;      ///< a detector has said what is speech
  bool may_fail = false;    ///< a node needs a detector, and there is none

  void resample(int target_rate) {
    for (std::size_t& frames : clips) frames = dsp::resampled_frames(frames, rate, target_rate);
    rate = target_rate;
  }
  [[nodiscard]] std::size_t frames() const {
    return std::accumulate(clips.begin(), clips.end(), std::size_t{0});
  }
};

struct Stream {
  std::vector<AudioBuffer> clips;
  Shape shape;
};

/// Noise whose level changes every few hundred frames, so that detectors have something to find.
Stream make_stream(FuzzedDataProvider& choose) {
  Stream stream;
  stream.shape.rate = choose.PickValueInArray(kRates);
  stream.shape.channels = choose.ConsumeIntegralInRange(1, kMaxInputChannels);
  const bool odd_values = choose.ConsumeBool();
  const bool one_dimensional = stream.shape.channels == 1 && choose.ConsumeBool();
  auto state = choose.ConsumeIntegral<std::uint32_t>();
  const auto next = [&state] { return state = state * 1'664'525U + 1'013'904'223U; };
  const int clips = choose.ConsumeIntegralInRange(1, kMaxClips);
  for (int i = 0; i < clips; ++i) {
    const auto frames = choose.ConsumeIntegralInRange<std::size_t>(0, kMaxClipFrames);
    AudioBuffer clip =
        AudioBuffer::allocate(SampleFormat::f32, stream.shape.channels, frames, stream.shape.rate);
    clip.one_dimensional = one_dimensional;
    for (int c = 0; c < clip.channels(); ++c) {
      float level = 0;
      for (std::size_t frame = 0; frame < frames; ++frame) {
        if (frame % 499 == 0) level = std::ldexp(1.5F, -static_cast<int>(next() >> 29U) * 2);
        const std::uint32_t noise = next();
        float& sample = clip.mutable_channel<float>(c)[frame];
        sample = level * (static_cast<float>(noise >> 8U) / 8'388'608.0F - 1.0F);
        if (odd_values && noise % 1'009 == 0) {
          sample = noise % 2 == 0 ? std::numeric_limits<float>::quiet_NaN()
                                  : -std::numeric_limits<float>::infinity();
        }
      }
    }
    stream.shape.clips.push_back(frames);
    stream.clips.push_back(std::move(clip));
  }
  return stream;
}

Object make_resample(FuzzedDataProvider& choose, Shape& shape) {
  const int rate = choose.PickValueInArray(kRates);
  const bool mono = choose.ConsumeBool();
  shape.resample(rate);
  if (mono) shape.channels = 1;
  return {{"target_sample_rate", rate},
          {"quality", choose.PickValueInArray(kQualities)},
          {"mono", mono},
          {"mode", choose.ConsumeBool() ? "offline" : "live"}};
}

Object make_transform(FuzzedDataProvider& choose, Shape& shape) {
  const int rate = choose.PickValueInArray(kRates);
  const int most = shape.channels == 1 ? kMaxInputChannels : shape.channels;
  shape.resample(rate);
  shape.channels = choose.ConsumeIntegralInRange(1, most);
  return {{"output_sample_rate", rate}, {"output_channels", shape.channels}};
}

Object make_vad(FuzzedDataProvider& choose, Shape& shape) {
  shape.marked = true;
  Object parameters{{"frame_duration_ms", choose.ConsumeIntegralInRange(5, 100)},
                    {"energy_threshold", choose.ConsumeProbability<double>()},
                    {"aggressiveness", choose.ConsumeIntegralInRange(0, 3)}};
  if (choose.ConsumeBool()) parameters.set("sample_rate", shape.rate);
  return parameters;
}

Object make_utterances(FuzzedDataProvider& choose, Shape& shape) {
  const auto seconds = [&] { return choose.ConsumeFloatingPointInRange(0.0, 0.3); };
  const double shortest = seconds();
  Object parameters{{"sample_rate", shape.rate},
                    {"min_speech_duration_s", shortest},
                    {"max_speech_duration_s", shortest + seconds()}};
  for (const char* name : {"silence_duration_s", "pre_speech_buffer_s", "max_silence_gap_s"}) {
    parameters.set(name, seconds());
  }
  shape.utterances = true;
  shape.may_fail |= !shape.marked;
  shape.marked = false;  // what was said of the stream is not said of its utterances
  return parameters;
}

/// Adds a node to the manifest and does to the shape what the node promises.
void add_node(FuzzedDataProvider& choose, Manifest& manifest, Shape& shape) {
  enum Kind { resample, transform, vad, format, buffer, utterances };
  ManifestNode node;
  switch (choose.ConsumeIntegralInRange<int>(resample, utterances)) {
    case resample:
      node.node_type = "AudioResampleNode";
      node.params = make_resample(choose, shape);
      break;
    case transform:
      node.node_type = "AudioTransform";
      node.params = make_transform(choose, shape);
      break;
    case vad:
      node.node_type = "VADNode";
      node.params = make_vad(choose, shape);
      break;
    case format:
      node.node_type = "FormatConverterNode";
      node.params = {{"target_format", choose.PickValueInArray(kFormats)},
                     {"dither", choose.ConsumeBool()}};
      break;
    case buffer:
      node.node_type = "AudioBuffer";
      node.params = {{"buffer_size_samples", choose.ConsumeIntegralInRange(1, 2'000)}};
      shape.clips = {shape.frames()};  // it cuts across the ends of clips
      break;
    default:
      node.node_type = "VADTriggeredBuffer";
      node.params = make_utterances(choose, shape);
  }
  node.id = "n" + std::to_string(manifest.nodes.size());
  if (!manifest.nodes.empty()) {
    ManifestConnection& connection = manifest.connections.emplace_back();
    connection.from = manifest.nodes.back().id;
    connection.to = node.id;
  }
  manifest.nodes.push_back(std::move(node));
}

/// What came out of a session: all audio in one piece, and the metadata joined.
struct Result {
  std::vector<AudioBuffer> packets;
  std::string metadata;

  [[nodiscard]] std::size_t frames() const {
    std::size_t sum = 0;
    for (const AudioBuffer& packet : packets) sum += packet.frames();
    return sum;
  }
};

class Run {
 public:
  explicit Run(const std::shared_ptr<const Graph>& graph)
      : joiner_(*graph), session_(graph, {}, [this](const Output& output) {
          const AudioBuffer& audio = require_audio(output.packet);
          if (!audio.empty()) result_.packets.push_back(audio);
          joiner_.add(output.packet.metadata);
        }) {}

  void push(AudioBuffer audio, bool ends_clip) {
    Packet packet;
    packet.payload = std::move(audio);
    packet.ends_clip = ends_clip;
    session_.push(std::move(packet));
  }
  Result finish() {
    session_.finish();
    result_.metadata = to_json(joiner_.result());
    return std::move(result_);
  }

 private:
  Result result_;
  MetadataJoiner joiner_;
  Session session_;
};

Result run_whole(const std::shared_ptr<const Graph>& graph, const Stream& stream) {
  Run run(graph);
  for (const AudioBuffer& clip : stream.clips) run.push(clip, true);
  return run.finish();
}

Result run_in_pieces(const std::shared_ptr<const Graph>& graph, const Stream& stream,
                     FuzzedDataProvider& choose) {
  const bool finish_ends_last_clip = choose.ConsumeBool();
  Run run(graph);
  for (std::size_t i = 0; i < stream.clips.size(); ++i) {
    const AudioBuffer& clip = stream.clips[i];
    const bool ends = i + 1 < stream.clips.size() || !finish_ends_last_clip;
    std::size_t done = 0;
    while (choose.remaining_bytes() > 0 && done < clip.frames()) {
      const auto wanted = choose.ConsumeIntegralInRange<std::size_t>(0, 700);
      const std::size_t frames = std::min(wanted, clip.frames() - done);
      run.push(clip.slice(done, frames), false);
      done += frames;
    }
    run.push(clip.slice(done, clip.frames() - done), ends);
  }
  return run.finish();
}

bool same_samples(const Result& a, const Result& b) {
  if (a.frames() != b.frames()) return false;
  if (a.packets.empty()) return true;
  const AudioBuffer x = concatenate(a.packets);
  const AudioBuffer y = concatenate(b.packets);
  if (x.format() != y.format() || x.channels() != y.channels() || x.rate() != y.rate() ||
      x.one_dimensional != y.one_dimensional) {
    return false;
  }
  const std::size_t sample = bytes_per_sample(x.format());
  for (std::size_t c = 0; c < static_cast<std::size_t>(x.channels()); ++c) {
    const auto* left = static_cast<const std::byte*>(x.data()) + c * x.channel_stride() * sample;
    const auto* right = static_cast<const std::byte*>(y.data()) + c * y.channel_stride() * sample;
    if (std::memcmp(left, right, x.frames() * sample) != 0) return false;
  }
  return true;
}

void check_shape(const Shape& shape, const Result& result) {
  for (const AudioBuffer& packet : result.packets) {
    expect(packet.rate() == shape.rate, "the rate is the graph's");
    expect(packet.channels() == shape.channels, "the channels are the graph's");
  }
  // Utterances are as long as what is said.
  expect(shape.utterances || result.frames() == shape.frames(),
         "the length is ceil(frames * target / source)");
}

void check(FuzzedDataProvider& choose) {
  const Stream stream = make_stream(choose);
  Shape shape = stream.shape;
  Manifest manifest;
  manifest.name = "fuzz";
  const int nodes = choose.ConsumeIntegralInRange(1, kMaxNodesInChain);
  for (int i = 0; i < nodes; ++i) add_node(choose, manifest, shape);
  try {
    const auto graph = Graph::build(manifest, builtin_nodes());
    const Result whole = run_whole(graph, stream);
    const Result pieces = run_in_pieces(graph, stream, choose);
    check_shape(shape, whole);
    expect(same_samples(whole, pieces), "the way of cutting the input changes nothing");
    expect(!graph->continuous() || whole.metadata == pieces.metadata, "nor in the metadata");
  } catch (const Error& error) {
    if (shape.may_fail) return;
    std::fprintf(stderr, "%s\n", error.what());
    expect(false, "a chain whose nodes fit runs");
  }
}

}  // namespace
}  // namespace remotemedia::fuzz

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  remotemedia::set_log_level(remotemedia::LogLevel::off);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider choose(data, size);
  remotemedia::fuzz::check(choose);
  return 0;
}
