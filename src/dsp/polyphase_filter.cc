#include "dsp/polyphase_filter.h"

#include "dsp/dot_kernel.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <utility>

namespace remotemedia::dsp {
namespace {

/// Rows that one output between the stored phases takes.
constexpr std::size_t kPoints = 4;

/// Lagrange's weights of the points -1, 0, 1, 2 for a value at 0 <= x < 1.
std::array<double, kPoints> lagrange_weights(double x) {
  return {-x * (x - 1.0) * (x - 2.0) / 6.0, (x + 1.0) * (x - 1.0) * (x - 2.0) / 2.0,
          -(x + 1.0) * x * (x - 2.0) / 2.0, (x + 1.0) * x * (x - 1.0) / 6.0};
}

}  // namespace

template <typename T>
PolyphaseFilter<T>::PolyphaseFilter(std::shared_ptr<const FilterBank<T>> bank)
    : bank_(std::move(bank)),
      history_(2 * bank_->taps() + 2 * kMaxInput),
      whole_step_(static_cast<std::size_t>(bank_->down() / bank_->up())),
      rest_step_(bank_->down() % bank_->up()) {
  reset();
}

template <typename T>
void PolyphaseFilter<T>::reset() {
  // Output 0 lies at input 0: its window begins half_width - 1 zeros before the first input.
  std::fill(history_.begin(), history_.end(), T{0});
  filled_ = bank_->half_width() - 1;
  next_ = 0;
  rest_ = 0;
}

template <typename T>
std::span<T> PolyphaseFilter<T>::input(std::size_t frames) {
  assert(frames <= kMaxInput);
  if (filled_ + frames > history_.size()) {
    // A step (at most 24 inputs) is shorter than any filter, so next_ never passes filled_.
    assert(next_ <= filled_);
    const auto begin = history_.begin();
    std::copy(begin + static_cast<std::ptrdiff_t>(next_),
              begin + static_cast<std::ptrdiff_t>(filled_), begin);
    filled_ -= next_;
    next_ = 0;
  }
  const std::span<T> room(history_.data() + filled_, frames);
  filled_ += frames;
  return room;
}

template <typename T>
std::size_t PolyphaseFilter<T>::advance(float* out, std::size_t limit) {
  return bank_->exact() ? advance_exact(out, limit) : advance_interpolated(out, limit);
}

template <typename T>
void PolyphaseFilter<T>::step() {
  next_ += whole_step_;
  rest_ += rest_step_;
  if (rest_ >= bank_->up()) {
    rest_ -= bank_->up();
    ++next_;
  }
}

template <typename T>
std::size_t PolyphaseFilter<T>::advance_exact(float* out, std::size_t limit) {
  std::array<const T*, kBatch> windows;
  std::array<const T*, kBatch> rows;
  std::array<T, kBatch> sums;
  std::size_t written = 0;
  while (written < limit && ready()) {
    std::size_t count = 0;
    for (; count < std::min(kBatch, limit - written) && ready(); ++count, step()) {
      windows[count] = history_.data() + next_;
      rows[count] = bank_->row(rest_);
    }
    dot_products(windows.data(), rows.data(), count, bank_->taps(), sums.data());
    for (std::size_t i = 0; i < count; ++i) out[written + i] = static_cast<float>(sums[i]);
    written += count;
  }
  return written;
}

template <typename T>
std::size_t PolyphaseFilter<T>::advance_interpolated(float* out, std::size_t limit) {
  std::array<const T*, kBatch * kPoints> windows;
  std::array<const T*, kBatch * kPoints> rows;
  std::array<T, kBatch * kPoints> sums;
  std::array<double, kBatch> fractions;
  std::size_t written = 0;
  while (written < limit && ready()) {
    std::size_t count = 0;
    for (; count < std::min(kBatch, limit - written) && ready(); ++count, step()) {
      const std::int64_t position = std::int64_t{rest_} * bank_->phases();
      const int phase = static_cast<int>(position / bank_->up());
      fractions[count] = static_cast<double>(position % bank_->up()) / bank_->up();
      for (std::size_t point = 0; point < kPoints; ++point) {
        windows[count * kPoints + point] = history_.data() + next_;
        rows[count * kPoints + point] = bank_->row(phase - 1 + static_cast<int>(point));
      }
    }
    dot_products(windows.data(), rows.data(), count * kPoints, bank_->taps(), sums.data());
    for (std::size_t i = 0; i < count; ++i) {
      const std::array<double, kPoints> weights = lagrange_weights(fractions[i]);
      double sum = 0.0;
      for (std::size_t point = 0; point < kPoints; ++point) {
        sum += weights[point] * static_cast<double>(sums[i * kPoints + point]);
      }
      out[written + i] = static_cast<float>(sum);
    }
    written += count;
  }
  return written;
}

template class PolyphaseFilter<float>;
template class PolyphaseFilter<double>;

}  // namespace remotemedia::dsp
