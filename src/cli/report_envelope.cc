#include "cli/report_envelope.h"

#include <algorithm>
#include <cmath>

namespace remotemedia::cli::report {

void Envelope::add(std::span<const float> samples) {
  while (!samples.empty()) {
    std::uint64_t filled = frames_ % frames_per_column_;
    if (filled == 0) {
      if (columns_.size() == kMaxColumns) {
        merge_pairs();
        filled = frames_ % frames_per_column_;
      }
      if (filled == 0) columns_.push_back({.min = samples[0], .max = samples[0]});
    }
    const auto taken = static_cast<std::size_t>(
        std::min<std::uint64_t>(samples.size(), frames_per_column_ - filled));
    Column column = columns_.back();  // a copy stays in registers
    for (const float sample : samples.first(taken)) {
      column.min = std::min(column.min, sample);
      column.max = std::max(column.max, sample);
      column.sum_squares += static_cast<double>(sample) * sample;
    }
    columns_.back() = column;
    frames_ += taken;
    samples = samples.subspan(taken);
  }
}

void Envelope::merge_pairs() {
  for (std::size_t i = 0; i < columns_.size() / 2; ++i) {
    const Column& left = columns_[2 * i];
    const Column& right = columns_[2 * i + 1];
    columns_[i] = {.min = std::min(left.min, right.min),
                   .max = std::max(left.max, right.max),
                   .sum_squares = left.sum_squares + right.sum_squares};
  }
  columns_.resize(columns_.size() / 2);
  frames_per_column_ *= 2;
}

double Envelope::rms(std::size_t index) const {
  const std::uint64_t frames = std::min(frames_per_column_, frames_ - index * frames_per_column_);
  return std::sqrt(columns_[index].sum_squares / static_cast<double>(frames));
}

}  // namespace remotemedia::cli::report
