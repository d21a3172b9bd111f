#include "cli/interruption.h"

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace remotemedia::cli {
namespace {

constexpr char kSignalled = 's';
constexpr char kEnd = 'e';

// Touched by the signal handler, so lock-free. Relaxed: each publishes nothing but itself, and the
// handler runs on a thread that has seen what the program did before.
std::atomic<int> received{0};
std::atomic<int> write_end{-1};

// The other end of the pipe, for the watch.
int read_end = -1;

void tell(char what) {
  // The pipe is far from full, and an interrupted write of one byte has written nothing.
  while (write(write_end.load(std::memory_order_relaxed), &what, 1) < 0 && errno == EINTR) {
  }
}

void on_signal(int number) {
  const int error_of_interrupted_code = errno;
  received.store(number, std::memory_order_relaxed);
  tell(kSignalled);
  errno = error_of_interrupted_code;
}

/// The next byte of the pipe.
char heard() {
  char what = kEnd;
  while (read(read_end, &what, 1) < 0 && errno == EINTR) {
  }
  return what;
}

}  // namespace

Interruption::Interruption() {
  received.store(0, std::memory_order_relaxed);
  std::array<int, 2> ends = {};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot make a pipe");
  }
  read_end = ends[0];
  write_end.store(ends[1], std::memory_order_relaxed);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i], nullptr, &before_[i]);
    // nohup wants the run to outlive its terminal.
    if (kSignals[i] == SIGHUP && before_[i].sa_handler == SIG_IGN) continue;
    struct sigaction action = {};
    action.sa_handler = on_signal;
    // No SA_RESTART: a read that waits for standard input has to end.
    // Every further line that is printed raises SIGPIPE again; the clean-up shall survive that.
    if (kSignals[i] != SIGPIPE) action.sa_flags |= static_cast<int>(SA_RESETHAND);
    sigaction(kSignals[i], &action, nullptr);
  }
}

Interruption::~Interruption() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
  close(read_end);
  close(write_end.load(std::memory_order_relaxed));
}

Interruption::Watch::Watch(Session& session)
    : thread_([&session] {
        while (heard() == kSignalled) session.stop();
      }) {
  // The thread may not have heard of it yet.
  if (signal() != 0) session.stop();
}

Interruption::Watch::~Watch() {
  tell(kEnd);
  thread_.join();
}

int Interruption::signal() { return received.load(std::memory_order_relaxed); }

}  // namespace remotemedia::cli
