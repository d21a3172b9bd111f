#pragma once

#include "remotemedia/base/time.h"

#include <atomic>
#include <semaphore>

namespace remotemedia {

/// Waits that a session's cancel() ends. Any number of threads may wait.
class Pause {
 public:
  /// False if it was cancelled, before or meanwhile.
  bool wait(Time time);
  /// Any thread; also from a signal handler, so it takes no lock. Repeatable, for good.
  void cancel() noexcept;
  [[nodiscard]] bool is_cancelled() const noexcept {
    return cancelled_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<bool> cancelled_{false};
  std::counting_semaphore<> ended_{0};
};

}  // namespace remotemedia
