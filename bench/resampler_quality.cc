// Prints what each quality of the resampler does to pure tones: the figures of docs/audio.md.

#include "dsp/tone_fit.h"
#include "remotemedia/dsp/resampler.h"

#include <fmt/format.h>

#include <utility>

namespace {

using remotemedia::dsp::Quality;
using remotemedia::dsp::Resampler;
using remotemedia::dsp::ResamplingMode;
using remotemedia::dsp::test::ToneMeter;

struct Row {
  const char* name;
  Quality quality;
  double pass_edge;  // upper edge of the pass band, as a fraction of the lower Nyquist frequency
  ResamplingMode mode = ResamplingMode::live;
};
constexpr Row kRows[] = {{"low", Quality::low, 0.80},
                         {"medium", Quality::medium, 0.87},
                         {"high", Quality::high, 0.913},
                         {"high, offline", Quality::high, 0.913, ResamplingMode::offline},
                         {"very_high", Quality::very_high, 0.95}};
constexpr std::pair<int, int> kRates[] = {{48'000, 16'000}, {44'100, 16'000}, {16'000, 48'000}};

void print_row(int rate, int target_rate, const Row& row) {
  const ToneMeter meter(rate, target_rate, row.quality, row.mode);
  const double edge_hz = row.pass_edge * meter.nyquist_hz();
  const Resampler resampler(
      {.rate = rate, .target_rate = target_rate, .quality = row.quality, .mode = row.mode});
  fmt::print("| {} -> {} | {} | {:.0f} | {:.5f} | {:.0f} | {:.1f} |", rate, target_rate, row.name,
             edge_hz, meter.ripple_db(edge_hz), meter.minus_3_db_hz(),
             meter.worst_signal_to_noise_db(edge_hz));
  if (rate > target_rate) {
    fmt::print(" {:.1f} | {:.1f} |", meter.worst_rejection_db(meter.nyquist_hz()),
               meter.worst_rejection_db(1.05 * meter.nyquist_hz()));
  } else {
    fmt::print(" | |");
  }
  fmt::print(" {:.2f} |\n", 1e3 * static_cast<double>(resampler.latency_frames()) / rate);
}

}  // namespace

int main() {
  fmt::print(
      "| rates, Hz | quality | pass band to, Hz | ripple in it, dB | -3 dB at, Hz | signal to "
      "noise, "
      "dB | rejection, dB | rejection 5 % above, dB | waits for, ms |\n"
      "|---|---|---|---|---|---|---|---|---|\n");
  for (const auto& [rate, target_rate] : kRates) {
    for (const Row& row : kRows) print_row(rate, target_rate, row);
  }
  return 0;
}
