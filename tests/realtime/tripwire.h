#pragma once

namespace remotemedia::test {

/// While it lives, its thread may not take or give back heap memory, take a lock that can wait, or
/// enter the system: a report goes to stderr, with a backtrace, and the program aborts. That is
/// what nodes promise for `process`. Memory and locks are those of the C library, which the
/// program interposes (interposed.cc); system calls are caught by the kernel (Syscall User
/// Dispatch), those of the vDSO, which reads clocks, excepted.
class Tripwire {
 public:
  Tripwire() noexcept;
  ~Tripwire();
  Tripwire(const Tripwire&) = delete;
  Tripwire& operator=(const Tripwire&) = delete;

  /// Whether this kernel lets system calls be caught.
  static bool catches_system_calls();
};

/// Reports name the node while it lives; the name must outlive it. Nests.
class RunningNode {
 public:
  explicit RunningNode(const char* name) noexcept;
  ~RunningNode();
  RunningNode(const RunningNode&) = delete;
  RunningNode& operator=(const RunningNode&) = delete;

 private:
  const char* outer_;
};

/// Called by what is interposed: reports and aborts if the thread has a tripwire.
void forbidden(const char* what) noexcept;

}  // namespace remotemedia::test
