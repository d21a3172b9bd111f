#include "remotemedia/dsp/energy_vad.h"

#include "dsp/energy_kernel.h"
#include "remotemedia/base/check.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace remotemedia::dsp {
namespace {

constexpr double kMinFloor = 1e-5;        // -100 dBFS; from 0 the floor could not rise again
constexpr double kRiseDbPerSecond = 2.0;  // slower than speech, faster than a room changes
// A stop consonant of 100 ms costs a level 5 dB, a pause of a second all of it.
constexpr double kFallDbPerSecond = 50.0;
constexpr double kLowestLevelDb = -200.0;  // below any that a frame can have

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
      rise_per_frame_(from_db(kRiseDbPerSecond * static_cast<double>(frame_length_) / config.rate)),
      fall_per_frame_db_(kFallDbPerSecond * static_cast<double>(frame_length_) / config.rate),
      partial_(frame_length_) {
  reset();
}

void EnergyVad::reset() {
  floor_ = std::max(config_.threshold / ratio_, kMinFloor);
  level_db_ = kLowestLevelDb;
  filled_ = 0;
}

std::size_t EnergyVad::process(std::span<const float> x, std::span<std::uint8_t> decisions) {
  return each_frame(x, [&](std::size_t i, bool speech) { decisions[i] = speech ? 1 : 0; });
}

std::size_t EnergyVad::levels(std::span<const float> x, std::span<float> levels) {
  return each_frame(x, [&](std::size_t i, bool) { levels[i] = static_cast<float>(level_db_); });
}

template <typename Give>
std::size_t EnergyVad::each_frame(std::span<const float> x, Give give) {
  std::size_t frames = 0;
  while (filled_ + x.size() >= frame_length_) {
    const std::size_t count = frame_length_ - filled_;
    if (filled_ == 0) {
      give(frames++, judge(x.first(count)));
    } else {
      std::copy_n(x.begin(), count, partial_.begin() + static_cast<std::ptrdiff_t>(filled_));
      give(frames++, judge(partial_));
    }
    x = x.subspan(count);
    filled_ = 0;
  }
  std::copy(x.begin(), x.end(), partial_.begin() + static_cast<std::ptrdiff_t>(filled_));
  filled_ += x.size();
  return frames;
}

bool EnergyVad::judge(std::span<const float> frame) {
  const double mean_square = sum_of_squares(frame) / static_cast<double>(frame_length_);
  const double rms = std::sqrt(static_cast<double>(static_cast<float>(mean_square)));
  const double limit = std::max(config_.threshold, floor_ * ratio_);
  const double level_db = 20.0 * std::log10(std::max(rms, kMinFloor) / limit);
  level_db_ = std::max(level_db, level_db_ - fall_per_frame_db_);
  floor_ = std::max(std::min(rms, floor_ * rise_per_frame_), kMinFloor);
  return rms > limit;
}

}  // namespace remotemedia::dsp
