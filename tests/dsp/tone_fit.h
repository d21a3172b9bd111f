#pragma once

#include "remotemedia/base/audio_buffer.h"
#include "remotemedia/dsp/resampler.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <numbers>
#include <span>
#include <utility>
#include <vector>

namespace remotemedia::dsp::test {

inline constexpr double kToneAmplitude = 0.8912509381337456;  // -1 dBFS

inline double to_db(double ratio) {
  return 20.0 * std::log10(std::max(ratio, std::numeric_limits<double>::min()));
}

inline std::vector<float> tone(double frequency_hz, int rate, std::size_t frames) {
  std::vector<float> x(frames);
  for (std::size_t i = 0; i < frames; ++i) {
    const double angle = 2.0 * std::numbers::pi * frequency_hz * static_cast<double>(i) / rate;
    x[i] = static_cast<float>(kToneAmplitude * std::sin(angle + 0.3));
  }
  return x;
}

/// Amplitude of the tone in `x` by a least-squares fit of sine and cosine, and the RMS of the rest.
struct Fit {
  double amplitude;
  double rest_rms;
};

inline Fit fit_tone(std::span<const float> x, double frequency_hz, int rate) {
  double ss = 0, cc = 0, sc = 0, xs = 0, xc = 0;
  const double step = 2.0 * std::numbers::pi * frequency_hz / rate;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double s = std::sin(step * static_cast<double>(i));
    const double c = std::cos(step * static_cast<double>(i));
    const auto v = static_cast<double>(x[i]);
    ss += s * s, cc += c * c, sc += s * c, xs += v * s, xc += v * c;
  }
  const double determinant = ss * cc - sc * sc;
  const double a = (xs * cc - xc * sc) / determinant;
  const double b = (xc * ss - xs * sc) / determinant;
  double rest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double angle = step * static_cast<double>(i);
    const double r = static_cast<double>(x[i]) - a * std::sin(angle) - b * std::cos(angle);
    rest += r * r;
  }
  return {std::hypot(a, b), std::sqrt(rest / static_cast<double>(x.size()))};
}

inline double rms(std::span<const float> x) {
  double sum = 0;
  for (const float v : x) sum += static_cast<double>(v) * static_cast<double>(v);
  return std::sqrt(sum / static_cast<double>(x.size()));
}

/// The answer of one rate change to pure tones, far from both ends of the clip.
class ToneMeter {
 public:
  /// One channel at the first rate in, all of it at the other rate out.
  using Convert = std::function<std::vector<float>(const std::vector<float>&)>;

  ToneMeter(int rate, int target_rate, Quality quality, ResamplingMode mode = ResamplingMode::live)
      : ToneMeter(rate, target_rate, [=](const std::vector<float>& x) {
          AudioBuffer in = AudioBuffer::allocate(SampleFormat::f32, 1, x.size(), rate);
          std::copy(x.begin(), x.end(), in.mutable_channel<float>(0).begin());
          const AudioBuffer out = resample(in, target_rate, quality, false, mode);
          return std::vector<float>(out.channel<float>(0).begin(), out.channel<float>(0).end());
        }) {}
  /// For any resampler.
  ToneMeter(int rate, int target_rate, Convert convert)
      : rate_(rate), target_rate_(target_rate), convert_(std::move(convert)) {}

  [[nodiscard]] double nyquist_hz() const { return 0.5 * std::min(rate_, target_rate_); }

  /// Gain at a frequency that both rates can hold.
  [[nodiscard]] double gain_db(double frequency_hz) const {
    return to_db(fit(frequency_hz).amplitude / kToneAmplitude);
  }
  /// The tone over everything else: images, noise, distortion.
  [[nodiscard]] double signal_to_noise_db(double frequency_hz) const {
    const Fit result = fit(frequency_hz);
    return to_db(result.amplitude / std::numbers::sqrt2 / result.rest_rms);
  }
  /// How far below the input all of the output is, for a frequency above the target's Nyquist.
  [[nodiscard]] double rejection_db(double frequency_hz) const {
    return to_db(kToneAmplitude / std::numbers::sqrt2 / rms(middle(frequency_hz)));
  }
  /// Largest |gain| up to `edge_hz`.
  [[nodiscard]] double ripple_db(double edge_hz) const {
    double worst = 0;
    for (const double f : sweep(0.005 * nyquist_hz(), edge_hz)) {
      worst = std::max(worst, std::fabs(gain_db(f)));
    }
    return worst;
  }
  [[nodiscard]] double worst_signal_to_noise_db(double edge_hz) const {
    double worst = std::numeric_limits<double>::infinity();
    for (const double f : sweep(0.005 * nyquist_hz(), edge_hz)) {
      worst = std::min(worst, signal_to_noise_db(f));
    }
    return worst;
  }
  [[nodiscard]] double worst_rejection_db(double from_hz) const {
    double worst = std::numeric_limits<double>::infinity();
    // Dense where the stop band begins, as the transition band falls into it there.
    for (const double end : {1.06 * from_hz, 0.499 * rate_}) {
      for (const double f : sweep(from_hz, end)) worst = std::min(worst, rejection_db(f));
    }
    return worst;
  }
  /// Frequency at which the gain is -3 dB, by bisection.
  [[nodiscard]] double minus_3_db_hz() const {
    double low = 0.7 * nyquist_hz();
    double high = 0.999 * nyquist_hz();
    while (high - low > 1.0) {
      const double middle_hz = 0.5 * (low + high);
      (gain_db(middle_hz) > -3.0 ? low : high) = middle_hz;
    }
    return low;
  }

 private:
  static constexpr int kPoints = 14;
  static constexpr double kSeconds = 0.3;

  /// Frequencies from one edge to the other, both included, at odd distances.
  [[nodiscard]] static std::vector<double> sweep(double from_hz, double to_hz) {
    std::vector<double> frequencies;
    for (int i = 0; i <= kPoints; ++i) {
      const double x = static_cast<double>(i) / kPoints;
      frequencies.push_back(from_hz + (to_hz - from_hz) * std::sqrt(x * (0.4 + 0.6 * x)));
    }
    return frequencies;
  }

  [[nodiscard]] std::vector<float> middle(double frequency_hz) const {
    const auto frames = static_cast<std::size_t>(kSeconds * rate_);
    const std::vector<float> y = convert_(tone(frequency_hz, rate_, frames));
    const std::size_t margin = y.size() / 5;  // longer than any filter
    return {y.begin() + static_cast<std::ptrdiff_t>(margin),
            y.end() - static_cast<std::ptrdiff_t>(margin)};
  }
  [[nodiscard]] Fit fit(double frequency_hz) const {
    return fit_tone(middle(frequency_hz), frequency_hz, target_rate_);
  }

  int rate_;
  int target_rate_;
  Convert convert_;
};

}  // namespace remotemedia::dsp::test
