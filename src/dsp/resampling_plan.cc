#include "dsp/resampling_plan.h"

#include "dsp/block_filter.h"
#include "dsp/dot_kernel.h"
#include "dsp/polyphase_filter.h"
#include "dsp/sharp_filter.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <mutex>
#include <numeric>
#include <tuple>
#include <utility>

namespace remotemedia::dsp {
namespace {

using Bank = ResamplingPlan::Bank;

constexpr std::size_t kMaxBlockBytes = 320U << 10U;

/// A server or a batch run makes and drops one stream after the other: the last plans stay, at most
/// 3 MB of them.
constexpr std::size_t kKept = 4;

/// The images of both filters add up, and a short filter falls a little short of Kaiser's formula.
constexpr double kCoarseMarginDb = 5.0;

struct Ratio {
  int up;
  int down;
};

Ratio reduced(int up, int down) {
  const int divisor = std::gcd(up, down);
  return {up / divisor, down / divisor};
}

/// A filter with these edges in cycles per input sample, in blocks if they fit.
Bank bank_of(const Band& band, const Ratio& ratio) {
  const FilterDesign for_blocks(band, 2);
  if (BlockBank::bytes(ratio.up, ratio.down, for_blocks.taps()) <= kMaxBlockBytes) {
    return std::make_shared<const BlockBank>(design_rows(for_blocks, ratio.up, ratio.down));
  }
  return std::make_shared<const FilterBank<float>>(FilterDesign(band, kPartialSums), ratio.up,
                                                   ratio.down);
}

Band scaled(const Band& band, double nyquist) {
  return {band.pass * nyquist, band.stop * nyquist, band.attenuation_db};
}

std::vector<Bank> single_bank(const Ratio& ratio, Quality quality) {
  const double nyquist = 0.5 * std::min(1.0, static_cast<double>(ratio.up) / ratio.down);
  const Band band = scaled(band_of(quality), nyquist);
  if (quality != Quality::very_high) return {bank_of(band, ratio)};
  return {std::make_shared<const FilterBank<double>>(FilterDesign(band, kPartialSums), ratio.up,
                                                     ratio.down)};
}

/// From a higher rate to 3/2 of the target rate, or the other way, which has the lower rate's
/// Nyquist frequency `nyquist`, in cycles per input sample, to pass, and twice that to stop.
Bank coarse_bank(const Ratio& ratio, double nyquist, Quality quality) {
  const Band band{nyquist, 2.0 * nyquist, band_of(quality).attenuation_db + kCoarseMarginDb};
  if (ratio.up == 1 && ratio.down == 2) return std::make_shared<const HalfBandBank>(band);
  return bank_of(band, ratio);
}

/// Between a rate and 3/2 of it.
Bank sharp_bank(int up, int down, Quality quality, ResamplingMode mode) {
  const TapRows rows = sharp_rows(up, down, quality);
  if (mode == ResamplingMode::offline) return std::make_shared<const FourierBank>(rows);
  if (up < down) return std::make_shared<const FastFirBank>(rows);
  return std::make_shared<const BlockBank>(rows);
}

std::vector<Bank> make_banks(const Ratio& ratio, Quality quality, ResamplingMode mode) {
  const int lower = std::min(ratio.up, ratio.down);
  const int higher = std::max(ratio.up, ratio.down);
  if (quality == Quality::very_high || 3 * std::int64_t{lower} > 2 * std::int64_t{higher}) {
    return single_bank(ratio, quality);
  }
  if (ratio.up < ratio.down) {
    const Bank sharp = sharp_bank(2, 3, quality, mode);
    const Ratio coarse = reduced(3 * ratio.up, 2 * ratio.down);
    if (coarse.up == coarse.down) return {sharp};
    return {coarse_bank(coarse, 0.5 * ratio.up / ratio.down, quality), sharp};
  }
  const Bank sharp = sharp_bank(3, 2, quality, mode);
  const Ratio coarse = reduced(2 * ratio.up, 3 * ratio.down);
  if (coarse.up == coarse.down) return {sharp};
  return {sharp, coarse_bank(coarse, 1.0 / 3.0, quality)};
}

/// Outputs that a filter computes at a time, and how many before the first of a stream its grid
/// begins.
struct Grid {
  std::size_t outputs = 1;
  std::size_t before = 0;
};

Grid grid_of(const BlockBank& /*bank*/) { return {kBlockOutputs}; }
Grid grid_of(const HalfBandBank& /*bank*/) { return {kBlockOutputs}; }
Grid grid_of(const FastFirBank& /*bank*/) {
  return {FastFirFilter::kOutputs, FastFirFilter::kBefore};
}
/// Its half_width has all that is waited for.
Grid grid_of(const FourierBank& /*bank*/) { return {}; }
template <typename T>
Grid grid_of(const FilterBank<T>& /*bank*/) {
  return {};
}

/// What decides the delay of a filter.
struct Timing {
  double inputs_per_output;
  double half_width;
  Grid grid;
};

Timing timing_of(const Bank& bank) {
  const auto timing = [](const auto& filter) {
    return Timing{static_cast<double>(filter->down()) / filter->up(),
                  static_cast<double>(filter->half_width()), grid_of(*filter)};
  };
  return std::visit(timing, bank);
}

/// Outputs of the first filter come in groups, of which the last one that the second filter waits
/// for may only just have begun.
std::size_t least_latency(const std::vector<Bank>& banks) {
  const Timing first = timing_of(banks.front());
  if (banks.size() == 1) return static_cast<std::size_t>(first.half_width);
  const double rest = static_cast<double>(first.grid.outputs) - 1.0;
  const double awaited = (timing_of(banks.back()).half_width + rest) * first.inputs_per_output;
  return static_cast<std::size_t>(std::ceil(awaited + first.half_width + 1.0));
}

/// The next latency after which a whole number of groups has been given whenever a whole number of
/// their lengths has come, if one is near.
std::size_t whole_groups_latency(std::size_t least, const Ratio& ratio, const Grid& grid) {
  const auto up = static_cast<std::size_t>(ratio.up);
  const auto down = static_cast<std::size_t>(ratio.down);
  const std::size_t most = least + grid.outputs * (down / up + 1);
  for (std::size_t latency = least; latency < most; ++latency) {
    if (latency * up / down % grid.outputs == grid.before) return latency;
  }
  return least;
}

ResamplingPlan make_plan(const Ratio& ratio, Quality quality, ResamplingMode mode) {
  ResamplingPlan plan{make_banks(ratio, quality, mode), 0};
  plan.latency_frames =
      whole_groups_latency(least_latency(plan.banks), ratio, timing_of(plan.banks.back()).grid);
  return plan;
}

/// The plans in use, and the last few that were made.
class KnownPlans {
 public:
  using Plan = std::shared_ptr<const ResamplingPlan>;
  using Key = std::tuple<int, int, Quality, ResamplingMode>;

  static KnownPlans& shared() {
    static KnownPlans plans;
    return plans;
  }

  Plan plan(const Key& key) {
    // Held while a plan is made (milliseconds): a second stream of the same kind waits for it
    // instead of making it again.
    const std::lock_guard lock(mutex_);
    if (const auto found = known_.find(key); found != known_.end()) {
      if (Plan plan = found->second.lock()) return plan;
    }
    std::erase_if(known_, [](const auto& item) { return item.second.expired(); });
    const auto [up, down, quality, mode] = key;
    Plan plan = std::make_shared<const ResamplingPlan>(make_plan({up, down}, quality, mode));
    known_[key] = plan;
    kept_.push_back(plan);
    if (kept_.size() > kKept) kept_.pop_front();
    return plan;
  }

  bool has(const Key& key) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock.owns_lock()) return false;
    const auto found = known_.find(key);
    return found != known_.end() && !found->second.expired();
  }

 private:
  std::mutex mutex_;
  std::map<Key, std::weak_ptr<const ResamplingPlan>> known_;
  std::deque<Plan> kept_;
};

}  // namespace

std::shared_ptr<const ResamplingPlan> shared_plan(int up, int down, Quality quality,
                                                  ResamplingMode mode) {
  return KnownPlans::shared().plan({up, down, quality, mode});
}

bool has_plan(int up, int down, Quality quality, ResamplingMode mode) {
  return KnownPlans::shared().has({up, down, quality, mode});
}

std::unique_ptr<FilterStage> make_stage(const ResamplingPlan::Bank& bank) {
  struct Make {
    using Stage = std::unique_ptr<FilterStage>;
    Stage operator()(const std::shared_ptr<const BlockBank>& filter) const {
      return std::make_unique<BlockFilter>(filter);
    }
    Stage operator()(const std::shared_ptr<const HalfBandBank>& filter) const {
      return std::make_unique<HalfBandFilter>(filter);
    }
    Stage operator()(const std::shared_ptr<const FastFirBank>& filter) const {
      return std::make_unique<FastFirFilter>(filter);
    }
    Stage operator()(const std::shared_ptr<const FourierBank>& filter) const {
      return std::make_unique<FourierFilter>(filter);
    }
    Stage operator()(const std::shared_ptr<const FilterBank<float>>& filter) const {
      return std::make_unique<PolyphaseFilter<float>>(filter);
    }
    Stage operator()(const std::shared_ptr<const FilterBank<double>>& filter) const {
      return std::make_unique<PolyphaseFilter<double>>(filter);
    }
  };
  return std::visit(Make(), bank);
}

}  // namespace remotemedia::dsp
