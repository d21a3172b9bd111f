#pragma once

#include "dsp/silero_network.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <random>
#include <span>
#include <vector>

namespace remotemedia::dsp::test {

using Doubles = std::vector<double>;

/// Random weights of Silero's shapes, in the file's order, small enough that nothing saturates.
struct SileroWeights {
  explicit SileroWeights(std::size_t fft_length_, unsigned seed = 1) : fft_length(fft_length_) {
    std::mt19937 random(seed);
    const auto make = [&](std::size_t count, double peak) {
      std::uniform_real_distribution<float> uniform(-static_cast<float>(peak),
                                                    static_cast<float>(peak));
      std::vector<float> values(count);
      for (float& value : values) value = uniform(random);
      return values;
    };
    for (std::size_t n = 0; n < fft_length; ++n) {
      const double turn = static_cast<double>(n) / static_cast<double>(fft_length);
      window.push_back(static_cast<float>(0.5 - 0.5 * std::cos(2 * std::numbers::pi * turn)));
    }
    std::size_t inputs = fft_length / 2 + 1;
    for (std::size_t i = 0; i < 4; ++i) {
      conv[i] = make(kOutputs[i] * inputs * 3, i == 0 ? 0.05 : 0.15);
      conv_bias[i] = make(kOutputs[i], 0.5);
      inputs = kOutputs[i];
    }
    input_weights = make(512 * 128, 0.2);
    state_weights = make(512 * 128, 0.2);
    input_bias = make(512, 0.5);
    state_bias = make(512, 0.5);
    output_weights = make(128, 0.5);
  }

  [[nodiscard]] SileroTensors tensors() const {
    return {.fft_length = fft_length,
            .window = window,
            .conv = {conv[0], conv[1], conv[2], conv[3]},
            .conv_bias = {conv_bias[0], conv_bias[1], conv_bias[2], conv_bias[3]},
            .input_weights = input_weights,
            .state_weights = state_weights,
            .input_bias = input_bias,
            .state_bias = state_bias,
            .output_weights = output_weights,
            .output_bias = 0.1F};
  }

  static constexpr std::array<std::size_t, 4> kOutputs{128, 64, 64, 128};
  std::size_t fft_length;
  std::vector<float> window;
  std::array<std::vector<float>, 4> conv;
  std::array<std::vector<float>, 4> conv_bias;
  std::vector<float> input_weights;
  std::vector<float> state_weights;
  std::vector<float> input_bias;
  std::vector<float> state_bias;
  std::vector<float> output_weights;
};

/// The network written out in double, one window after another.
class SileroOracle {
 public:
  explicit SileroOracle(const SileroTensors& weights)
      : weights_(weights), hidden_(kSileroHidden), cell_(kSileroHidden) {}

  /// What the window adds to the gates.
  [[nodiscard]] Doubles gates(const float* samples) const {
    std::vector<Doubles> x = spectrum(samples);  // [channel][frame]
    constexpr std::size_t kStrides[] = {1, 2, 2, 1};
    for (std::size_t i = 0; i < 4; ++i) {
      x = convolve(x, weights_.conv[i], weights_.conv_bias[i], kStrides[i]);
    }
    Doubles result(kSileroGates);
    for (std::size_t i = 0; i < kSileroGates; ++i) {
      result[i] = static_cast<double>(weights_.input_bias[i]) + weights_.state_bias[i];
      for (std::size_t j = 0; j < kSileroHidden; ++j) {
        result[i] += weights_.input_weights[i * kSileroHidden + j] * x[j][0];
      }
    }
    return result;
  }

  /// The probability of the next window.
  double step(const float* samples) {
    Doubles gate = gates(samples);
    for (std::size_t i = 0; i < kSileroGates; ++i) {
      for (std::size_t j = 0; j < kSileroHidden; ++j) {
        gate[i] += weights_.state_weights[i * kSileroHidden + j] * hidden_[j];
      }
    }
    double logit = weights_.output_bias;
    for (std::size_t j = 0; j < kSileroHidden; ++j) {
      cell_[j] = sigmoid(gate[kSileroHidden + j]) * cell_[j] +
                 sigmoid(gate[j]) * std::tanh(gate[2 * kSileroHidden + j]);
      hidden_[j] = sigmoid(gate[3 * kSileroHidden + j]) * std::tanh(cell_[j]);
      logit += weights_.output_weights[j] * std::max(hidden_[j], 0.0);
    }
    return sigmoid(logit);
  }

 private:
  static double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

  [[nodiscard]] std::vector<Doubles> spectrum(const float* samples) const {
    const std::size_t fft = weights_.fft_length;
    const std::size_t length = 2 * fft + fft / 4;
    Doubles padded(samples, samples + length);
    for (std::size_t i = 0; i < fft / 4; ++i) padded.push_back(padded[length - 2 - i]);
    std::vector<Doubles> bins(fft / 2 + 1, Doubles(kSileroFrames));
    for (std::size_t k = 0; k < bins.size(); ++k) {
      for (std::size_t frame = 0; frame < kSileroFrames; ++frame) {
        double real = 0;
        double imaginary = 0;
        for (std::size_t n = 0; n < fft; ++n) {
          const double angle =
              2 * std::numbers::pi * static_cast<double>(k * n % fft) / static_cast<double>(fft);
          const double x = padded[frame * fft / 2 + n] * weights_.window[n];
          real += x * std::cos(angle);
          imaginary -= x * std::sin(angle);
        }
        bins[k][frame] = std::hypot(real, imaginary);
      }
    }
    return bins;
  }

  static std::vector<Doubles> convolve(const std::vector<Doubles>& x,
                                       std::span<const float> weights, std::span<const float> bias,
                                       std::size_t stride) {
    const auto frames = static_cast<std::ptrdiff_t>(x[0].size());
    std::vector<Doubles> result(bias.size());
    for (std::size_t o = 0; o < bias.size(); ++o) {
      for (std::ptrdiff_t t = 0; t < frames; t += static_cast<std::ptrdiff_t>(stride)) {
        double sum = bias[o];
        for (std::size_t c = 0; c < x.size(); ++c) {
          for (std::ptrdiff_t tap = 0; tap < 3; ++tap) {
            const std::ptrdiff_t at = t + tap - 1;
            if (at < 0 || at >= frames) continue;
            sum += weights[(o * x.size() + c) * 3 + static_cast<std::size_t>(tap)] *
                   x[c][static_cast<std::size_t>(at)];
          }
        }
        result[o].push_back(std::max(sum, 0.0));
      }
    }
    return result;
  }

  SileroTensors weights_;
  Doubles hidden_;
  Doubles cell_;
};

}  // namespace remotemedia::dsp::test
