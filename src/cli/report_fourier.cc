#include "cli/report_fourier.h"

#include <cmath>
#include <numbers>

namespace remotemedia::cli::report {

PowerSpectrum::PowerSpectrum(std::size_t size)
    : real_(size / 2), imaginary_(size / 2), reversed_(size / 2), powers_(size / 2) {
  for (std::size_t k = 0; k < size / 2; ++k) {
    const double angle =
        -2.0 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(size);
    cosines_.push_back(static_cast<float>(std::cos(angle)));
    sines_.push_back(static_cast<float>(std::sin(angle)));
  }
  const std::size_t half = size / 2;
  for (std::size_t i = 0; i < half; ++i) {
    // The last bit of the index becomes the first one of the place.
    reversed_[i] = reversed_[i / 2] / 2 + (i % 2) * (half / 2);
  }
}

// Radix 2, decimation in time, over pairs of samples as complex numbers.
void PowerSpectrum::transform() {
  const std::size_t n = real_.size();
  for (std::size_t half = 1; half < n; half *= 2) {
    const std::size_t turn_step = n / half;
    for (std::size_t block = 0; block < n; block += 2 * half) {
      for (std::size_t k = 0; k < half; ++k) {
        const float c = cosines_[k * turn_step];
        const float s = sines_[k * turn_step];
        const std::size_t low = block + k;
        const std::size_t high = low + half;
        const float re = real_[high] * c - imaginary_[high] * s;
        const float im = real_[high] * s + imaginary_[high] * c;
        real_[high] = real_[low] - re;
        imaginary_[high] = imaginary_[low] - im;
        real_[low] += re;
        imaginary_[low] += im;
      }
    }
  }
}

std::span<const float> PowerSpectrum::of(std::span<const float> samples) {
  const std::size_t n = real_.size();
  for (std::size_t i = 0; i < n; ++i) {
    real_[reversed_[i]] = samples[2 * i];
    imaginary_[reversed_[i]] = samples[2 * i + 1];
  }
  transform();
  for (std::size_t k = 0; k < n; ++k) {
    const std::size_t mirror = (n - k) % n;
    const float even_re = (real_[k] + real_[mirror]) / 2.0F;
    const float even_im = (imaginary_[k] - imaginary_[mirror]) / 2.0F;
    const float odd_re = (imaginary_[k] + imaginary_[mirror]) / 2.0F;
    const float odd_im = (real_[mirror] - real_[k]) / 2.0F;
    const float re = even_re + odd_re * cosines_[k] - odd_im * sines_[k];
    const float im = even_im + odd_re * sines_[k] + odd_im * cosines_[k];
    powers_[k] = re * re + im * im;
  }
  return powers_;
}

}  // namespace remotemedia::cli::report
