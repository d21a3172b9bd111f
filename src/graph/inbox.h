#pragma once

#include "graph/session_control.h"
#include "remotemedia/base/packet.h"
#include "remotemedia/graph/latency_histogram.h"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

namespace remotemedia {

/// The bounded queues before a lane: one a connection ("slot"), each with one producer.
///
/// Order: by epoch, within it by slot, within that as they came. That is the order in which a
/// session without lanes hands a node its packets, and it does not depend on which producer was
/// faster. So a packet is handed out only when no slot can still get an earlier one; `floor` of a
/// slot says that all packets of earlier epochs have been put.
///
/// A full queue makes its producer wait (block), or loses its oldest packet (drop_oldest), or all
/// it has (coalesce). Nobody waits at a queue that itself waits for another slot, whose packets may
/// be behind the producer's own: it takes up to kStarvedCapacity packets, then the session fails.
class Inbox {
 public:
  static constexpr std::size_t kStarvedCapacity = 65'536;

  struct Item {
    Packet packet;
    Epoch epoch = 0;
    std::uint32_t generation = 0;
    Time queued{0};
    std::size_t slot = 0;
  };
  /// After all packets of earlier epochs: end of the stream, for a node of the lane.
  struct Flush {
    std::size_t node = 0;
    Epoch epoch = 0;
    std::uint32_t generation = 0;
  };
  /// What comes next: a packet, a flush, or neither, and then only the news of the floor.
  struct Work {
    std::optional<Item> item;
    std::optional<Flush> flush;
    /// After this work nothing of an earlier epoch follows; given where somebody has to know.
    std::optional<Epoch> floor;
  };

  /// `start` makes a thread come and take; called without the lock, once for each time that
  /// `take` has given nothing.
  Inbox(std::size_t slots, const SessionControl& control, QueueOptions queue,
        std::function<void()> start);

  /// False if the packet was of no use any more. Node error's cause if a starved queue is too long.
  bool put(Item item);
  /// All packets of earlier epochs have been put into the slot. Those behind the lane are told.
  void raise_floor(std::size_t slot, Epoch floor);
  void add_flush(Flush flush);
  /// Whether `put` would find room at once.
  [[nodiscard]] bool has_room(std::size_t slot) const;

  /// The next work; nothing if there is none, and then `start` is called when there is some.
  std::optional<Work> take();
  /// The session was cancelled or stopped: drops what is stale, and nobody waits for it any longer.
  void wake();
  /// The lane has failed: takes and gives nothing any more.
  void shut();
  /// Drops everything.
  void clear();
  [[nodiscard]] QueueMetrics metrics() const;

 private:
  struct Slot {
    std::deque<Item> items;
    Epoch floor = 0;

    /// Of the first packet that is here or may come.
    [[nodiscard]] Epoch next() const { return items.empty() ? floor : items.front().epoch; }
  };

  // All below with the lock.
  /// Slot of the packet to hand out; slots_.size() if there is none.
  [[nodiscard]] std::size_t ready_slot() const;
  [[nodiscard]] bool is_flush_ready() const;
  [[nodiscard]] bool has_news() const;
  [[nodiscard]] bool is_ready() const;
  /// Of the first work that is here or may come.
  [[nodiscard]] Epoch next() const;
  Item take_item(Slot& slot);
  [[nodiscard]] bool is_full(const Slot& slot) const;
  void make_room(Slot& slot, std::vector<Item>& lost);
  [[nodiscard]] bool takes(const Item& item) const {
    return !is_shut_ && control_.is_current(item.generation);
  }
  /// Calls `start` after `lock` has been released, if there is work that nobody comes for.
  void start_if_ready(std::unique_lock<std::mutex>& lock);

  const SessionControl& control_;
  const QueueOptions queue_;
  std::function<void()> start_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::vector<Slot> slots_;
  std::deque<Flush> flushes_;
  Epoch announced_ = 0;  ///< what raise_floor was told
  Epoch published_ = 0;  ///< what those behind the lane know
  bool is_shut_ = false;
  bool is_attended_ = false;  ///< somebody takes, or is on the way
  std::uint64_t dropped_ = 0;
  std::size_t peak_depth_ = 0;
  LatencyHistogram waits_;
  Time total_wait_{0};
  Time max_wait_{0};
};

}  // namespace remotemedia
