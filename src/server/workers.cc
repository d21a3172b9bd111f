#include "server/workers.h"

#include "remotemedia/base/worker_pool.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace remotemedia::server {

struct Workers::State {
  std::mutex mutex;
  std::condition_variable idle;
  int running = 0;
  int most = 0;

  void done() {
    const std::lock_guard lock(mutex);
    if (--running == 0) idle.notify_all();
  }
};

Workers::Workers(int most) : state_(std::make_shared<State>()) { state_->most = most; }

Workers::~Workers() { wait(Time::max()); }

bool Workers::try_run_briefly(std::function<void()> task) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->running >= state_->most) return false;
  }
  run_briefly_on_worker(counted(std::move(task)));
  return true;
}

void Workers::run(std::function<void()> task) { run_on_worker(counted(std::move(task))); }

std::function<void()> Workers::counted(std::function<void()> task) {
  {
    const std::lock_guard lock(state_->mutex);
    ++state_->running;
  }
  return [state = state_, task = std::move(task)]() mutable {
    task();
    task = nullptr;  // what it holds goes before anybody is told
    state->done();
  };
}

bool Workers::wait(Time timeout) {
  std::unique_lock lock(state_->mutex);
  const auto idle = [this] { return state_->running == 0; };
  if (timeout != Time::max()) return state_->idle.wait_for(lock, timeout, idle);
  state_->idle.wait(lock, idle);
  return true;
}

struct Strand::State : std::enable_shared_from_this<State> {
  explicit State(Workers& its_workers) : workers(its_workers) {}

  void run_all() {
    for (;;) {
      std::function<void()> task;
      {
        const std::lock_guard lock(mutex);
        if (waiting.empty()) {
          running = false;
          return;
        }
        task = std::move(waiting.front());
        waiting.pop_front();
      }
      task();
    }
  }

  Workers& workers;
  std::mutex mutex;
  std::deque<std::function<void()>> waiting;
  bool running = false;
};

Strand::Strand(Workers& workers) : state_(std::make_shared<State>(workers)) {}
Strand::~Strand() = default;

bool Strand::post(std::function<void()> task) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->waiting.size() >= kMaxWaiting) return false;
    state_->waiting.push_back(std::move(task));
    if (std::exchange(state_->running, true)) return true;
  }
  state_->workers.run([state = state_] { state->run_all(); });
  return true;
}

}  // namespace remotemedia::server
