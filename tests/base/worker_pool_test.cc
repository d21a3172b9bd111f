#include "remotemedia/base/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <set>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace remotemedia {
namespace {

TEST(WorkerPool, TasksThatWaitForEachOtherAllRun) {
  constexpr int kTasks = 50;
  std::latch all_run(kTasks);
  std::latch all_done(kTasks);
  for (int i = 0; i < kTasks; ++i) {
    run_on_worker([&] {
      all_run.arrive_and_wait();
      all_done.count_down();
    });
  }
  all_done.wait();
}

TEST(WorkerPool, AThreadRunsManyTasks) {
  std::set<std::thread::id> threads;
  for (int i = 0; i < 1'000; ++i) {
    std::promise<std::thread::id> done;
    run_on_worker([&] { done.set_value(std::this_thread::get_id()); });
    threads.insert(done.get_future().get());
  }
  EXPECT_LT(threads.size(), 100U);
}

#ifndef __SANITIZE_THREAD__  // which allows no threads in the child
TEST(WorkerPool, WorksInTheChildOfAFork) {
  std::promise<void> warm;  // a thread waits for tasks, here and not in the child
  run_on_worker([&] { warm.set_value(); });
  warm.get_future().get();
  const pid_t child = fork();
  if (child == 0) {
    std::promise<void> done;
    run_on_worker([&] { done.set_value(); });
    const bool ran =
        done.get_future().wait_for(std::chrono::seconds(20)) == std::future_status::ready;
    _exit(ran ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}
#endif

}  // namespace
}  // namespace remotemedia
