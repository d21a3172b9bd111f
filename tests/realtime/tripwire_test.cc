// That the tripwire catches what it is for, and nothing else.

#include "realtime/tripwire.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <unistd.h>

namespace remotemedia::test {
namespace {

/// Keeps the compiler from leaving out memory that nobody uses.
void* volatile taken = nullptr;

void within_tripwire(const std::function<void()>& call) {
  const RunningNode node("SomeNode 'a'");
  const Tripwire tripwire;
  call();
}

#define EXPECT_TRIPS(name, call) \
  EXPECT_DEATH(within_tripwire([&] { call; }), "tripwire: " name " in SomeNode 'a'")

TEST(TripwireDeathTest, CatchesTakingAndGivingBackMemory) {
  EXPECT_TRIPS("malloc", taken = std::malloc(100));
  EXPECT_TRIPS("calloc", taken = std::calloc(10, 10));
  EXPECT_TRIPS("realloc", taken = std::realloc(taken, 10));
  EXPECT_TRIPS("aligned_alloc", taken = std::aligned_alloc(64, 128));
  void* memory = nullptr;
  EXPECT_TRIPS("posix_memalign", static_cast<void>(!::posix_memalign(&memory, 64, 128)));
  EXPECT_TRIPS("malloc", taken = ::operator new(100));
  EXPECT_TRIPS("aligned_alloc", taken = ::operator new(100, std::align_val_t(64)));
  auto owned = std::make_unique<int>(1);
  EXPECT_TRIPS("free", owned.reset());
}

TEST(TripwireDeathTest, CatchesLocksThatCouldWait) {
  std::mutex mutex;
  EXPECT_TRIPS("pthread_mutex_lock", mutex.lock());
  std::shared_mutex shared;
  EXPECT_TRIPS("pthread_rwlock_rdlock", shared.lock_shared());
  EXPECT_TRIPS("pthread_rwlock_wrlock", shared.lock());
  std::condition_variable condition;
  EXPECT_TRIPS("pthread_cond_broadcast", condition.notify_all());
  std::unique_lock lock(mutex);
  EXPECT_TRIPS("pthread_cond_wait", condition.wait(lock));
}

TEST(TripwireDeathTest, CatchesSystemCalls) {
  if (!Tripwire::catches_system_calls()) GTEST_SKIP() << "the kernel has no Syscall User Dispatch";
  EXPECT_TRIPS("system call write", static_cast<void>(!::write(STDERR_FILENO, "x", 1)));
  EXPECT_TRIPS("system call sched_yield", std::this_thread::yield());
  EXPECT_TRIPS("system call clock_nanosleep",
               std::this_thread::sleep_for(std::chrono::microseconds(1)));
}

TEST(Tripwire, AllowsToReadTheClockAndToTryALock) {
  std::mutex mutex;
  bool is_locked = false;
  std::chrono::steady_clock::time_point now;
  {
    const Tripwire tripwire;
    now = std::chrono::steady_clock::now();
    is_locked = mutex.try_lock();
  }
  EXPECT_GT(now.time_since_epoch().count(), 0);
  ASSERT_TRUE(is_locked);
  mutex.unlock();
}

TEST(Tripwire, IsOfItsThreadAndItsScopeAlone) {
  std::atomic<bool> is_set{false};
  std::atomic<bool> has_ended{false};
  std::thread other([&] {
    while (!is_set) std::this_thread::yield();
    taken = std::make_unique<int>(1).get();
    has_ended = true;
  });
  {
    const Tripwire tripwire;
    is_set = true;
    while (!has_ended) {
    }
  }
  other.join();
  taken = std::make_unique<int>(2).get();
}

}  // namespace
}  // namespace remotemedia::test
