#include "dsp/block_bank.h"

#include "dsp/block_kernel.h"

#include <algorithm>
#include <new>
#include <numeric>

namespace remotemedia::dsp {
namespace {

constexpr int kOutputsOfBlock = static_cast<int>(kBlockOutputs);

std::size_t blocks_per_period(int up) {
  return static_cast<std::size_t>(up / std::gcd(up, kOutputsOfBlock));
}

/// Inputs between the first inputs of the first and the last output of a block, at most.
std::size_t spread(int up, int down) {
  return static_cast<std::size_t>(((kOutputsOfBlock - 1) * std::int64_t{down} + up - 1) / up);
}

std::size_t span_of(int up, int down, std::size_t taps) {
  const std::size_t inputs = spread(up, down) + taps;
  return inputs + inputs % 2;
}

}  // namespace

BlockBank::BlockBank(const TapRows& taps)
    : up_(taps.up),
      down_(taps.down),
      half_width_(taps.taps() / 2),
      blocks_(blocks_per_period(taps.up)),
      span_(span_of(taps.up, taps.down, taps.taps())),
      coefficients_(hwy::AllocateAligned<float>(blocks_ * floats_per_block())) {
  if (coefficients_ == nullptr) throw std::bad_alloc();
  for (std::size_t block = 0; block <= 2 * blocks_; ++block) {
    begins_.push_back(block * kBlockOutputs * static_cast<std::size_t>(down_) /
                      static_cast<std::size_t>(up_));
  }
  std::fill_n(coefficients_.get(), blocks_ * floats_per_block(), 0.0F);
  for (std::size_t output = 0; output < blocks_ * kBlockOutputs; ++output) {
    const std::size_t position = output * static_cast<std::size_t>(down_);
    const auto up = static_cast<std::size_t>(up_);
    const std::size_t block = output / kBlockOutputs;
    const std::vector<double>& row = taps.rows[position % up];
    float* first = coefficients_.get() + block * floats_per_block() +
                   (position / up - begin(block)) * kBlockOutputs + output % kBlockOutputs;
    for (std::size_t j = 0; j < row.size(); ++j) {
      first[j * kBlockOutputs] = static_cast<float>(row[j]);
    }
  }
}

std::size_t BlockBank::bytes(int up, int down, std::size_t taps) {
  return blocks_per_period(up) * span_of(up, down, taps) * kBlockOutputs * sizeof(float);
}

std::size_t BlockBank::floats_per_block() const { return span_ * kBlockOutputs; }

}  // namespace remotemedia::dsp
