#pragma once

#include "graph/inbox.h"
#include "graph/segment.h"

#include <atomic>
#include <functional>
#include <optional>
#include <vector>

namespace remotemedia {

/// A segment that runs on worker threads, one at a time, whenever its inbox has work. What comes
/// out of it has the epoch of what went in. While a call of a node that awaits waits, it has no
/// thread.
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

  /// Whether the head awaits: its calls are parts that are brief.
  [[nodiscard]] bool awaits() const { return segment_.awaits(head_); }
  /// Works until the inbox is empty; calls `flushed` after each flush. What a node throws passes.
  /// False if a call waits: `resume` gets called, and that has to call `resumes`.
  bool run(const std::function<void()>& flushed, const AwaitingNode::Resume& resume);
  /// What the call waited for has come. True if `run` has to be called again; else it goes on by
  /// itself. Any thread.
  bool resumes();

 private:
  struct Exit {
    Inbox* inbox = nullptr;
    std::size_t slot = 0;
  };

  enum class Wait { none, waiting, over };

  /// What follows the item of the present work.
  void end_work(const std::function<void()>& flushed);
  /// Both give false while a call waits.
  bool process(Inbox::Item item, const AwaitingNode::Resume& resume);
  bool go_on(const AwaitingNode::Resume& resume);
  /// Whether what the call waits for has not come yet: then the lane is another thread's.
  bool leaves();
  void flush(const Inbox::Flush& flush);

  SessionControl& control_;
  std::size_t head_;  ///< node that the inbox is of
  Segment segment_;
  Inbox inbox_;
  std::vector<Exit> exits_;
  std::optional<Inbox::Work> present_;  ///< whose call waits
  std::atomic<Wait> wait_{Wait::none};
};

}  // namespace remotemedia
