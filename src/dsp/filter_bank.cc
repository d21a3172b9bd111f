#include "dsp/filter_bank.h"

#include "dsp/dot_kernel.h"
#include "dsp/filter_design.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <new>
#include <tuple>
#include <vector>

namespace remotemedia::dsp {
namespace {

/// Must stay in the second-level cache of one core beside the audio.
constexpr std::size_t kMaxExactBytes = 400U << 10U;

/// A server or a batch run makes and drops one stream after the other: the last banks stay, at most
/// 2 MB of them.
constexpr std::size_t kKept = 4;

/// The taps at `fraction` of a sample after an input sample, with a sum of 1, so that a constant
/// goes through unchanged whatever the position.
std::vector<double> design_row(const FilterDesign& design, double fraction) {
  std::vector<double> row(design.taps());
  const double first = fraction + static_cast<double>(design.half_width()) - 1.0;
  double sum = 0.0;
  for (std::size_t j = 0; j < row.size(); ++j) {
    row[j] = design.at(first - static_cast<double>(j));
    sum += row[j];
  }
  for (double& tap : row) tap /= sum;
  return row;
}

}  // namespace

template <typename T>
FilterBank<T>::FilterBank(int up, int down, Quality quality) : up_(up), down_(down) {
  const FilterDesign design(up, down, quality, kPartialSums);
  taps_ = design.taps();
  exact_ = static_cast<std::size_t>(up) * taps_ * sizeof(T) <= kMaxExactBytes;
  phases_ = exact_ ? up : design.phases_for_interpolation();
  const int first = exact_ ? 0 : -1;
  const int last = exact_ ? up - 1 : phases_ + 1;
  rows_ = hwy::AllocateAligned<T>(static_cast<std::size_t>(last - first + 1) * taps_);
  if (rows_ == nullptr) throw std::bad_alloc();
  // The response is even, so the row at 1 - x is the one at x, backwards.
  for (int phase = first; 2 * phase <= phases_; ++phase) {
    const std::vector<double> taps = design_row(design, static_cast<double>(phase) / phases_);
    const auto round = [](double tap) { return static_cast<T>(tap); };
    std::transform(taps.begin(), taps.end(), mutable_row(phase), round);
    const int mirror = phases_ - phase;
    if (mirror <= last) std::transform(taps.rbegin(), taps.rend(), mutable_row(mirror), round);
  }
}

template <typename T>
std::shared_ptr<const FilterBank<T>> shared_filter_bank(int up, int down, Quality quality) {
  using Key = std::tuple<int, int, Quality>;
  static std::mutex mutex;
  static std::map<Key, std::weak_ptr<const FilterBank<T>>> cache;
  static std::deque<std::shared_ptr<const FilterBank<T>>> kept;
  // Held while a bank is computed (milliseconds): a second stream of the same kind waits for it
  // instead of computing it again.
  const std::lock_guard lock(mutex);
  std::erase_if(cache, [](const auto& item) { return item.second.expired(); });
  std::weak_ptr<const FilterBank<T>>& entry = cache[Key(up, down, quality)];
  std::shared_ptr<const FilterBank<T>> bank = entry.lock();
  if (bank == nullptr) {
    bank = std::make_shared<const FilterBank<T>>(up, down, quality);
    entry = bank;
    kept.push_back(bank);
    if (kept.size() > kKept) kept.pop_front();
  }
  return bank;
}

template class FilterBank<float>;
template class FilterBank<double>;
template std::shared_ptr<const FilterBank<float>> shared_filter_bank(int, int, Quality);
template std::shared_ptr<const FilterBank<double>> shared_filter_bank(int, int, Quality);

}  // namespace remotemedia::dsp
