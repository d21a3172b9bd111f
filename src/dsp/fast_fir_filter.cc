#include "dsp/fast_fir_filter.h"

#include "dsp/block_kernel.h"

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>
#include <vector>

namespace remotemedia::dsp {
namespace {

constexpr std::size_t kSteps = kBlockOutputs / 2;  // n of a block
constexpr std::size_t kInputs = 6 * kSteps;        // that a block moves on
constexpr std::size_t kLookAhead = 6;              // of sums_

/// Blocks at a time: bounds the memory on the stack.
constexpr std::size_t kBatch = 24;

/// Coefficients of the two outputs of a pair for the inputs 0, 1, ... from the pair's time on.
std::array<std::vector<double>, 2> pair_taps(const TapRows& taps) {
  std::array<std::vector<double>, 2> result;
  for (std::size_t p = 0; p < 2; ++p) {
    // Output p of a pair lies at 3/2 p: its window begins p inputs later.
    result[p].assign(p, 0.0);
    result[p].insert(result[p].end(), taps.rows[p].begin(), taps.rows[p].end());
    result[p].resize(taps.taps() + 1);
  }
  return result;
}

std::size_t columns_for(std::size_t taps) {
  const std::size_t triples = (taps + 1 + 5) / 6 + kSteps - 1;
  return 3 * (triples + triples % 2);
}

}  // namespace

FastFirBank::FastFirBank(const TapRows& taps)
    : half_width_(taps.taps() / 2),
      columns_(columns_for(taps.taps())),
      coefficients_(hwy::AllocateAligned<float>(3 * columns_ * kBlockOutputs)) {
  assert(taps.up == up() && taps.down == down());
  if (coefficients_ == nullptr) throw std::bad_alloc();
  const auto pairs = pair_taps(taps);
  const auto tap = [&](std::size_t p, std::size_t i) {
    return i < pairs[p].size() ? pairs[p][i] : 0.0;
  };
  for (std::size_t column = 0; column < columns_; ++column) {
    for (std::size_t lane = 0; lane < kBlockOutputs; ++lane) {
      const std::size_t n = lane / 2;
      const bool inside = column / 3 >= n;
      const std::size_t i = inside ? 6 * (column / 3 - n) + column % 3 : 0;
      const double a = inside ? tap(lane % 2, i) : 0.0;
      const double b = inside ? tap(lane % 2, i + 3) : 0.0;
      float* to = coefficients_.get() + column * kBlockOutputs + lane;
      to[0] = static_cast<float>(a);
      to[columns_ * kBlockOutputs] = static_cast<float>(b);
      to[2 * columns_ * kBlockOutputs] = static_cast<float>(a + b);
    }
  }
}

FastFirFilter::FastFirFilter(std::shared_ptr<const FastFirBank> bank)
    : bank_(std::move(bank)),
      span_(2 * bank_->columns() + kLookAhead),
      history_(span_, kMaxInput),
      sums_(span_, kMaxInput) {
  reset();
}

void FastFirFilter::reset() {
  // Output 0 lies at input 0: its window begins half_width - 1 zeros before the first input.
  const std::size_t silence = bank_->half_width() - FastFirBank::kMore - 1;
  history_.reset(silence);
  sums_.reset(silence - kLookAhead);
  carry_ = {};
  given_ = kBefore;
}

std::span<float> FastFirFilter::input(std::size_t count) { return history_.extend(count); }

void FastFirFilter::take() {
  const std::size_t count = history_.size() - kLookAhead - sums_.size();
  const float* x = history_.data() + sums_.size();
  add(x + 3, x + kLookAhead, sums_.extend(count).data(), count);
}

std::size_t FastFirFilter::ready() const {
  if (history_.size() < span_) return 0;
  return ((history_.size() - span_) / kInputs + 1) * kOutputs - given_;
}

void FastFirFilter::advance(float* out, std::size_t count) {
  while (count > 0) {
    if (given_ == 0 && count >= kOutputs) {
      const std::size_t blocks = std::min(kBatch, count / kOutputs);
      compute(out, blocks, carry_);
      drop(blocks);
      out += blocks * kOutputs;
      count -= blocks * kOutputs;
    } else {
      const std::size_t given = give_part(out, count);
      out += given;
      count -= given;
    }
  }
}

std::size_t FastFirFilter::give_part(float* out, std::size_t most) {
  std::array<float, kOutputs> block;
  std::array<float, 2> carry = carry_;
  compute(block.data(), 1, carry);
  const bool asked_beyond = given_ == kOutputs;
  const std::size_t wanted = std::min(most, kOutputs - given_);
  std::copy_n(block.data() + given_, wanted, out);
  given_ += wanted;
  // What is carried over needs more inputs than the outputs of the block: those that the first
  // output of the next block needs.
  if (asked_beyond || (given_ == kOutputs && history_.size() >= span_)) {
    carry_ = carry;
    drop(1);
    given_ = 0;
  }
  return wanted;
}

void FastFirFilter::drop(std::size_t blocks) {
  history_.drop(blocks * kInputs);
  sums_.drop(blocks * kInputs);
}

void FastFirFilter::compute(float* out, std::size_t blocks, std::array<float, 2>& carry) const {
  // Each begins with the last two values before the blocks, those of v - w in v.
  struct Values {
    std::array<float, 2 + kBatch * kBlockOutputs> all;
    float* first() { return all.data() + 2; }
  };
  Values u;
  Values w;
  Values v;
  const auto filter = [&](const float* coefficients, const float* first, Values& values) {
    const Windows windows{.first = first, .stride = kInputs, .columns = Columns::triples};
    block_products(coefficients, bank_->columns(), windows, blocks, values.first());
  };
  filter(bank_->u(), history_.data(), u);
  filter(bank_->w(), history_.data() + 3, w);
  filter(bank_->v(), sums_.data(), v);
  for (std::size_t i = 0; i < 2; ++i) {
    v.all[i] = carry[i];
    w.all[i] = 0.0F;
    carry[i] = v.all[blocks * kBlockOutputs + i] - w.all[blocks * kBlockOutputs + i];
  }
  combine_pairs(u.first(), w.first(), v.first(), blocks, out);
}

}  // namespace remotemedia::dsp
