#pragma once

#include "rtc/audio_receiver.h"
#include "rtc/audio_sender.h"
#include "rtc/network.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <vector>

namespace remotemedia::rtc::test {

inline constexpr int kCallRate = 16'000;
inline constexpr double kTone_Hz = 440;

/// A sender, a network of 30 ms and a receiver in simulated time, in steps of a millisecond.
class Call {
 public:
  explicit Call(Network network, unsigned seed = 1) : path_(with_delay(network), seed) {
    sender.set_loss(network.loss);  // as a receiver would report
  }

  /// How much faster the sender's clock runs, e.g. 1e-4.
  double drift = 0;

  /// Loudness of the sender's tone at a time, 0..1; 0 is silence.
  std::function<float(Time)> loudness = [](Time) { return 0.4F; };

  void run(Time until) {
    for (; now_ < until; now_ += std::chrono::milliseconds(1)) {
      send();
      while (const auto packet = path_.receive(now_)) {
        drops.push_back(receiver.add(packet->sequence, packet->timestamp, packet->payload, now_));
      }
      if (now_ < receiver.next_timeout()) continue;
      AudioReceiver::Frame memory;
      ++visits;
      while (const auto frame = receiver.next_frame(now_, memory)) {
        heard.insert(heard.end(), frame->samples.begin(), frame->samples.end());
        kinds.push_back(frame->kind);
        quiet.push_back(std::ranges::all_of(frame->samples, [](float x) { return x == 0; }));
      }
    }
  }

  /// Frames in the longest run without a decoded packet, from the second second on.
  [[nodiscard]] int longest_run_without_packet() const {
    int longest = 0;
    int run = 0;
    for (std::size_t i = 50; i < kinds.size(); ++i) {
      run = kinds[i] == AudioKind::decoded ? 0 : run + 1;
      longest = std::max(longest, run);
    }
    return longest;
  }
  [[nodiscard]] long silent_frames() const {
    return quiet.size() < 50 ? 0 : std::count(quiet.begin() + 50, quiet.end(), true);
  }

  /// Stretches of nothing that are longer.
  [[nodiscard]] int silences_over(Time most) const {
    int count = 0;
    std::size_t length = 0;
    for (const float sample : heard) {
      length = sample == 0 ? length + 1 : 0;
      count += frame_time(length, kCallRate) > most && frame_time(length - 1, kCallRate) <= most;
    }
    return count;
  }

  AudioSender sender{{.rate = kCallRate}};
  AudioReceiver receiver{kCallRate};
  std::vector<float> heard;
  std::vector<AudioKind> kinds;
  std::vector<bool> quiet;
  std::vector<std::optional<Drop>> drops;
  std::uint16_t sequence = 65'500;  // so that it wraps
  int sent = 0;
  int visits = 0;  // for frames

 private:
  struct Flying {
    std::uint16_t sequence;
    std::uint32_t timestamp;
    std::vector<std::uint8_t> payload;
  };

  static Network with_delay(Network network) {
    network.delay = std::chrono::milliseconds(30);
    return network;
  }

  void send() {
    const auto theirs =
        Time(static_cast<std::int64_t>(static_cast<double>(now_.count()) * (1 + drift)));
    // A source in step with its clock: 20 ms at a time.
    while (pushed_ < theirs) {
      std::vector<float> frame(kCallRate / 50);
      const float loud = loudness(pushed_);
      for (float& sample : frame) {
        sample = loud * static_cast<float>(
                            std::sin(2 * std::numbers::pi * kTone_Hz * phase_++ / kCallRate));
      }
      sender.push(frame, theirs);
      pushed_ += AudioSender::kFrame;
    }
    while (const auto packet = sender.next_packet(theirs)) {
      ++sent;
      path_.send({sequence++, packet->timestamp, {packet->payload.begin(), packet->payload.end()}},
                 now_);
    }
  }

  Path<Flying> path_;
  Time now_{};
  Time pushed_{};
  double phase_ = 0;
};

/// Power of the tone against that of everything else, in dB.
inline double tone_to_rest_dB(std::span<const float> samples, int rate, double tone_Hz) {
  double sine = 0;
  double cosine = 0;
  double power = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double angle = 2 * std::numbers::pi * tone_Hz * static_cast<double>(i) / rate;
    sine += samples[i] * std::sin(angle);
    cosine += samples[i] * std::cos(angle);
    power += static_cast<double>(samples[i]) * samples[i];
  }
  const double tone = 2 * (sine * sine + cosine * cosine) / static_cast<double>(samples.size());
  return 10 * std::log10(tone / std::max(power - tone, 1e-12));
}

}  // namespace remotemedia::rtc::test
