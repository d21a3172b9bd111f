#pragma once

#include <functional>

namespace remotemedia {

/// Runs a task on a thread of the process's pool, at once: an idle thread takes it, or a new one is
/// started. So a task may block without holding up another, and there are as many threads as tasks
/// that run at the same time; idle ones end after a while. The task must not throw.
/// Thread safe. std::system_error if no thread can be started; the task has not run then.
void run_on_worker(std::function<void()> task);

}  // namespace remotemedia
