// Prints one line per benchmark: the median of all repetitions, their spread, and how much of the
// audio's own time that is. Options are those of Google Benchmark, e.g. --benchmark_filter=VAD.

#include "remotemedia/dsp/simd.h"

#include <fmt/format.h>

#include <algorithm>
#include <benchmark/benchmark.h>
#include <string>
#include <vector>

namespace {

constexpr const char* kDefaults[] = {"--benchmark_repetitions=20", "--benchmark_min_time=0.02"};

class Table : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& context) override {
    fmt::print("{} CPUs at {:.0f} MHz, instruction set {}, median of the repetitions\n\n",
               context.cpu_info.num_cpus, context.cpu_info.cycles_per_second * 1e-6,
               remotemedia::dsp::simd_target());
    fmt::print("{:<46} {:>12} {:>8} {:>12} {:>12}\n", "", "median us", "spread", "audio ms",
               "load %");
    return true;
  }

  void ReportRuns(const std::vector<Run>& runs) override {
    std::vector<double> times_us;
    for (const Run& run : runs) {
      if (run.error_occurred) {
        fmt::print("{}: {}\n", run.benchmark_name(), run.error_message);
        failed_ = true;
        return;
      }
      if (run.run_type == Run::RT_Iteration) {
        times_us.push_back(run.real_accumulated_time * 1e6 / static_cast<double>(run.iterations));
      }
    }
    if (times_us.empty()) return;
    std::sort(times_us.begin(), times_us.end());
    print(runs.front(), times_us);
  }

  [[nodiscard]] bool failed() const { return failed_; }

 private:
  /// Spread: half of the distance between the quartiles, relative to the median.
  static void print(const Run& run, const std::vector<double>& sorted) {
    const auto at = [&](std::size_t quarter) { return sorted[(sorted.size() - 1) * quarter / 4]; };
    const double median = at(2);
    fmt::print("{:<46} {:>12.3f} {:>7.1f}%", run.run_name.str(), median,
               50.0 * (at(3) - at(1)) / median);
    const auto audio = run.counters.find("audio_ms");
    if (audio != run.counters.end()) {
      const double audio_ms = audio->second;
      fmt::print(" {:>12.0f} {:>12.4f}", audio_ms, median / audio_ms / 10.0);
    }
    fmt::print("\n");
  }

  bool failed_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  // Defaults first: the last of two equal options holds.
  std::vector<std::string> words{argv[0]};
  words.insert(words.end(), std::begin(kDefaults), std::end(kDefaults));
  words.insert(words.end(), argv + 1, argv + argc);
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  int count = static_cast<int>(pointers.size());
  benchmark::Initialize(&count, pointers.data());
  if (benchmark::ReportUnrecognizedArguments(count, pointers.data())) return 2;
  Table table;
  const std::size_t run = benchmark::RunSpecifiedBenchmarks(&table);
  benchmark::Shutdown();
  return run > 0 && !table.failed() ? 0 : 1;
}
