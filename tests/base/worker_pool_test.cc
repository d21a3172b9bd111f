#include "remotemedia/base/worker_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
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

TEST(BriefTasks, FewRunAtATime) {
  constexpr int kTasks = 200;
  const int most =
      std::max<int>(kLeastBrief, static_cast<int>(std::thread::hardware_concurrency()));
  std::atomic<int> running{0};
  std::atomic<int> peak{0};
  std::latch all_done(kTasks);
  for (int i = 0; i < kTasks; ++i) {
    run_briefly_on_worker([&] {
      const int now = ++running;
      int seen = peak;
      while (seen < now && !peak.compare_exchange_weak(seen, now)) {
      }
      std::this_thread::yield();
      --running;
      all_done.count_down();
    });
  }
  all_done.wait();
  EXPECT_LE(peak, most);
}

TEST(BriefTasks, OneThatBlocksGivesItsTurnAway) {
  constexpr int kTasks = 50;  // more than may run at a time, and each waits for all
  std::latch all_run(kTasks);
  std::latch all_done(kTasks);
  for (int i = 0; i < kTasks; ++i) {
    run_briefly_on_worker([&] {
      const BlockingScope waiting;
      all_run.arrive_and_wait();
      all_done.count_down();
    });
  }
  all_done.wait();
}

TEST(BriefTasks, BlockingElsewhereChangesNothing) {
  const BlockingScope outer;
  const BlockingScope inner;
  std::promise<void> done;
  run_briefly_on_worker([&] { done.set_value(); });
  done.get_future().get();
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
