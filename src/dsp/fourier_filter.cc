#include "dsp/fourier_filter.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>
#include <utility>

namespace remotemedia::dsp {
namespace {

constexpr std::size_t kMostPoints = FourierBank::kPeriods * 3;

/// The response of a symmetric filter at kPeriods frequencies from 0 on, 1 / kPeriods of a period
/// apart, and at as many up to -1, over the points of the transform. It is 0 at the lower Nyquist
/// frequency, which is both ends of the band and could not be told apart in two blocks.
std::vector<float> gains_of(const TapRows& taps) {
  const auto down = static_cast<std::size_t>(taps.down);
  const auto up = static_cast<std::size_t>(taps.up);
  // Steps of a block's time, in which taps and periods of all frequencies are whole numbers.
  const std::size_t steps = FourierBank::kPeriods * down * up;
  std::vector<double> cosines(steps);
  for (std::size_t i = 0; i < steps; ++i) {
    cosines[i] =
        std::cos(2.0 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(steps));
  }
  std::vector<float> gains(2 * FourierBank::kPeriods);
  for (std::size_t k = 0; k < FourierBank::kPeriods; ++k) {
    double sum = 0.0;
    for (std::size_t phase = 0; phase < up; ++phase) {
      for (std::size_t j = 0; j < taps.taps(); ++j) {
        // From the output to the tap's input, and a block on, so that it is not negative.
        const std::size_t distance = phase + (taps.taps() / 2 - 1) * up + steps - j * up;
        sum += taps.rows[phase][j] * cosines[k * distance % steps];
      }
    }
    const double gain = sum / static_cast<double>(up * FourierBank::kPeriods * down);
    gains[k] = static_cast<float>(gain);
    if (k > 0) gains[gains.size() - k] = static_cast<float>(gain);
  }
  return gains;
}

std::size_t points(int per_period) {
  return FourierBank::kPeriods * static_cast<std::size_t>(per_period);
}

}  // namespace

FourierBank::FourierBank(const TapRows& taps)
    : up_(taps.up),
      down_(taps.down),
      forward_(points(down_)),
      backward_(points(up_)),
      gains_(gains_of(taps)) {
  assert(taps.taps() / 2 <= guard_inputs() && std::max(up_, down_) == 3);
}

FourierFilter::FourierFilter(std::shared_ptr<const FourierBank> bank)
    : bank_(std::move(bank)), history_(span(), kMaxInput + bank_->pair_inputs()) {
  reset();
}

void FourierFilter::reset() {
  history_.reset(bank_->guard_inputs());
  waiting_ = 0;
}

std::span<float> FourierFilter::input(std::size_t count) { return history_.extend(count); }

std::size_t FourierFilter::ready() const {
  if (history_.size() < span()) return waiting_;
  const std::size_t pairs = (history_.size() - span()) / bank_->pair_inputs() + 1;
  return waiting_ + pairs * bank_->pair_outputs();
}

void FourierFilter::advance(float* out, std::size_t count) {
  while (count > 0) {
    const std::size_t pair = bank_->pair_outputs();
    if (waiting_ == 0 && count >= pair) {
      compute_pair(out);
      out += pair;
      count -= pair;
      continue;
    }
    if (waiting_ == 0) {
      compute_pair(pair_.data());
      waiting_ = pair;
    }
    const std::size_t given = std::min(count, waiting_);
    std::copy_n(pair_.data() + pair - waiting_, given, out);
    waiting_ -= given;
    out += given;
    count -= given;
  }
}

void FourierFilter::compute_pair(float* out) {
  constexpr std::size_t kSide = FourierBank::kPeriods;  // frequencies below 0, and from 0 on
  const std::size_t inputs = bank_->forward().size();
  const std::size_t outputs = bank_->backward().size();
  const std::size_t kept = bank_->pair_outputs() / 2;
  alignas(64) std::array<std::array<float, kMostPoints>, 4> memory;
  const ComplexOutput a{memory[0].data(), memory[1].data()};
  const ComplexOutput b{memory[2].data(), memory[3].data()};

  const float* first = history_.data();
  const ComplexOutput spectrum =
      bank_->forward().transform({first, first + bank_->pair_inputs() / 2}, a, b);
  history_.drop(bank_->pair_inputs());

  const ComplexOutput scaled = spectrum.re == a.re ? b : a;
  const auto from = [&](std::size_t k) { return ComplexInput{spectrum.re + k, spectrum.im + k}; };
  const auto to = [&](std::size_t k) { return ComplexOutput{scaled.re + k, scaled.im + k}; };
  scale_spectrum(from(0), bank_->gains(), kSide, to(0));
  std::fill(scaled.re + kSide, scaled.re + outputs - kSide, 0.0F);
  std::fill(scaled.im + kSide, scaled.im + outputs - kSide, 0.0F);
  scale_spectrum(from(inputs - kSide), bank_->gains() + kSide, kSide, to(outputs - kSide));

  // With real and imaginary parts exchanged it is the transform back.
  const ComplexOutput result =
      bank_->backward().transform({scaled.im, scaled.re}, spectrum, scaled);
  const std::size_t guard = (outputs - kept) / 2;
  std::copy_n(result.im + guard, kept, out);
  std::copy_n(result.re + guard, kept, out + kept);
}

}  // namespace remotemedia::dsp
