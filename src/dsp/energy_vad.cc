#include "remotemedia/dsp/energy_vad.h"

#include "dsp/sanitize.h"
#include "remotemedia/base/check.h"

#include <algorithm>
#include <cmath>

namespace remotemedia::dsp {
namespace {

constexpr double kMinFloor = 1e-5;        // -100 dBFS; from 0 the floor could not rise again
constexpr double kRiseDbPerSecond = 2.0;  // slower than speech, faster than a room changes

double from_db(double db) { return std::pow(10.0, db / 20.0); }

void check_range(const char* what, int value, int min, int max, const char* expected) {
  if (value < min || value > max) refuse(what, value, expected);
}

EnergyVad::Config checked(const EnergyVad::Config& config) {
  check_rate("EnergyVad: rate", config.rate);
  check_range("EnergyVad: frame_duration_ms", config.frame_duration_ms, 5, 100, "5..100 ms");
  check_range("EnergyVad: aggressiveness", config.aggressiveness, 0, 3, "0..3");
  if (!(config.threshold >= 0.0 && config.threshold <= 1.0)) {
    refuse("EnergyVad: threshold", config.threshold, "0..1 (RMS of full scale)");
  }
  return config;
}

}  // namespace

EnergyVad::EnergyVad(const Config& config)
    : config_(checked(config)),
      frame_length_(static_cast<std::size_t>(config.rate) *
                    static_cast<std::size_t>(config.frame_duration_ms) / 1000),
      ratio_(from_db(3.0 * (config.aggressiveness + 1))),
      rise_per_frame_(
          from_db(kRiseDbPerSecond * static_cast<double>(frame_length_) / config.rate)) {
  reset();
}

void EnergyVad::reset() {
  floor_ = std::max(config_.threshold / ratio_, kMinFloor);
  sum_ = 0.0;
  filled_ = 0;
}

std::size_t EnergyVad::process(std::span<const float> x, std::span<std::uint8_t> decisions) {
  std::size_t frames = 0;
  while (!x.empty()) {
    const std::size_t count = std::min(x.size(), frame_length_ - filled_);
    for (const float sample : x.first(count)) {
      const auto value =
          static_cast<double>(is_finite(sample) ? sample : replace_non_finite(sample));
      sum_ += value * value;
    }
    x = x.subspan(count);
    filled_ += count;
    if (filled_ < frame_length_) break;
    const double mean_square = sum_ / static_cast<double>(frame_length_);
    decisions[frames++] = decide(static_cast<float>(mean_square)) ? 1 : 0;
    sum_ = 0.0;
    filled_ = 0;
  }
  return frames;
}

bool EnergyVad::decide(float mean_square) {
  const double rms = std::sqrt(static_cast<double>(mean_square));
  const bool speech = rms > std::max(config_.threshold, floor_ * ratio_);
  const double risen = floor_ * rise_per_frame_;
  floor_ = std::max(std::min(rms, risen), kMinFloor);
  return speech;
}

}  // namespace remotemedia::dsp
