#include "bench/webrtc/speech.h"

#include "rtc/audio_sender.h"

#include <fmt/format.h>
#include <sndfile.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numbers>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace remotemedia::bench {
namespace {

constexpr std::size_t kMarkerSamples = 4 * kPacketSamples;
constexpr std::size_t kLoopUnit = kMarkerEvery * kPacketSamples;
constexpr float kMarkerLevel = 0.4F;
constexpr float kLikeMarker = 0.6F;
constexpr std::size_t kSearchStep = 2;  // an eighth of a millisecond
constexpr sf_count_t kMaxSamples = sf_count_t{600} * kSpeechRate;

/// From 0 to 1 and back over the first and last tenth.
double fade(double position) {
  return std::sin(std::numbers::pi / 2 * std::min({1.0, 10 * position, 10 * (1 - position)}));
}

}  // namespace

std::vector<float> marker_sound() {
  constexpr double kFrom_Hz = 600;
  constexpr double kTo_Hz = 3'000;
  std::vector<float> sound(kMarkerSamples);
  double phase = 0;
  for (std::size_t i = 0; i < kMarkerSamples; ++i) {
    const double position = static_cast<double>(i) / kMarkerSamples;
    phase += 2 * std::numbers::pi * (kFrom_Hz + position * (kTo_Hz - kFrom_Hz)) / kSpeechRate;
    sound[i] = kMarkerLevel * static_cast<float>(fade(position) * std::sin(phase));
  }
  return sound;
}

std::vector<float> load_recording(const std::string& path) {
  SF_INFO info{};
  const std::unique_ptr<SNDFILE, decltype(&sf_close)> file(sf_open(path.c_str(), SFM_READ, &info),
                                                           &sf_close);
  if (!file) throw std::runtime_error(fmt::format("'{}': {}", path, sf_strerror(nullptr)));
  if (info.channels != 1 || info.samplerate != kSpeechRate || info.frames < kSpeechRate) {
    throw std::runtime_error(fmt::format(
        "'{}' has {} channels, {} Hz, {} samples; expected mono, {} Hz, a second or more", path,
        info.channels, info.samplerate, info.frames, kSpeechRate));
  }
  std::vector<float> speech(static_cast<std::size_t>(std::min(info.frames, kMaxSamples)));
  speech.resize(static_cast<std::size_t>(
      sf_readf_float(file.get(), speech.data(), static_cast<sf_count_t>(speech.size()))));
  if (speech.empty()) throw std::runtime_error(fmt::format("'{}' cannot be read", path));
  return speech;
}

std::vector<float> load_speech(const std::string& path) {
  const std::vector<float> speech = load_recording(path);
  std::vector<float> loop((speech.size() + kLoopUnit - 1) / kLoopUnit * kLoopUnit);
  for (std::size_t i = 0; i < loop.size(); ++i) loop[i] = speech[i % speech.size()];
  const std::vector<float> marker = marker_sound();
  for (std::size_t at = 0; at < loop.size(); at += kLoopUnit) {
    std::ranges::copy(marker, loop.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return loop;
}

std::vector<SpeechPacket> encode_speech(std::span<const float> loop) {
  rtc::AudioSender sender({.rate = kSpeechRate, .bitrate = 32'000});
  std::vector<SpeechPacket> packets;
  Time now{};
  for (std::size_t at = 0; at + kPacketSamples <= loop.size(); at += kPacketSamples) {
    sender.push(loop.subspan(at, kPacketSamples), now);
    now += kPacketTime;
    SpeechPacket& packet = packets.emplace_back();
    if (const auto made = sender.next_packet(now)) {
      packet = {{made->payload.begin(), made->payload.end()}, made->level};
    }
  }
  return packets;
}

MarkerFinder::MarkerFinder() : sound_(marker_sound()) {
  const float energy = std::inner_product(sound_.begin(), sound_.end(), sound_.begin(), 0.0F);
  for (float& sample : sound_) sample /= std::sqrt(energy);
  past_.resize(sound_.size());
}

float MarkerFinder::likeness_at(std::size_t start) const {
  // Several sums, which the compiler may keep in one register.
  constexpr std::size_t kSums = 8;
  std::array<float, kSums> products{};
  std::array<float, kSums> energies{};
  const float* past = past_.data() + start;
  for (std::size_t i = 0; i < sound_.size(); i += kSums) {
    for (std::size_t k = 0; k < kSums; ++k) {
      products[k] += past[i + k] * sound_[i + k];
      energies[k] += past[i + k] * past[i + k];
    }
  }
  const float energy = std::reduce(energies.begin(), energies.end(), 1e-6F);
  return std::reduce(products.begin(), products.end()) / std::sqrt(energy);
}

std::vector<Time> MarkerFinder::add(std::span<const float> samples, Time heard) {
  past_.insert(past_.end(), samples.begin(), samples.end());
  std::vector<Time> found;
  const Time marker_time = frame_time(sound_.size(), kSpeechRate);
  for (std::size_t i = kSearchStep; i <= samples.size(); i += kSearchStep) {
    const float likeness = likeness_at(i);
    since_best_ += kSearchStep;
    if (likeness > std::max(kLikeMarker, best_.likeness)) {
      best_ = {likeness, heard + frame_time(i, kSpeechRate) - marker_time};
      since_best_ = 0;
    } else if (best_.likeness > 0 && since_best_ >= sound_.size()) {
      found.push_back(std::exchange(best_, {}).at);
    }
  }
  past_.erase(past_.begin(), past_.begin() + static_cast<std::ptrdiff_t>(samples.size()));
  return found;
}

}  // namespace remotemedia::bench
