#include "cli/report_spectrogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

namespace remotemedia::cli::report {
namespace {

// O'Shaughnessy's mel scale.
double mel(double hz) { return 2595.0 * std::log10(1.0 + hz / 700.0); }
double hz_of_mel(double mels) { return 700.0 * (std::pow(10.0, mels / 2595.0) - 1.0); }

}  // namespace

Spectrogram::Spectrogram(int rate)
    : rate_(rate),
      size_(std::bit_ceil(static_cast<std::size_t>(rate) / 50)),
      hop_(size_ / 4),
      frames_per_column_(hop_),
      spectrum_(size_),
      windowed_(size_) {
  constexpr double kTurn = 2.0 * std::numbers::pi;
  const auto n = static_cast<double>(size_);
  for (std::size_t i = 0; i < size_; ++i) {
    shape_.push_back(
        static_cast<float>(0.5 - 0.5 * std::cos(kTurn * (static_cast<double>(i) + 0.5) / n)));
  }
  for (std::size_t i = 0; i < kBands; ++i) bands_.push_back(band_of(static_cast<double>(i)));
  // Before the stream there is silence: the first windows begin there.
  pending_.assign(static_cast<std::size_t>(-window_start()), 0.0F);
}

Spectrogram::Band Spectrogram::band_of(double index) const {
  const double bins_per_hz = static_cast<double>(size_) / rate_;
  const double low = band_hz(index - 0.5) * bins_per_hz;
  const double high = band_hz(index + 0.5) * bins_per_hz;
  const auto first = static_cast<std::size_t>(low);
  if (high - low >= 2.0) return {.first = first, .bins = static_cast<std::size_t>(high) - first};
  const double middle = band_hz(index) * bins_per_hz;
  const auto below = static_cast<std::size_t>(middle);
  return {.first = below, .part = static_cast<float>(middle - static_cast<double>(below))};
}

// The middle of a window is the middle of the hop that it stands for.
std::int64_t Spectrogram::window_start() const {
  return static_cast<std::int64_t>(position_ + hop_ / 2) - static_cast<std::int64_t>(size_ / 2);
}

void Spectrogram::add(std::span<const float> samples) {
  while (!samples.empty()) {
    if (pending_.empty()) {
      const auto skipped =
          static_cast<std::size_t>(std::min(window_start() - static_cast<std::int64_t>(frames_),
                                            static_cast<std::int64_t>(samples.size())));
      samples = samples.subspan(skipped);
      frames_ += skipped;
    }
    const std::size_t taken = std::min(samples.size(), size_ - pending_.size());
    pending_.insert(pending_.end(), samples.begin(),
                    samples.begin() + static_cast<std::ptrdiff_t>(taken));
    samples = samples.subspan(taken);
    frames_ += taken;
    if (pending_.size() == size_) run_window();
  }
}

void Spectrogram::finish() {
  const std::uint64_t end = frames_;
  while (position_ < end) {
    const std::int64_t window_end = window_start() + static_cast<std::int64_t>(size_);
    const std::int64_t missing = window_end - static_cast<std::int64_t>(frames_);
    add(std::vector<float>(static_cast<std::size_t>(missing), 0.0F));
  }
}

void Spectrogram::run_window() {
  if (position_ % frames_per_column_ == 0) {
    windows_.push_back(0);
    powers_.resize(windows_.size() * kBands, 0.0F);
  }
  for (std::size_t i = 0; i < size_; ++i) windowed_[i] = pending_[i] * shape_[i];
  add_powers(spectrum_.of(windowed_));

  const std::int64_t start = window_start();
  position_ += hop_;
  if (position_ == frames_per_column_ * kMaxColumns) merge_pairs();
  const auto passed = static_cast<std::size_t>(window_start() - start);
  pending_.erase(pending_.begin(),
                 pending_.begin() + static_cast<std::ptrdiff_t>(std::min(passed, size_)));
}

void Spectrogram::add_powers(std::span<const float> spectrum) {
  float* const sums = powers_.data() + (windows_.size() - 1) * kBands;
  ++windows_.back();
  // A full-scale tone is size / 4 under a Hann window.
  const float scale = 16.0F / static_cast<float>(size_ * size_);
  for (std::size_t i = 0; i < kBands; ++i) {
    const Band& band = bands_[i];
    float power = 0.0F;
    if (band.bins == 0) {
      power = spectrum[band.first] * (1.0F - band.part) + spectrum[band.first + 1] * band.part;
    } else {
      for (std::size_t bin = band.first; bin < band.first + band.bins; ++bin) {
        power = std::max(power, spectrum[bin]);
      }
    }
    sums[i] += power * scale;
  }
}

void Spectrogram::merge_pairs() {
  const std::size_t count = windows_.size() / 2;
  for (std::size_t i = 0; i < count; ++i) {
    windows_[i] = windows_[2 * i] + windows_[2 * i + 1];
    for (std::size_t band = 0; band < kBands; ++band) {
      powers_[i * kBands + band] =
          powers_[2 * i * kBands + band] + powers_[(2 * i + 1) * kBands + band];
    }
  }
  windows_.resize(count);
  powers_.resize(count * kBands);
  frames_per_column_ *= 2;
  hop_ = std::max(hop_, frames_per_column_ / kWindowsPerColumn);
}

float Spectrogram::power(std::size_t column, std::size_t band) const {
  return powers_[column * kBands + band] / static_cast<float>(windows_[column]);
}

double Spectrogram::band_hz(double band) const {
  return hz_of_mel(mel(rate_ / 2.0) * (band + 0.5) / static_cast<double>(kBands));
}

double Spectrogram::height_of(double hz) const { return mel(hz) / mel(rate_ / 2.0); }

}  // namespace remotemedia::cli::report
