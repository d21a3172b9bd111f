#pragma once

#include "remotemedia/graph/session.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace remotemedia::cli::report {

/// The audio that came out of one output of the graph.
struct AudioResult {
  std::uint64_t items = 0;
  std::uint64_t frames = 0;
  double duration_s = 0.0;
  int rate = 0;  ///< of the first item; so are the next two
  int channels = 0;
  SampleFormat format = SampleFormat::f32;
  float peak = 0.0F;
};

/// A result that is no audio, as text.
struct OtherResult {
  std::size_t output = 0;
  double time_s = 0.0;
  std::string kind;
  std::string text;
};

/// All results of a run: audio as sums per output, the first kMaxOthers others as they are. A list
/// counts as what is in it.
class Results {
 public:
  static constexpr std::size_t kMaxOthers = 50;
  static constexpr std::size_t kMaxTextBytes = 2'000;

  explicit Results(std::size_t outputs) : audio_(outputs) {}

  void add(const Output& output);

  /// By output of the graph.
  [[nodiscard]] const std::vector<AudioResult>& audio() const { return audio_; }
  [[nodiscard]] const std::vector<OtherResult>& others() const { return others_; }
  [[nodiscard]] std::uint64_t other_count() const { return other_count_; }

 private:
  void add(std::size_t index, const Packet& packet);
  void add_audio(AudioResult& result, const AudioBuffer& audio);

  std::vector<AudioResult> audio_;
  std::vector<OtherResult> others_;
  std::uint64_t other_count_ = 0;
  std::vector<float> scratch_;
};

}  // namespace remotemedia::cli::report
