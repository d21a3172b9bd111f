#include "graph/process_memory.h"

#include <cstdio>
#include <fstream>
#include <string>
#include <sys/resource.h>

namespace remotemedia {
namespace {

/// Of this process, or of the program that started it: Linux keeps it across exec.
std::uint64_t peak_of_usage() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024U;
}

/// Of this program, or 0 where the system does not tell. Takes some ten times as long.
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
    const std::uint64_t usage = peak_of_usage();
    return usage > peak_of_program() ? usage : 0;
  }();
  const std::uint64_t usage = peak_of_usage();
  if (usage > inherited) return usage;
  const std::uint64_t own = peak_of_program();
  return own > 0 ? own : usage;
}

}  // namespace remotemedia
