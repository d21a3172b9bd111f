#pragma once

#include <cstddef>
#include <optional>

namespace remotemedia {

inline constexpr int kMaxQueueCapacity = 1'000'000;

/// What a full queue does with a packet that comes: the producer waits, the oldest one goes, or all
/// that wait go.
enum class QueuePolicy { block, drop_oldest, coalesce };
/// "block", "drop_oldest" or "coalesce".
const char* to_string(QueuePolicy policy);

/// The queue of each connection to a lane.
struct QueueOptions {
  std::size_t capacity = 64;  ///< packets, 1 or more
  QueuePolicy policy = QueuePolicy::block;
};

/// What a node asks of its own queues, if it has a lane; the session's options say the rest.
struct NodeQueue {
  std::optional<int> capacity = {};  ///< 1..kMaxQueueCapacity
  std::optional<QueuePolicy> policy = {};

  friend bool operator==(const NodeQueue&, const NodeQueue&) = default;
};

}  // namespace remotemedia
