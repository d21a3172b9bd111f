#pragma once

#include "remotemedia/graph/metrics.h"
#include "remotemedia/graph/session.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <utility>

namespace remotemedia {

/// Orders what a session's own segment gave: counts its waves. Results of a packet have its epoch.
using Epoch = std::uint64_t;

/// Counts what one thread at a time adds to and any thread reads.
class Counter {
 public:
  void add(std::uint64_t amount) { set(value() + amount); }
  void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// What all segments of a running session share.
struct SessionControl {
  SessionControl(SessionOptions session_options, Session::Sink session_sink)
      : options(std::move(session_options)), sink(std::move(session_sink)) {}

  SessionOptions options;
  Session::Sink sink;
  std::mutex sink_mutex;  ///< taken only where lanes may call the sink at the same time
  bool has_lanes = false;
  std::mutex wait_mutex;
  std::condition_variable wait_end;
  /// Raised by cancel: packets of an older one are dropped. Publishes nothing else.
  std::atomic<std::uint32_t> generation{0};
  /// Nothing runs any more. Publishes nothing else.
  std::atomic<bool> stopped{false};

  [[nodiscard]] bool is_current(std::uint32_t of) const {
    return !stopped.load(std::memory_order_relaxed) &&
           generation.load(std::memory_order_relaxed) == of;
  }
  /// Waits on behalf of a packet of that generation; false once nobody wants its results.
  bool wait(Time time, std::uint32_t of) {
    if (options.wait) return options.wait(time) && is_current(of);
    std::unique_lock lock(wait_mutex);
    return !wait_end.wait_for(lock, time, [&] { return !is_current(of); });
  }
  void end_waits() {
    { const std::lock_guard lock(wait_mutex); }  // who has just looked waits by now
    wait_end.notify_all();
  }
  [[nodiscard]] bool is_measuring() const { return options.enable_metrics; }
};

}  // namespace remotemedia
