#pragma once

#include "dsp/block_bank.h"
#include "dsp/filter_stage.h"
#include "dsp/history.h"

#include <memory>

namespace remotemedia::dsp {

/// A low-pass that halves the rate and whose edges lie symmetrically about a quarter of it, so that
/// every second tap is 0 but for the middle one.
struct HalfBandBank {
  /// `band.pass + band.stop` is half a cycle per input sample.
  explicit HalfBandBank(const Band& band);

  [[nodiscard]] static int up() { return 1; }
  [[nodiscard]] static int down() { return 2; }
  [[nodiscard]] std::size_t half_width() const { return 2 * others.half_width(); }

  float middle;
  BlockBank others;  ///< the taps beside the middle one, for every second input
};

/// As BlockFilter, at half of its work; gives whole blocks only. Memory: a History.
class HalfBandFilter final : public FilterStage {
 public:
  explicit HalfBandFilter(std::shared_ptr<const HalfBandBank> bank);

  std::span<float> input(std::size_t count) override { return history_.extend(count); }
  void take() override {}
  [[nodiscard]] std::size_t ready() const override;
  /// `count` is a multiple of kBlockOutputs.
  void advance(float* out, std::size_t count) override;
  void reset() override;

 private:
  std::shared_ptr<const HalfBandBank> bank_;
  History<float> history_;  // from the first input of the next block on
};

}  // namespace remotemedia::dsp
