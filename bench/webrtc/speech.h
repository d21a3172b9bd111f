#pragma once

#include "remotemedia/base/time.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace remotemedia::bench {

inline constexpr int kSpeechRate = 16'000;
inline constexpr std::size_t kPacketSamples = kSpeechRate / 50;
inline constexpr Time kPacketTime = std::chrono::milliseconds(20);
/// A marker begins with every so many packets, so a delay below that time is never taken for
/// another.
inline constexpr std::size_t kMarkerEvery = 100;

/// One packet of a loop of speech; empty where the sender is silent.
struct SpeechPacket {
  std::vector<std::uint8_t> opus;
  std::uint8_t level = 127;  ///< minus dB below full scale
};

/// A recording, at most ten minutes of it, in samples of `kSpeechRate`. Throws std::runtime_error
/// for a file that is not mono at that rate, or shorter than a second.
std::vector<float> load_recording(const std::string& path);

/// A recording as a loop of whole markers, with a marker in place of the speech every two seconds.
std::vector<float> load_speech(const std::string& path);

/// The loop as a browser would send it: by prediction, at 32 kbit/s.
std::vector<SpeechPacket> encode_speech(std::span<const float> loop);

/// A sweep of 80 ms from 600 to 3000 Hz, which speech does not resemble.
std::vector<float> marker_sound();

/// Finds markers in audio that comes in blocks, by normalized correlation.
class MarkerFinder {
 public:
  MarkerFinder();

  /// Takes the samples of the next block, whose first is heard at `heard`. Gives when each marker
  /// began that is known to be one by now.
  std::vector<Time> add(std::span<const float> samples, Time heard);

 private:
  struct Candidate {
    float likeness = 0;
    Time at{};
  };

  [[nodiscard]] float likeness_at(std::size_t start) const;

  std::vector<float> sound_;
  std::vector<float> past_;  // the last samples, as many as the marker has, and the block
  Candidate best_;
  std::size_t since_best_ = 0;  // samples
};

}  // namespace remotemedia::bench
