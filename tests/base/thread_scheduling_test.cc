#include "remotemedia/base/thread_scheduling.h"

#include "remotemedia/base/worker_pool.h"

#include <gtest/gtest.h>

#include <future>
#include <sched.h>
#include <set>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace remotemedia {
namespace {

int nice_of_this_thread() { return getpriority(PRIO_PROCESS, 0); }

std::set<int> processors_of_this_thread() {
  cpu_set_t usable;
  EXPECT_EQ(sched_getaffinity(0, sizeof usable, &usable), 0);
  std::set<int> found;
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &usable)) found.insert(i);
  }
  return found;
}

/// What a task of a worker that the calling thread starts finds.
template <typename Find>
auto on_a_worker(Find find) {
  std::promise<decltype(find())> found;
  run_on_worker([&] { found.set_value(find()); });
  return found.get_future().get();
}

TEST(ThreadScheduling, RaisesTheThreadAloneAndNotWhatItGivesToWorkers) {
  const int before = getpriority(PRIO_PROCESS, static_cast<id_t>(getpid()));
  std::thread([&] {
    const bool raised = raise_thread_priority();
    EXPECT_EQ(nice_of_this_thread(), raised ? before - 11 : before);
    EXPECT_EQ(on_a_worker(nice_of_this_thread), before);
    restore_thread_scheduling();
    EXPECT_EQ(nice_of_this_thread(), before);
  }).join();
  EXPECT_EQ(nice_of_this_thread(), before);
}

TEST(ThreadScheduling, KeepsEachOfAsManyThreadsAsProcessorsOnItsOwn) {
  const std::set<int> all = processors_of_this_thread();
  std::set<int> taken;
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::thread([&] {
      ASSERT_TRUE(keep_thread_on_processor(i, all.size()));
      EXPECT_EQ(processors_of_this_thread().size(), 1U);
      taken.merge(processors_of_this_thread());
      EXPECT_EQ(on_a_worker(processors_of_this_thread), all);
      restore_thread_scheduling();
      EXPECT_EQ(processors_of_this_thread(), all);
    }).join();
  }
  EXPECT_EQ(taken, all);
}

TEST(ThreadScheduling, KeepsNoThreadWhereTheyAreNotAsManyAsTheProcessors) {
  const std::set<int> all = processors_of_this_thread();
  std::thread([&] {
    EXPECT_FALSE(keep_thread_on_processor(0, all.size() + 1));
    EXPECT_FALSE(keep_thread_on_processor(0, all.size() - 1));
    EXPECT_FALSE(keep_thread_on_processor(all.size(), all.size()));
    EXPECT_EQ(processors_of_this_thread(), all);
  }).join();
}

}  // namespace
}  // namespace remotemedia
