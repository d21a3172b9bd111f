#include "remotemedia/base/worker_pool.h"

#include "remotemedia/base/thread_scheduling.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <pthread.h>
#include <thread>
#include <utility>

namespace remotemedia {
namespace {

// Long enough that a session's next packet finds the thread of the last one.
constexpr std::chrono::seconds kIdleTime{10};

std::size_t most_brief() {
  static const std::size_t most =
      std::max<std::size_t>(kLeastBrief, std::thread::hardware_concurrency());
  return most;
}

class WorkerPool;

// The pool whose brief task this thread runs, outside of blocking scopes.
thread_local WorkerPool* brief_in = nullptr;

class WorkerPool {
 public:
  void run(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    try {
      call_thread();
    } catch (...) {
      tasks_.pop_back();
      throw;
    }
  }

  void run_briefly(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    brief_tasks_.push_back(std::move(task));
    try {
      start_brief();
    } catch (...) {
      if (brief_ > 0) return;  // one that runs takes it
      brief_tasks_.pop_back();
      throw;
    }
  }

  void begin_blocking() {
    const std::lock_guard lock(mutex_);
    --brief_;
    try {
      start_brief();
    } catch (...) {  // no thread can be had: the others wait for this one
    }
  }

  void end_blocking() {
    const std::lock_guard lock(mutex_);
    ++brief_;
  }

 private:
  // All below with the lock, but where they run tasks.

  /// Makes a thread come for what has just been added.
  void call_thread() {
    if (idle_ + coming_ >= tasks_.size() + brief_calls_) {
      changed_.notify_one();
      return;
    }
    std::thread([this] { work(); }).detach();
    ++coming_;
  }

  /// Makes one more thread come for the brief tasks, if there may be one.
  void start_brief() {
    if (brief_tasks_.empty() || brief_ >= most_brief()) return;
    ++brief_;
    ++brief_calls_;
    try {
      call_thread();
    } catch (...) {
      --brief_;
      --brief_calls_;
      throw;
    }
  }

  void work() {
    restore_thread_scheduling();  // a task may block or compute for long, whoever asks for it
    std::unique_lock lock(mutex_);
    --coming_;
    for (;;) {
      while (has_work()) work_once(lock);
      ++idle_;
      const bool called = changed_.wait_for(lock, kIdleTime, [this] { return has_work(); });
      --idle_;
      if (!called) return;
    }
  }

  [[nodiscard]] bool has_work() const { return !tasks_.empty() || brief_calls_ > 0; }

  void work_once(std::unique_lock<std::mutex>& lock) {
    if (!tasks_.empty()) return run_first(tasks_, lock);
    --brief_calls_;
    while (!brief_tasks_.empty() && brief_ <= most_brief()) {
      brief_in = this;
      run_first(brief_tasks_, lock);
      brief_in = nullptr;
    }
    --brief_;
  }

  static void run_first(std::deque<std::function<void()>>& tasks,
                        std::unique_lock<std::mutex>& lock) {
    std::function<void()> task = std::move(tasks.front());
    tasks.pop_front();
    lock.unlock();
    task();
    task = nullptr;  // what it holds goes before the next wait
    lock.lock();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;  ///< not longer than the threads that come for them
  std::size_t idle_ = 0;
  std::size_t coming_ = 0;  ///< threads that have been started and are not here yet
  std::deque<std::function<void()>> brief_tasks_;
  std::size_t brief_ = 0;        ///< threads for brief tasks, but for those inside a blocking scope
  std::size_t brief_calls_ = 0;  ///< of those, how many have not come yet
};

// Never destroyed: its threads may outlive the static objects of the process.
std::atomic<WorkerPool*> pool{nullptr};

// The child of a fork has none of the threads, so it starts with a pool of its own.
WorkerPool& process_pool() {
  static const int registered = pthread_atfork(
      nullptr, nullptr, [] { pool.store(new WorkerPool, std::memory_order_relaxed); });
  static_cast<void>(registered);
  static WorkerPool* const first = [] {
    auto* made = new WorkerPool;  // NOLINT(cppcoreguidelines-owning-memory)
    pool.store(made, std::memory_order_relaxed);
    return made;
  }();
  static_cast<void>(first);
  return *pool.load(std::memory_order_relaxed);
}

}  // namespace

void run_on_worker(std::function<void()> task) { process_pool().run(std::move(task)); }

void run_briefly_on_worker(std::function<void()> task) {
  process_pool().run_briefly(std::move(task));
}

BlockingScope::BlockingScope() : pool_(std::exchange(brief_in, nullptr)) {
  if (pool_ != nullptr) static_cast<WorkerPool*>(pool_)->begin_blocking();
}

BlockingScope::~BlockingScope() {
  if (pool_ == nullptr) return;
  static_cast<WorkerPool*>(pool_)->end_blocking();
  brief_in = static_cast<WorkerPool*>(pool_);
}

}  // namespace remotemedia
