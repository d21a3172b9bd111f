#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace remotemedia::cli::report {

/// Power spectrum of real samples by a transform of half their number (Numerical Recipes, section
/// 12.3), with its memory taken once.
class PowerSpectrum {
 public:
  /// `size` is a power of two, at least 4.
  explicit PowerSpectrum(std::size_t size);

  /// Bins 0 .. size / 2 - 1 as |X|^2, valid until the next call. `samples` holds `size` of them.
  std::span<const float> of(std::span<const float> samples);

 private:
  void transform();

  // Real and imaginary parts apart: pairs of floats are slow to move on some machines.
  std::vector<float> real_;
  std::vector<float> imaginary_;
  std::vector<float> cosines_;  ///< of -2 pi k / size
  std::vector<float> sines_;
  std::vector<std::size_t> reversed_;  ///< place of each input
  std::vector<float> powers_;
};

}  // namespace remotemedia::cli::report
