// Resamplers side by side in one process: speed, latency, memory and quality as JSON on stdout.
// Progress goes to stderr. Any output that is not what it should be ends the program with 1.

#include "bench/peers/harness.h"
#include "remotemedia/dsp/simd.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <string_view>

namespace {

using remotemedia::bench::Job;
using remotemedia::bench::Options;
using remotemedia::bench::Peer;

constexpr const char* kUsage = "usage: resampler_peers [--seconds S] [--rounds N] [--no-quality]\n";

const std::vector<Job> kJobs = {
    {44'100, 16'000, 1, false}, {44'100, 16'000, 2, false}, {44'100, 16'000, 2, true},
    {48'000, 16'000, 1, false}, {48'000, 16'000, 2, false}, {48'000, 16'000, 2, true},
    {16'000, 48'000, 1, false}, {44'100, 48'000, 1, false},
};

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--no-quality") {
      options.quality = false;
    } else if (i + 1 < argc && word == "--seconds") {
      options.seconds = std::atof(argv[++i]);
    } else if (i + 1 < argc && word == "--rounds") {
      options.rounds = std::atoi(argv[++i]);
    } else {
      return false;
    }
  }
  return options.seconds >= 1.0 && options.rounds >= 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  std::vector<Peer> peers;
  remotemedia::bench::add_native(peers);
  remotemedia::bench::add_soxr(peers);
  remotemedia::bench::add_samplerate(peers);
  remotemedia::bench::add_speex(peers);
  remotemedia::bench::add_swresample(peers);

  nlohmann::json report;
  report["simd_target"] = remotemedia::dsp::simd_target();
  report["seconds"] = options.seconds;
  report["rounds"] = options.rounds;
  for (const Peer& peer : peers) report["libraries"][peer.name] = peer.library;
  report["memory"] = measure_memory(peers, kJobs.front());  // before others make what is shared
  report["energy_vad"] = measure_energy_vad(options);
  report["offline"] = measure_offline(peers, kJobs, options);
  std::vector<Peer> live;
  std::ranges::copy_if(peers, std::back_inserter(live), &Peer::live);
  live.push_back(remotemedia::bench::constant_work());
  report["streaming"] = measure_streaming(live, kJobs, options);
  if (options.quality) report["quality"] = measure_quality(peers, kJobs);
  fmt::print("{}\n", report.dump(1));
  return 0;
}
