#pragma once

#include "realtime/named_nodes.h"
#include "remotemedia/graph/session.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <memory>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia::test {

/// The packet number `index` of a stream.
using Input = std::function<Packet(std::size_t index)>;

/// Speech as a detector knows it, from any frame on: 0.3 s of tone and 0.3 s of faint tone, by
/// turns, in each channel at another pitch.
inline AudioBuffer bursts(int rate, int channels, std::size_t begin, std::size_t frames) {
  AudioBuffer audio = AudioBuffer::allocate(SampleFormat::f32, channels, frames, rate);
  const auto burst = static_cast<std::size_t>(rate) * 3 / 10;
  for (int c = 0; c < channels; ++c) {
    const double step = 2.0 * std::numbers::pi * (313.0 + 97.0 * c) / rate;
    float* samples = audio.mutable_channel<float>(c).data();
    for (std::size_t i = 0; i < frames; ++i) {
      const double level = (begin + i) / burst % 2 == 0 ? 0.4 : 0.0005;
      samples[i] =
          static_cast<float>(level * std::sin(step * static_cast<double>((begin + i) % 48'000)));
    }
  }
  return audio;
}

/// Live blocks of `milliseconds`.
inline Input blocks(int rate, int channels, int milliseconds) {
  const auto frames =
      static_cast<std::size_t>(rate) * static_cast<std::size_t>(milliseconds) / 1000;
  return [=](std::size_t index) {
    Packet packet;
    packet.payload = bursts(rate, channels, index * frames, frames);
    packet.timestamp = frame_time(index * frames, rate);
    // What an application says of each block; too long for the memory of the text itself.
    packet.metadata.set("recorded_by", "the microphone at the front of the hall");
    return packet;
  };
}

/// A session with metrics whose results wait in memory that is there already.
class LiveSession {
 public:
  /// Of a graph whose only input is the first node.
  explicit LiveSession(const Manifest& manifest)
      : session_(Graph::build(manifest, named_nodes()), {.id = "live"}, [this](Output output) {
          ASSERT_LT(count_, results_.size());
          results_[count_++] = std::move(output.packet);
        }) {}

  /// Pushes packets [begin, end), with the tripwire around each push if it is asked for.
  /// \return how many results came
  std::size_t push(const Input& input, std::size_t begin, std::size_t end, bool with_tripwire) {
    std::size_t results = 0;
    for (std::size_t i = begin; i < end; ++i) {
      Packet packet = input(i);
      if (with_tripwire) {
        const Tripwire tripwire;
        session_.push(std::move(packet));
      } else {
        session_.push(std::move(packet));
      }
      results += count_;
      while (count_ > 0) results_[--count_] = {};
    }
    return results;
  }

  /// Packets before the tripwire: 6 s of blocks of 10 ms, ten times silence, speech and back. So
  /// all that a node gives has come several times, whatever the lengths of frames and windows, and
  /// buffers and stores have the size they need.
  static constexpr std::size_t kWarmUp = 600;
  static constexpr std::size_t kMeasured = 600;

  /// Warmed up, then with the tripwire.
  /// \return how many results came with it
  std::size_t run(const Input& input) {
    push(input, 0, kWarmUp, false);
    return push(input, kWarmUp, kWarmUp + kMeasured, true);
  }

 private:
  std::array<Packet, 64> results_;
  std::size_t count_ = 0;
  Session session_;
};

/// Nodes n0, n1, ... behind each other, given as types and their parameters.
inline Manifest chain(const std::vector<std::pair<std::string, Object>>& nodes) {
  Manifest manifest;
  manifest.name = "live";
  for (const auto& [type, parameters] : nodes) {
    ManifestNode node;
    node.id = "n" + std::to_string(manifest.nodes.size());
    node.node_type = type;
    node.params = parameters;
    if (!manifest.nodes.empty()) {
      ManifestConnection& connection = manifest.connections.emplace_back();
      connection.from = manifest.nodes.back().id;
      connection.to = node.id;
    }
    manifest.nodes.push_back(std::move(node));
  }
  return manifest;
}

}  // namespace remotemedia::test
