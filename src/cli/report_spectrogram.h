#pragma once

#include "cli/report_fourier.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace remotemedia::cli::report {

/// Mean power per column of time and band of the mel scale. When all columns are full, neighbours
/// merge; a wide column looks at kWindowsPerColumn places in it, so that a long recording costs
/// little more than a short one. Exact whatever the blocks were.
class Spectrogram {
 public:
  static constexpr std::size_t kMaxColumns = 1024;
  static constexpr std::size_t kBands = 96;
  static constexpr std::uint64_t kWindowsPerColumn = 4;

  /// `rate` in Hz.
  explicit Spectrogram(int rate);

  void add(std::span<const float> samples);
  /// The last windows reach past the end of the stream: silence for them. Nothing follows.
  void finish();

  /// Columns of finished windows.
  [[nodiscard]] std::size_t columns() const { return windows_.size(); }
  [[nodiscard]] std::uint64_t frames_per_column() const { return frames_per_column_; }
  /// Mean power of a band; 1 is about a full-scale tone in it. Band 0 is the lowest.
  [[nodiscard]] float power(std::size_t column, std::size_t band) const;
  /// Middle of a band in Hz.
  [[nodiscard]] double band_hz(double band) const;
  /// Place of a frequency on the scale: 0 at 0 Hz, 1 at half the rate.
  [[nodiscard]] double height_of(double hz) const;

 private:
  /// Largest of `bins` bins, or for a band narrower than the bins (0) the value between two.
  struct Band {
    std::size_t first = 0;
    std::size_t bins = 0;
    float part = 0.0F;
  };

  [[nodiscard]] Band band_of(double index) const;
  [[nodiscard]] std::int64_t window_start() const;
  void run_window();
  void add_powers(std::span<const float> spectrum);
  void merge_pairs();

  int rate_;
  std::size_t size_;  ///< of a window, about 20 ms
  std::uint64_t hop_;
  std::uint64_t frames_per_column_;
  std::uint64_t position_ = 0;  ///< frame that the next window stands for, a multiple of hop_
  std::uint64_t frames_ = 0;    ///< seen so far
  std::vector<float> pending_;  ///< those of them that the next window needs
  std::vector<float> powers_;   ///< kBands sums per column
  std::vector<std::uint32_t> windows_;  ///< per column
  PowerSpectrum spectrum_;
  std::vector<float> windowed_;
  std::vector<float> shape_;  ///< Hann window
  std::vector<Band> bands_;
};

}  // namespace remotemedia::cli::report
