#include "graph/process_memory.h"

#include <cstdio>
#include <fstream>
#include <string>
#include <sys/resource.h>

namespace remotemedia {

std::uint64_t peak_memory_bytes() {
  // ru_maxrss would do, but Linux keeps it across exec: it may be that of the program that started
  // this one.
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    unsigned long long kilobytes = 0;
    if (std::sscanf(line.c_str(), "VmHWM: %llu kB", &kilobytes) == 1) return kilobytes * 1024U;
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024U;
}

}  // namespace remotemedia
