#include "remotemedia/base/thread_priority.h"

#include <sys/resource.h>
#include <unistd.h>

namespace remotemedia {

#ifdef __linux__

namespace {

// For the kernel each thread is a process, and the first one has the process's number.
constexpr id_t kThisThread = 0;
constexpr int kRaise = 11;  // as PulseAudio and PipeWire

int first_thread_nice() { return getpriority(PRIO_PROCESS, static_cast<id_t>(getpid())); }

}  // namespace

bool raise_thread_priority() noexcept {
  return setpriority(PRIO_PROCESS, kThisThread, first_thread_nice() - kRaise) == 0;
}

void restore_thread_priority() noexcept {
  static_cast<void>(setpriority(PRIO_PROCESS, kThisThread, first_thread_nice()));
}

#else

bool raise_thread_priority() noexcept { return false; }

void restore_thread_priority() noexcept {}

#endif

}  // namespace remotemedia
