#include "server/task_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <poll.h>
#include <thread>
#include <vector>

namespace remotemedia::server {
namespace {

bool has_tasks(const TaskQueue& queue) {
  pollfd source{.fd = queue.descriptor(), .events = POLLIN, .revents = 0};
  return poll(&source, 1, 0) == 1;
}

TEST(TaskQueue, RunsWhatWaitsInOrderAndIsReadableUntilThen) {
  TaskQueue queue;
  EXPECT_FALSE(has_tasks(queue));
  std::vector<int> ran;
  for (int i = 0; i < 3; ++i) queue.post([&ran, i] { ran.push_back(i); });
  EXPECT_TRUE(has_tasks(queue));
  queue.run();
  EXPECT_THAT(ran, testing::ElementsAre(0, 1, 2));
  EXPECT_FALSE(has_tasks(queue));
}

TEST(TaskQueue, WhatATaskPostsWaitsForTheNextRun) {
  TaskQueue queue;
  int ran = 0;
  queue.post([&] {
    ++ran;
    queue.post([&ran] { ++ran; });
  });
  queue.run();
  EXPECT_EQ(ran, 1);
  EXPECT_TRUE(has_tasks(queue));
  queue.run();
  EXPECT_EQ(ran, 2);
}

TEST(TaskQueue, TasksOfOtherThreadsWakeWhoPolls) {
  constexpr int kThreads = 4;
  constexpr int kTasks = 1'000;
  TaskQueue queue;
  int ran = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int task = 0; task < kTasks; ++task) queue.post([&ran] { ++ran; });
    });
  }
  bool woken = true;
  while (woken && ran < kThreads * kTasks) {
    pollfd source{.fd = queue.descriptor(), .events = POLLIN, .revents = 0};
    woken = poll(&source, 1, 30'000) == 1;
    queue.run();
  }
  EXPECT_EQ(ran, kThreads * kTasks);
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(has_tasks(queue));
}

TEST(TaskQueue, WhatIsNeverRunIsDestroyedWithIt) {
  const auto held = std::make_shared<int>(0);
  {
    TaskQueue queue;
    queue.post([held] { ++*held; });
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(*held, 0);
}

}  // namespace
}  // namespace remotemedia::server
