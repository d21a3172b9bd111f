#pragma once

#include <cstddef>
#include <functional>

namespace remotemedia {

/// Runs a task on a thread of the process's pool, at once: an idle thread takes it, or a new one is
/// started. So a task may block without holding up another, and there are as many threads as tasks
/// that run at the same time; idle ones end after a while. The task must not throw.
/// Thread safe. std::system_error if no thread can be started; the task has not run then.
void run_on_worker(std::function<void()> task);

/// Runs a task that ends soon: no more of these run at a time than the machine has cores, or
/// kLeastBrief if that is more, and the others wait for their turn. A task that has to wait for
/// something says so with BlockingScope. Otherwise as run_on_worker.
void run_briefly_on_worker(std::function<void()> task);
inline constexpr std::size_t kLeastBrief = 4;

/// While it lives, the brief task of this thread, if it is one, counts as waiting: another takes
/// its turn. What is not inside a brief task it leaves alone.
class BlockingScope {
 public:
  BlockingScope();
  ~BlockingScope();
  BlockingScope(const BlockingScope&) = delete;
  BlockingScope& operator=(const BlockingScope&) = delete;

 private:
  void* pool_;  ///< of the brief task
};

}  // namespace remotemedia
