#pragma once

#include "bench/peers/engine.h"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace remotemedia::bench {

struct Options {
  double seconds = 10.0;  ///< of audio in one run
  int rounds = 15;
  bool quality = true;
};

/// Two channels of tones and noise in both layouts, the same each time.
class Signal {
 public:
  Signal(int rate, int channels, std::size_t frames);

  [[nodiscard]] std::size_t frames() const { return planar_.front().size(); }
  /// Frames `first`... of it; the pointers hold until the next call.
  Block block(std::size_t first, std::size_t frames);

 private:
  std::vector<std::vector<float>> planar_;
  std::vector<float> interleaved_;
  std::vector<const float*> pointers_;
};

/// Memory for the output of a whole signal.
class Output {
 public:
  Output(const Job& job, std::size_t input_frames);

  /// What is left behind `done` frames.
  Room room(std::size_t done);
  [[nodiscard]] std::vector<float> channel(int channel, std::size_t frames, bool interleaved) const;

 private:
  std::size_t channels_;
  std::size_t capacity_;
  std::vector<std::vector<float>> planar_;
  std::vector<float> interleaved_;
  std::vector<float*> pointers_;
};

/// Makes an engine for `job`, with a mix in front where the library has none.
std::unique_ptr<Engine> make_engine(const Peer& peer, const Job& job);
[[nodiscard]] bool is_native(const Peer& peer);

/// "44100 -> 16000 mono" or "... stereo" or "... stereo -> mono".
std::string name_of(const Job& job);
std::size_t expected_frames(const Job& job, std::size_t frames);
double now_us();
/// What this process has spent on the CPU: others on the machine do not count.
double cpu_us();

/// Fails unless a tone of 997 Hz through `peer` has the length, level and purity it should.
void validate(const Peer& peer, const Job& job);

/// Each part of the report measures all peers, turn by turn.
nlohmann::json measure_offline(const std::vector<Peer>& peers, const std::vector<Job>& jobs,
                               const Options& options);
nlohmann::json measure_streaming(const std::vector<Peer>& peers, const std::vector<Job>& jobs,
                                 const Options& options);
nlohmann::json measure_memory(const std::vector<Peer>& peers, const Job& job);
nlohmann::json measure_quality(const std::vector<Peer>& peers, const std::vector<Job>& jobs);
nlohmann::json measure_energy_vad(const Options& options);

void say(const std::string& progress);

}  // namespace remotemedia::bench
