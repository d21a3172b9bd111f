#include "remotemedia/base/worker_pool.h"

#include "remotemedia/base/thread_priority.h"

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

 private:
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

}  // namespace remotemedia
