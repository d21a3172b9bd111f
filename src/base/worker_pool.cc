#include "remotemedia/base/worker_pool.h"

#include "remotemedia/base/thread_priority.h"

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
    std::unique_lock lock(mutex_);
    tasks_.push_back(std::move(task));
    if (idle_ >= tasks_.size()) {
      lock.unlock();
      changed_.notify_one();
      return;
    }
    try {
      std::thread([this] { work(); }).detach();
    } catch (...) {
      tasks_.pop_back();
      throw;
    }
  }

  void run_briefly(std::function<void()> task) {
    std::unique_lock lock(mutex_);
    brief_tasks_.push_back(std::move(task));
    try {
      start_brief(lock);
    } catch (...) {
      if (!lock.owns_lock()) lock.lock();
      if (brief_ > 0) return;  // one that runs takes it
      brief_tasks_.pop_back();
      throw;
    }
  }

  void begin_blocking() {
    std::unique_lock lock(mutex_);
    --brief_;
    try {
      start_brief(lock);
    } catch (...) {  // no thread can be had: the others wait for this one
    }
  }

  void end_blocking() {
    const std::lock_guard lock(mutex_);
    ++brief_;
  }

 private:
  /// Lets one more thread come for the brief tasks, if there may be one.
  void start_brief(std::unique_lock<std::mutex>& lock) {
    if (brief_tasks_.empty() || brief_ >= most_brief()) return;
    ++brief_;
    lock.unlock();
    try {
      run([this] { work_briefly(); });
    } catch (...) {
      lock.lock();
      --brief_;
      throw;
    }
  }

  void work_briefly() {
    std::unique_lock lock(mutex_);
    while (!brief_tasks_.empty() && brief_ <= most_brief()) {
      std::function<void()> task = std::move(brief_tasks_.front());
      brief_tasks_.pop_front();
      lock.unlock();
      brief_in = this;
      task();
      task = nullptr;
      brief_in = nullptr;
      lock.lock();
    }
    --brief_;
  }

  void work() {
    restore_thread_priority();  // a task may block or compute for long, whoever asks for it
    std::unique_lock lock(mutex_);
    for (;;) {
      while (!tasks_.empty()) {
        std::function<void()> task = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        task();
        task = nullptr;  // what it holds goes before the next wait
        lock.lock();
      }
      ++idle_;
      const bool called = changed_.wait_for(lock, kIdleTime, [this] { return !tasks_.empty(); });
      --idle_;
      if (!called) return;
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;  ///< not longer than the threads that come for them
  std::size_t idle_ = 0;
  std::deque<std::function<void()>> brief_tasks_;
  std::size_t brief_ = 0;  ///< threads that run brief tasks, but for those inside a blocking scope
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
