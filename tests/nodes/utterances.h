#pragma once

#include "nodes/runner.h"

namespace remotemedia::nodes::test {

inline constexpr int kRate = 8'000;
inline constexpr std::size_t kFrame = 80;  // of the detector, 10 ms

/// Limits in detector frames, which the text of a test counts too.
struct Limits {
  int min_speech = 3;
  int max_length = 1'000;
  int silence = 2;
  int pre_speech = 0;
  int gap = 5;

  [[nodiscard]] Object parameters() const {
    const auto seconds = [](int frames) { return frames * static_cast<double>(kFrame) / kRate; };
    return {{"min_speech_duration_s", seconds(min_speech)},
            {"max_speech_duration_s", seconds(max_length)},
            {"silence_duration_s", seconds(silence)},
            {"pre_speech_buffer_s", seconds(pre_speech)},
            {"max_silence_gap_s", seconds(gap)},
            {"sample_rate", kRate}};
  }
};

/// Audio whose samples are their own positions, so that a result says where it is from.
inline AudioBuffer counting(std::size_t frames) {
  std::vector<float> x(frames);
  for (std::size_t i = 0; i < frames; ++i) x[i] = static_cast<float>(i);
  return audio_of<float>(kRate, {x});
}

/// Positions [begin, end) of the stream.
using Range = std::pair<std::size_t, std::size_t>;

/// Blocks as a detector sends them: each says what the frames that it completes are.
inline std::vector<Packet> marked(const std::vector<bool>& speech,
                                  const std::vector<std::size_t>& sizes) {
  const AudioBuffer audio = counting(speech.size() * kFrame);
  std::vector<Packet> packets;
  std::size_t position = 0;
  const auto seconds = [](std::size_t frame) {
    return static_cast<double>(frame * kFrame) / kRate;
  };
  for (const std::size_t size : sizes) {
    Value::Array segments;
    std::size_t frame = position / kFrame;
    const std::size_t end = std::min(speech.size(), (position + size) / kFrame);
    bool any = false;
    for (; frame < end; ++frame) {
      if (!speech[frame]) continue;
      any = true;
      segments.emplace_back(Value::Array{seconds(frame), seconds(frame + 1)});
    }
    packets.push_back(item(
        audio.slice(position, size),
        {{"is_speech", any}, {"speech_segments", segments}, {"analysed_until_s", seconds(end)}}));
    position += size;
  }
  return packets;
}

/// "..###.." as decisions.
inline std::vector<bool> pattern(const std::string& text) {
  std::vector<bool> speech;
  for (const char c : text) speech.push_back(c == '#');
  return speech;
}

inline std::vector<Packet> utterances(const Limits& limits, const std::vector<Packet>& packets) {
  Runner node("VADTriggeredBuffer", limits.parameters());
  for (const Packet& packet : packets) node.push(packet);
  node.flush();
  return node.take();
}

inline std::vector<Range> ranges_of(const std::vector<Packet>& results) {
  std::vector<Range> ranges;
  for (const Packet& packet : results) {
    const std::vector<float> x = samples_of<float>(*packet.audio());
    const auto begin = static_cast<std::size_t>(x.front());
    for (std::size_t i = 0; i < x.size(); ++i) {
      EXPECT_EQ(x[i], static_cast<float>(begin + i)) << "a frame is missing or comes twice";
    }
    ranges.emplace_back(begin, begin + x.size());
  }
  return ranges;
}

}  // namespace remotemedia::nodes::test
