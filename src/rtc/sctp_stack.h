#pragma once

#include "remotemedia/base/time.h"
#include "rtc/bytes.h"

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace remotemedia::rtc {

/// Packets of one association on their way to its owner: usrsctp makes them on the thread of
/// whoever drives its timers. 256 packets; of more, the newest go, as on a network.
class SctpOutbox {
 public:
  static constexpr std::size_t kMaxPackets = 256;
  using Packets = std::vector<std::vector<std::uint8_t>>;

  void push(Bytes packet);
  [[nodiscard]] Packets take();
  [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  std::mutex mutex_;
  Packets packets_;
  std::atomic<bool> empty_{true};          // a hint: the lock orders what it tells of
  std::atomic<std::uint64_t> dropped_{0};  // a lone count: no ordering
};

/// usrsctp as far as it is one for the process: its beginning, its timers, its lock, and which
/// association a packet is of. It never ends, because its objects may outlive all associations.
///
/// All of usrsctp is called under one lock: its own locks let a timer that runs and a thread that
/// stops the timer wait for each other. usrsctp starts one thread, which sleeps: it is for
/// functions that are not used here.
class SctpStack {
 public:
  /// Timers are driven at most this often: each time usrsctp looks at those of all associations.
  static constexpr Time kTick = std::chrono::milliseconds(40);

  static SctpStack& instance();
  SctpStack(const SctpStack&) = delete;
  SctpStack& operator=(const SctpStack&) = delete;

  /// To be held during each call of usrsctp.
  [[nodiscard]] std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }

  /// A name for an association, which is its address in usrsctp, and where its packets go until
  /// `remove`. Both under the lock.
  std::uintptr_t add(std::shared_ptr<SctpOutbox> outbox);
  void remove(std::uintptr_t id);

  /// Runs timers for the time since the last call of any thread, unless one is at it. Time that
  /// goes back by less than a second is another thread's that was late; by more, a new count of
  /// time begins. Without the lock.
  void advance(Time now);

 private:
  SctpStack();
  static int on_packet(void* id, void* bytes, std::size_t size, std::uint8_t tos,
                       std::uint8_t set_df);

  std::mutex mutex_;
  // All under the lock:
  std::unordered_map<std::uintptr_t, std::shared_ptr<SctpOutbox>> outboxes_;
  // usrsctp 0.9.5 keeps some memory of each address that it is told to forget, so names are used
  // again: those that have been free for longest, when there are enough of them that nothing of
  // their last use is on its way any more.
  std::deque<std::uintptr_t> free_ids_;
  std::uintptr_t last_id_ = 0;
  Time last_{};
};

}  // namespace remotemedia::rtc
