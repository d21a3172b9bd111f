#include "dsp/block_filter.h"

#include <algorithm>
#include <utility>

namespace remotemedia::dsp {

BlockFilter::BlockFilter(std::shared_ptr<const BlockBank> bank)
    : bank_(std::move(bank)), history_(bank_->span(), kMaxInput) {
  reset();
}

void BlockFilter::reset() {
  // Output 0 lies at input 0: its window begins half_width - 1 zeros before the first input.
  history_.reset(bank_->half_width() - 1);
  block_ = 0;
  given_ = 0;
}

std::size_t BlockFilter::ready() const {
  if (history_.size() < bank_->span()) return 0;
  // The last block whose first input is not behind this one is complete.
  const std::size_t last = bank_->begin(block_) + history_.size() - bank_->span();
  const auto up = static_cast<std::size_t>(bank_->up());
  const auto down = static_cast<std::size_t>(bank_->down());
  const std::size_t end = ((last + 1) * up - 1) / (kBlockOutputs * down) + 1;
  return (end - block_) * kBlockOutputs - given_;
}

void BlockFilter::advance(float* out, std::size_t count) {
  const auto part = [&](std::size_t wanted) {
    std::array<float, kBlockOutputs> block;
    compute_blocks(block.data(), 1);
    std::copy_n(block.data() + given_, wanted, out);
    given_ += wanted;
    if (given_ == kBlockOutputs) next_blocks(1);
    out += wanted;
    count -= wanted;
  };
  if (given_ > 0 && count > 0) part(std::min(count, kBlockOutputs - given_));
  const std::size_t blocks = count / kBlockOutputs;
  if (blocks > 0) {
    compute_blocks(out, blocks);
    next_blocks(blocks);
    out += blocks * kBlockOutputs;
    count -= blocks * kBlockOutputs;
  }
  if (count > 0) part(count);
}

void BlockFilter::compute_blocks(float* out, std::size_t count) const {
  const std::size_t period = bank_->blocks();
  for (std::size_t k = 0; k < std::min(period, count); ++k) {
    const std::size_t block = block_ + k;
    const float* first = history_.data() + (bank_->begin(block) - bank_->begin(block_));
    block_products(bank_->coefficients(block % period), bank_->span(),
                   {.first = first, .stride = bank_->period()}, (count - k + period - 1) / period,
                   out + k * kBlockOutputs, period);
  }
}

void BlockFilter::next_blocks(std::size_t count) {
  const std::size_t end = block_ + count;
  const std::size_t period = bank_->blocks();
  history_.drop(end / period * bank_->period() + bank_->begin(end % period) - bank_->begin(block_));
  block_ = end % period;
  given_ = 0;
}

}  // namespace remotemedia::dsp
