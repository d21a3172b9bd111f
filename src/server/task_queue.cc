#include "server/task_queue.h"

#include "remotemedia/base/check.h"

#include <cerrno>
#include <cstdint>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace remotemedia::server {

TaskQueue::TaskQueue() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ >= 0) return;
  fail_io("cannot open an event: " + std::generic_category().message(errno), "eventfd", "");
}

TaskQueue::~TaskQueue() { close(descriptor_); }

void TaskQueue::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(task));
  if (waiting_.size() == 1) eventfd_write(descriptor_, 1);
}

void TaskQueue::run() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return;
    eventfd_t count = 0;
    eventfd_read(descriptor_, &count);
    tasks.swap(waiting_);
  }
  for (const auto& task : tasks) task();
}

}  // namespace remotemedia::server
