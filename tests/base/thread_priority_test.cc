#include "remotemedia/base/thread_priority.h"

#include "remotemedia/base/worker_pool.h"

#include <gtest/gtest.h>

#include <future>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace remotemedia {
namespace {

int nice_of_this_thread() { return getpriority(PRIO_PROCESS, 0); }

TEST(ThreadPriority, RaisesTheThreadAloneAndNotWhatItGivesToWorkers) {
  const int before = getpriority(PRIO_PROCESS, static_cast<id_t>(getpid()));
  std::thread([&] {
    const bool raised = raise_thread_priority();
    EXPECT_EQ(nice_of_this_thread(), raised ? before - 11 : before);
    std::promise<int> of_worker;
    run_on_worker(
        [&] { of_worker.set_value(nice_of_this_thread()); });  // on a thread that it starts
    EXPECT_EQ(of_worker.get_future().get(), before);
    restore_thread_priority();
    EXPECT_EQ(nice_of_this_thread(), before);
  }).join();
  EXPECT_EQ(nice_of_this_thread(), before);
}

}  // namespace
}  // namespace remotemedia
