#include "dsp/half_band_filter.h"

#include "dsp/block_kernel.h"

#include <cassert>
#include <utility>

namespace remotemedia::dsp {
namespace {

constexpr std::size_t kBandInputs = 2 * kBlockOutputs;  // that a block moves on

/// The taps of a half-band filter: those at odd times, and the one at 0.
struct HalfBandTaps {
  explicit HalfBandTaps(const Band& band) {
    const FilterDesign design(band, 4);
    const std::vector<double> taps = design.row(0.0);
    // Tap j lies half_width - 1 - j before the middle, and half_width is even.
    for (std::size_t j = 0; j < taps.size(); j += 2) others.push_back(taps[j]);
    middle = taps[design.half_width() - 1];
  }
  std::vector<double> others;
  double middle = 0.0;
};

}  // namespace

HalfBandBank::HalfBandBank(const Band& band)
    : middle(static_cast<float>(HalfBandTaps(band).middle)),
      others(TapRows{1, 1, {HalfBandTaps(band).others}}) {}

HalfBandFilter::HalfBandFilter(std::shared_ptr<const HalfBandBank> bank)
    : bank_(std::move(bank)), history_(2 * bank_->others.span(), kMaxInput) {
  reset();
}

void HalfBandFilter::reset() { history_.reset(bank_->half_width() - 1); }

std::size_t HalfBandFilter::ready() const {
  const std::size_t span = 2 * bank_->others.span();
  if (history_.size() < span) return 0;
  return ((history_.size() - span) / kBandInputs + 1) * kBlockOutputs;
}

void HalfBandFilter::advance(float* out, std::size_t count) {
  assert(count % kBlockOutputs == 0);
  const std::size_t blocks = count / kBlockOutputs;
  block_products(bank_->others.coefficients(0), bank_->others.span(),
                 {.first = history_.data(), .stride = kBandInputs, .columns = Columns::alternate},
                 blocks, out);
  add_even_samples(history_.data() + bank_->half_width() - 1, bank_->middle, out, count);
  history_.drop(blocks * kBandInputs);
}

}  // namespace remotemedia::dsp
