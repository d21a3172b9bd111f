#include "remotemedia/base/thread_scheduling.h"

#ifdef __linux__
#include <atomic>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>
#endif

namespace remotemedia {

#ifdef __linux__

namespace {

// For the kernel each thread is a process, and the first one has the process's number.
constexpr id_t kThisThread = 0;
constexpr int kRaise = 11;  // as PulseAudio and PipeWire

std::atomic<bool> some_are_kept{false};

int first_thread_nice() { return getpriority(PRIO_PROCESS, static_cast<id_t>(getpid())); }

/// Fails where there are more processors than the set has room for (1024).
bool first_thread_processors(cpu_set_t& set) {
  return sched_getaffinity(getpid(), sizeof set, &set) == 0;
}

}  // namespace

bool raise_thread_priority() noexcept {
  return setpriority(PRIO_PROCESS, kThisThread, first_thread_nice() - kRaise) == 0;
}

bool keep_thread_on_processor(std::size_t index, std::size_t count) noexcept {
  cpu_set_t usable;
  if (!first_thread_processors(usable)) return false;
  if (index >= count || static_cast<std::size_t>(CPU_COUNT(&usable)) != count) return false;
  int processor = 0;
  for (std::size_t before = 0;; ++processor) {
    if (CPU_ISSET(processor, &usable) && before++ == index) break;
  }
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processor, &one);
  some_are_kept = true;
  return sched_setaffinity(static_cast<pid_t>(kThisThread), sizeof one, &one) == 0;
}

void restore_thread_scheduling() noexcept {
  static_cast<void>(setpriority(PRIO_PROCESS, kThisThread, first_thread_nice()));
  cpu_set_t usable;
  if (!some_are_kept || !first_thread_processors(usable)) return;
  static_cast<void>(sched_setaffinity(static_cast<pid_t>(kThisThread), sizeof usable, &usable));
}

#else

bool raise_thread_priority() noexcept { return false; }

bool keep_thread_on_processor(std::size_t /*index*/, std::size_t /*count*/) noexcept {
  return false;
}

void restore_thread_scheduling() noexcept {}

#endif

}  // namespace remotemedia
