#pragma once

#include "remotemedia/graph/joiner.h"
#include "remotemedia/graph/metrics.h"
#include "remotemedia/graph/session.h"
#include "remotemedia/nodes/file_input.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace remotemedia::cli {

/// Speech segments and clips are listed up to this many per output, which is days of talk; after
/// that they are only counted.
inline constexpr std::size_t kMaxListed = 100'000;

/// A result that stands for itself, e.g. an utterance.
struct Clip {
  double start_s = 0;  ///< in the stream
  double end_s = 0;
  std::string path;  ///< empty if it was not written
};

/// What came out of one output of the graph.
struct OutputResult {
  OutputResult(const Graph& graph, std::string id) : node(std::move(id)), joined(graph) {}

  std::string node;
  PayloadKind kind = PayloadKind::none;  ///< of the first packet
  std::uint64_t packets = 0;
  std::uint64_t frames = 0;
  Time duration{0};
  int rate = 0;  ///< of the first audio, as channels and format
  int channels = 0;
  SampleFormat format = SampleFormat::f32;
  std::uint64_t clip_count = 0;
  std::vector<Clip> clips;  ///< the first kMaxListed
  std::string path;         ///< empty if nothing was written
  MetadataJoiner joined;    ///< speech segments only

  /// `file` is where the packet went, empty if nowhere.
  void add(const Packet& packet, const std::string& file);
  [[nodiscard]] double duration_s() const { return seconds(duration); }
  /// [[start, end], ...] in seconds; nullptr if no node looked for speech.
  [[nodiscard]] const Value::Array* speech_segments() const;

 private:
  void add_audio(const Packet& packet, const AudioBuffer& audio, const std::string& file);
};

/// What was read.
struct InputResult {
  std::string path;
  std::optional<media::AudioFileInfo> audio;  ///< absent for items
  std::uint64_t frames = 0;
  std::uint64_t items = 0;

  [[nodiscard]] double duration_s() const {
    return audio ? static_cast<double>(frames) / audio->rate : 0.0;
  }
};

struct RunResult {
  std::shared_ptr<const Graph> graph;
  std::optional<InputResult> input;  ///< absent if the graph reads its own
  std::vector<OutputResult> outputs;
  Metrics metrics;
  double wall_s = 0;  ///< reading and writing included
  std::string report_path;
  std::string metrics_path;
  std::string trace_path;

  /// Length of the input, or of the longest output where the graph reads its own.
  [[nodiscard]] double audio_s() const;
};

/// Seconds of speech in segments.
double total_speech_s(const Value::Array& segments);

Value run_to_value(const RunResult& result);
/// The readable summary, on standard output.
void print_run(const RunResult& result);
/// Text and JSON results as they come, one line each.
void print_packet(const OutputResult& output, const Packet& packet, bool json, bool only_output);

}  // namespace remotemedia::cli
