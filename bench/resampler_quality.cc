// Prints what each quality of the resampler does to pure tones: the figures of docs/audio.md.

#include "dsp/tone_fit.h"
#include "remotemedia/dsp/resampler.h"

#include <fmt/format.h>

#include <utility>

namespace {

using remotemedia::dsp::Quality;
using remotemedia::dsp::Resampler;
using remotemedia::dsp::test::ToneMeter;

/// Upper edge of the pass band, as a fraction of the lower Nyquist frequency.
constexpr std::pair<Quality, double> kPassEdges[] = {{Quality::low, 0.80},
                                                     {Quality::medium, 0.87},
                                                     {Quality::high, 0.913},
                                                     {Quality::very_high, 0.95}};
constexpr std::pair<int, int> kRates[] = {{48'000, 16'000}, {44'100, 16'000}, {16'000, 48'000}};

void print_row(int rate, int target_rate, Quality quality, double pass_edge) {
  const ToneMeter meter(rate, target_rate, quality);
  const double edge_hz = pass_edge * meter.nyquist_hz();
  const Resampler resampler({.rate = rate, .target_rate = target_rate, .quality = quality});
  fmt::print("| {} -> {} | {} | {:.0f} | {:.5f} | {:.0f} | {:.1f} |", rate, target_rate,
             to_string(quality), edge_hz, meter.ripple_db(edge_hz), meter.minus_3_db_hz(),
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
    for (const auto& [quality, pass_edge] : kPassEdges) {
      print_row(rate, target_rate, quality, pass_edge);
    }
  }
  return 0;
}
