#pragma once

#include "dsp/block_bank.h"
#include "dsp/fast_fir_filter.h"
#include "dsp/filter_bank.h"
#include "dsp/filter_stage.h"
#include "dsp/fourier_filter.h"
#include "dsp/half_band_filter.h"
#include "remotemedia/dsp/resampler.h"

#include <cstddef>
#include <memory>
#include <variant>
#include <vector>

namespace remotemedia::dsp {

/// The filters of one rate change, immutable and shared by all streams that use it.
///
/// A sharp filter is long, in time: 11.6 ms for 16 kHz at quality "high". Its cost is its length at
/// its input's rate times its output's rate. So where the rates differ by 3 : 2 or more, all of the
/// sharpness lies in one filter between the lower rate and 3/2 of it, and a short one leads from or
/// to the other rate:
///
///   down   rate -> coarse -> 3/2 target rate -> sharp -> target rate
///   up     rate -> sharp -> 3/2 rate -> coarse -> target rate
///
/// The coarse filter passes all of the lower rate's band and stops what would fall into it; from
/// three times the target rate it is a half-band filter. Closer rates have one filter. A filter
/// works in blocks (BlockFilter) if its bank of coefficients stays in the second-level cache beside
/// the audio, else output by output (PolyphaseFilter), as does very_high, which needs double
/// precision. Offline the sharp filter multiplies spectra (FourierFilter).
struct ResamplingPlan {
  using Bank = std::variant<std::shared_ptr<const BlockBank>, std::shared_ptr<const HalfBandBank>,
                            std::shared_ptr<const FastFirBank>, std::shared_ptr<const FourierBank>,
                            std::shared_ptr<const FilterBank<float>>,
                            std::shared_ptr<const FilterBank<double>>>;

  std::vector<Bank> banks;
  /// Input frames that must follow a frame before its output appears. Where blocks end the plan, it
  /// is such that after whole multiples of their length no block is left half done.
  std::size_t latency_frames = 0;
};

/// The plan for up / down (reduced, not 1 / 1), from the process-wide cache, which holds the plans
/// in use and the last few that were. Any thread.
std::shared_ptr<const ResamplingPlan> shared_plan(int up, int down, Quality quality,
                                                  ResamplingMode mode);
/// Whether it is there. Does not wait: false while one is being made, too.
bool has_plan(int up, int down, Quality quality, ResamplingMode mode);

std::unique_ptr<FilterStage> make_stage(const ResamplingPlan::Bank& bank);

}  // namespace remotemedia::dsp
