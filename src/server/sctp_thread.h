#pragma once

#include "remotemedia/rtc/sctp_worker.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace remotemedia::server {

/// The thread of data channels, for the sessions of all shards.
class SctpThread {
 public:
  SctpThread();
  ~SctpThread();
  SctpThread(const SctpThread&) = delete;
  SctpThread& operator=(const SctpThread&) = delete;

  void start();
  /// Ends the thread. Repeatable.
  void stop();
  /// For endpoints, which end before this object does.
  [[nodiscard]] const std::shared_ptr<rtc::SctpWorker>& worker() const { return worker_; }

 private:
  void run();
  void wake(bool& reason);

  std::mutex mutex_;
  std::condition_variable woken_;
  bool asked_ = false;
  bool stopped_ = false;
  std::shared_ptr<rtc::SctpWorker> worker_;
  std::thread thread_;
};

}  // namespace remotemedia::server
