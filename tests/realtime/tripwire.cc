#include "realtime/tripwire.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <execinfo.h>
#include <linux/prctl.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace remotemedia::test {
namespace {

// Read by the kernel at each system call of the thread.
thread_local constinit volatile char system_calls = SYSCALL_DISPATCH_FILTER_ALLOW;
thread_local constinit bool is_armed = false;
thread_local constinit const char* running_node = nullptr;

void disarm() noexcept {
  system_calls = SYSCALL_DISPATCH_FILTER_ALLOW;
  is_armed = false;
}

void say(const char* text) noexcept {
  static_cast<void>(!::write(STDERR_FILENO, text, std::strlen(text)));
}

[[noreturn]] void report(const char* kind, const char* what) noexcept {
  disarm();
  say("tripwire: ");
  say(kind);
  say(what);
  say(" in ");
  say(running_node != nullptr ? running_node : "no node");
  say("\n");
  std::array<void*, 64> frames{};
  const int depth = ::backtrace(frames.data(), static_cast<int>(frames.size()));
  ::backtrace_symbols_fd(frames.data(), depth, STDERR_FILENO);
  std::abort();
}

const char* name_of_system_call(int number) noexcept {
  static constexpr std::pair<long, const char*> kNames[] = {
      {SYS_read, "read"},
      {SYS_write, "write"},
      {SYS_openat, "openat"},
      {SYS_close, "close"},
      {SYS_mmap, "mmap"},
      {SYS_munmap, "munmap"},
      {SYS_mprotect, "mprotect"},
      {SYS_madvise, "madvise"},
      {SYS_brk, "brk"},
      {SYS_futex, "futex"},
      {SYS_sched_yield, "sched_yield"},
      {SYS_clock_nanosleep, "clock_nanosleep"},
      {SYS_clock_gettime, "clock_gettime"},
      {SYS_getrandom, "getrandom"},
      {SYS_ioctl, "ioctl"},
      {SYS_sendto, "sendto"},
      {SYS_recvfrom, "recvfrom"}};
  for (const auto& [known, name] : kNames) {
    if (known == number) return name;
  }
  return "another";
}

void on_system_call(int /*signal*/, siginfo_t* info, void* /*context*/) {
  disarm();
  report("system call ", name_of_system_call(info->si_syscall));
}

bool dispatch_system_calls() noexcept {
  constexpr unsigned long kVdsoBytes = 8192;  // its code
  return ::prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, ::getauxval(AT_SYSINFO_EHDR),
                 kVdsoBytes, &system_calls) == 0;
}

/// What must be there before anything trips: the handler, and what backtrace() loads.
void prepare() noexcept {
  static const bool is_prepared = [] {
    struct sigaction action {};
    action.sa_sigaction = on_system_call;
    action.sa_flags = SA_SIGINFO;
    ::sigaction(SIGSYS, &action, nullptr);
    std::array<void*, 1> frame{};
    ::backtrace(frame.data(), 1);
    return true;
  }();
  static_cast<void>(is_prepared);
}

}  // namespace

Tripwire::Tripwire() noexcept {
  prepare();
  // Each time, as a child of fork() does not inherit it.
  const bool is_dispatching = dispatch_system_calls();
  is_armed = true;
  if (is_dispatching) system_calls = SYSCALL_DISPATCH_FILTER_BLOCK;
}

Tripwire::~Tripwire() { disarm(); }

bool Tripwire::catches_system_calls() { return dispatch_system_calls(); }

RunningNode::RunningNode(const char* name) noexcept : outer_(std::exchange(running_node, name)) {}

RunningNode::~RunningNode() { running_node = outer_; }

void forbidden(const char* what) noexcept {
  if (is_armed) report("", what);
}

}  // namespace remotemedia::test
