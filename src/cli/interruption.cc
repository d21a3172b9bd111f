#include "cli/interruption.h"

#include <atomic>

namespace remotemedia::cli {
namespace {

// Touched by the signal handler, so lock-free. Relaxed: each publishes nothing but itself, and the
// handler runs on a thread that has seen what the program did before.
std::atomic<int> received{0};
std::atomic<Session*> watched{nullptr};
static_assert(std::atomic<Session*>::is_always_lock_free);

void on_signal(int number) {
  received.store(number, std::memory_order_relaxed);
  if (Session* session = watched.load(std::memory_order_relaxed)) session->cancel();
}

}  // namespace

Interruption::Interruption() {
  received.store(0, std::memory_order_relaxed);
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
}

Interruption::Watch::Watch(Session& session) {
  watched.store(&session, std::memory_order_relaxed);
  if (signal() != 0) session.cancel();
}

Interruption::Watch::~Watch() { watched.store(nullptr, std::memory_order_relaxed); }

int Interruption::signal() { return received.load(std::memory_order_relaxed); }

}  // namespace remotemedia::cli
