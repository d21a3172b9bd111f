#include "dsp/polyphase_filter.h"

#include "dsp/dot_kernel.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>
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
      history_(bank_->taps(), kMaxInput),
      whole_step_(static_cast<std::size_t>(bank_->down() / bank_->up())),
      rest_step_(bank_->down() % bank_->up()) {
  if constexpr (!std::is_same_v<T, float>) input_.reserve(kMaxInput);
  reset();
}

template <typename T>
void PolyphaseFilter<T>::reset() {
  // Output 0 lies at input 0: its window begins half_width - 1 zeros before the first input.
  history_.reset(bank_->half_width() - 1);
  rest_ = 0;
}

template <typename T>
std::span<float> PolyphaseFilter<T>::input(std::size_t count) {
  if constexpr (std::is_same_v<T, float>) {
    return history_.extend(count);
  } else {
    input_.resize(count);  // within its capacity
    return input_;
  }
}

template <typename T>
void PolyphaseFilter<T>::take() {
  if constexpr (!std::is_same_v<T, float>) {
    std::copy(input_.begin(), input_.end(), history_.extend(input_.size()).begin());
  }
}

template <typename T>
std::size_t PolyphaseFilter<T>::ready() const {
  if (history_.size() < bank_->taps()) return 0;
  const std::size_t last = history_.size() - bank_->taps();
  const auto up = static_cast<std::size_t>(bank_->up());
  return ((last + 1) * up - 1 - static_cast<std::size_t>(rest_)) /
             static_cast<std::size_t>(bank_->down()) +
         1;
}

template <typename T>
void PolyphaseFilter<T>::advance(float* out, std::size_t count) {
  for (std::size_t done = 0; done < count; done += kBatch) {
    const std::size_t batch = std::min(kBatch, count - done);
    if (bank_->exact()) {
      advance_exact(out + done, batch);
    } else {
      advance_interpolated(out + done, batch);
    }
  }
}

template <typename T>
void PolyphaseFilter<T>::step(std::size_t& window) {
  window += whole_step_;
  rest_ += rest_step_;
  if (rest_ >= bank_->up()) {
    rest_ -= bank_->up();
    ++window;
  }
}

template <typename T>
void PolyphaseFilter<T>::advance_exact(float* out, std::size_t count) {
  std::array<const T*, kBatch> windows{};
  std::array<const T*, kBatch> rows{};
  std::array<T, kBatch> sums;
  std::size_t window = 0;
  for (std::size_t i = 0; i < count; ++i, step(window)) {
    windows[i] = history_.data() + window;
    rows[i] = bank_->row(rest_);
  }
  dot_products(windows.data(), rows.data(), count, bank_->taps(), sums.data());
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<float>(sums[i]);
  history_.drop(window);
}

template <typename T>
void PolyphaseFilter<T>::advance_interpolated(float* out, std::size_t count) {
  std::array<const T*, kBatch * kPoints> windows{};
  std::array<const T*, kBatch * kPoints> rows{};
  std::array<T, kBatch * kPoints> sums;
  std::array<double, kBatch> fractions;
  std::size_t window = 0;
  for (std::size_t i = 0; i < count; ++i, step(window)) {
    const std::int64_t position = std::int64_t{rest_} * bank_->phases();
    const int phase = static_cast<int>(position / bank_->up());
    fractions[i] = static_cast<double>(position % bank_->up()) / bank_->up();
    for (std::size_t point = 0; point < kPoints; ++point) {
      windows[i * kPoints + point] = history_.data() + window;
      rows[i * kPoints + point] = bank_->row(phase - 1 + static_cast<int>(point));
    }
  }
  dot_products(windows.data(), rows.data(), count * kPoints, bank_->taps(), sums.data());
  for (std::size_t i = 0; i < count; ++i) {
    const std::array<double, kPoints> weights = lagrange_weights(fractions[i]);
    double sum = 0.0;
    for (std::size_t point = 0; point < kPoints; ++point) {
      sum += weights[point] * static_cast<double>(sums[i * kPoints + point]);
    }
    out[i] = static_cast<float>(sum);
  }
  history_.drop(window);
}

template class PolyphaseFilter<float>;
template class PolyphaseFilter<double>;

}  // namespace remotemedia::dsp
