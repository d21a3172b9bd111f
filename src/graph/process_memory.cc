#include "graph/process_memory.h"

#include <cstdio>
#include <fstream>
#include <mutex>
#include <string>
#include <sys/resource.h>

namespace remotemedia {
namespace {

struct Usage {
  std::uint64_t peak_bytes;  ///< also of the program that started this one: Linux keeps it in exec
  std::uint64_t page_faults;
};

Usage usage_of_process() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return {.peak_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024U,
          .page_faults = static_cast<std::uint64_t>(usage.ru_minflt + usage.ru_majflt)};
}

/// Of this program, or 0 where the system does not tell. Takes some hundred times as long.
std::uint64_t peak_of_program() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    unsigned long long kilobytes = 0;
    if (std::sscanf(line.c_str(), "VmHWM: %llu kB", &kilobytes) == 1) return kilobytes * 1024U;
  }
  return 0;
}

}  // namespace

std::uint64_t peak_memory_bytes() {
  // What another program has left is above the first peak of this one, and stays until passed.
  static const std::uint64_t inherited = [] {
    const std::uint64_t peak = usage_of_process().peak_bytes;
    return peak > peak_of_program() ? peak : 0;
  }();
  const Usage usage = usage_of_process();
  if (usage.peak_bytes > inherited) return usage.peak_bytes;
  static std::mutex mutex;
  static std::uint64_t own = 0;
  static std::uint64_t page_faults = 0;
  const std::lock_guard lock(mutex);
  // Memory comes with page faults: without another one the peak is the same. No fault at all means
  // that they are not counted.
  if (own == 0 || usage.page_faults == 0 || usage.page_faults != page_faults) {
    own = peak_of_program();
    page_faults = usage.page_faults;
  }
  return own > 0 ? own : usage.peak_bytes;
}

}  // namespace remotemedia
