#include "dsp/filter_bank.h"

#include "dsp/dot_kernel.h"

#include <algorithm>
#include <cassert>
#include <new>
#include <vector>

namespace remotemedia::dsp {
namespace {

/// Must stay in the second-level cache of one core beside the audio.
constexpr std::size_t kMaxExactBytes = 400U << 10U;

}  // namespace

template <typename T>
FilterBank<T>::FilterBank(const FilterDesign& design, int up, int down)
    : up_(up), down_(down), taps_(design.taps()) {
  assert(taps_ % kPartialSums == 0);
  exact_ = static_cast<std::size_t>(up) * taps_ * sizeof(T) <= kMaxExactBytes;
  phases_ = exact_ ? up : design.phases_for_interpolation();
  const int first = exact_ ? 0 : -1;
  const int last = exact_ ? up - 1 : phases_ + 1;
  rows_ = hwy::AllocateAligned<T>(static_cast<std::size_t>(last - first + 1) * taps_);
  if (rows_ == nullptr) throw std::bad_alloc();
  // The response is even, so the row at 1 - x is the one at x, backwards.
  for (int phase = first; 2 * phase <= phases_; ++phase) {
    const std::vector<double> taps = design.row(static_cast<double>(phase) / phases_);
    const auto round = [](double tap) { return static_cast<T>(tap); };
    std::transform(taps.begin(), taps.end(), mutable_row(phase), round);
    const int mirror = phases_ - phase;
    if (mirror <= last) std::transform(taps.rbegin(), taps.rend(), mutable_row(mirror), round);
  }
}

template class FilterBank<float>;
template class FilterBank<double>;

}  // namespace remotemedia::dsp
