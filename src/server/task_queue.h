#pragma once

#include <functional>
#include <mutex>
#include <vector>

namespace remotemedia::server {

/// Tasks that any thread gives to one thread, which waits for them with poll().
class TaskQueue {
 public:
  /// I/O error if the process may open no more files.
  TaskQueue();
  ~TaskQueue();
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  /// Any thread. What is never run is destroyed with the queue.
  void post(std::function<void()> task);
  /// Readable while tasks wait.
  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// Runs those that wait, in order, without those that they post.
  void run();

 private:
  int descriptor_;
  std::mutex mutex_;
  std::vector<std::function<void()>> waiting_;
};

}  // namespace remotemedia::server
