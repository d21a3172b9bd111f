#pragma once

#include "graph/inbox.h"
#include "graph/segment.h"

#include <functional>
#include <vector>

namespace remotemedia {

/// A segment that runs on worker threads, one at a time, whenever its inbox has work. What comes
/// out of it has the epoch of what went in.
class Lane {
 public:
  /// `start` has to make a worker call `run`.
  Lane(const Graph& graph, const std::vector<std::size_t>& indices, SessionControl& control,
       std::function<void()> start);

  [[nodiscard]] Inbox& inbox() { return inbox_; }
  [[nodiscard]] const Inbox& inbox() const { return inbox_; }
  [[nodiscard]] Segment& segment() { return segment_; }
  [[nodiscard]] const Segment& segment() const { return segment_; }
  [[nodiscard]] std::size_t head() const { return head_; }
  /// A lane behind this one, which waits for news of the floor.
  void lead_to(Inbox& inbox, std::size_t slot) { exits_.push_back({&inbox, slot}); }

  /// Works until the inbox is empty; calls `flushed` after each flush. What a node throws passes.
  void run(const std::function<void()>& flushed);

 private:
  struct Exit {
    Inbox* inbox = nullptr;
    std::size_t slot = 0;
  };

  void process(Inbox::Item item);
  void flush(const Inbox::Flush& flush);

  SessionControl& control_;
  std::size_t head_;  ///< node that the inbox is of
  Segment segment_;
  Inbox inbox_;
  std::vector<Exit> exits_;
};

}  // namespace remotemedia
