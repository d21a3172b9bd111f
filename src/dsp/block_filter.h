#pragma once

#include "dsp/block_bank.h"
#include "dsp/block_kernel.h"
#include "dsp/filter_stage.h"
#include "dsp/history.h"

#include <array>
#include <memory>

namespace remotemedia::dsp {

/// A filter that computes outputs in blocks of 16 on a fixed grid. Where a block is wanted before
/// all of its inputs are there, it is computed with what lies behind them times zero, and once more
/// later: the same bits at twice the work. Memory: a History.
class BlockFilter final : public FilterStage {
 public:
  explicit BlockFilter(std::shared_ptr<const BlockBank> bank);

  std::span<float> input(std::size_t count) override { return history_.extend(count); }
  void take() override {}
  /// Outputs of complete blocks.
  [[nodiscard]] std::size_t ready() const override;
  void advance(float* out, std::size_t count) override;
  void reset() override;

 private:
  void compute_blocks(float* out, std::size_t count) const;
  void next_blocks(std::size_t count);

  std::shared_ptr<const BlockBank> bank_;
  History<float> history_;  // from the first input of block_ on
  std::size_t block_ = 0;   // of the period
  std::size_t given_ = 0;   // outputs of that block that have been given
};

}  // namespace remotemedia::dsp
