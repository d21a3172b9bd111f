#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace remotemedia::cli::report {

/// The outline of one channel: minimum, maximum and sum of squares per column, exact whatever the
/// blocks were. When all columns are full, neighbours merge and each covers twice the frames, so
/// that a second and a day take the same memory.
class Envelope {
 public:
  /// Twice the pixels of a page's width.
  static constexpr std::size_t kMaxColumns = 2048;

  struct Column {
    float min = 0.0F;
    float max = 0.0F;
    double sum_squares = 0.0;
  };

  void add(std::span<const float> samples);

  /// All but the last cover frames_per_column() frames.
  [[nodiscard]] const std::vector<Column>& columns() const { return columns_; }
  [[nodiscard]] std::uint64_t frames_per_column() const { return frames_per_column_; }
  [[nodiscard]] std::uint64_t frames() const { return frames_; }
  /// Root mean square of a column.
  [[nodiscard]] double rms(std::size_t index) const;

 private:
  void merge_pairs();

  std::vector<Column> columns_;
  std::uint64_t frames_per_column_ = 1;
  std::uint64_t frames_ = 0;
};

}  // namespace remotemedia::cli::report
