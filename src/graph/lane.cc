#include "graph/lane.h"

#include <algorithm>
#include <utility>

namespace remotemedia {
namespace {

std::size_t slots_of(const GraphNode& node) {
  return std::max<std::size_t>(1, node.incoming.size());
}

QueueOptions queue_of(const GraphNode& node, const SessionOptions& options) {
  QueueOptions queue = options.queue;
  if (!options.node_queues) return queue;
  const NodeQueue& asked = node.policy.queue;
  if (asked.capacity) queue.capacity = static_cast<std::size_t>(*asked.capacity);
  return {.capacity = queue.capacity, .policy = asked.policy.value_or(queue.policy)};
}

}  // namespace

Lane::Lane(const Graph& graph, const std::vector<std::size_t>& indices, SessionControl& control,
           std::function<void()> start)
    : control_(control),
      head_(indices.front()),
      segment_(graph, indices, control),
      inbox_(slots_of(graph.nodes()[head_]), control,
             queue_of(graph.nodes()[head_], control.options), std::move(start)) {}

bool Lane::run(const std::function<void()>& flushed, const AwaitingNode::Resume& resume) {
  if (present_) {
    if (!go_on(resume)) return false;
    end_work(flushed);
  }
  // Once there is none, the lane is no longer this thread's: nothing of it may be touched.
  while (std::optional<Inbox::Work> work = inbox_.take()) {
    present_ = std::move(work);
    if (present_->item && !process(std::move(*present_->item), resume)) return false;
    end_work(flushed);
  }
  return true;
}

void Lane::end_work(const std::function<void()>& flushed) {
  const Inbox::Work work = *std::exchange(present_, std::nullopt);
  if (work.flush) flush(*work.flush);
  if (work.floor) {
    for (const Exit& exit : exits_) exit.inbox->raise_floor(exit.slot, *work.floor);
  }
  if (work.flush) flushed();
}

bool Lane::process(Inbox::Item item, const AwaitingNode::Resume& resume) {
  if (!control_.is_current(item.generation)) return true;
  segment_.begin(item.generation, item.epoch);
  if (!awaits()) {
    segment_.give(head_, item.slot, std::move(item.packet));
    segment_.run_waves();
    return true;
  }
  if (segment_.begin_call(head_, std::move(item.packet), resume)) return true;
  return !leaves() && go_on(resume);
}

bool Lane::go_on(const AwaitingNode::Resume& resume) {
  do {
    wait_.store(Wait::none, std::memory_order_relaxed);
    if (segment_.go_on(head_, resume)) return true;
  } while (!leaves());
  return false;
}

bool Lane::leaves() {
  Wait expected = Wait::none;
  return wait_.compare_exchange_strong(expected, Wait::waiting, std::memory_order_acq_rel);
}

bool Lane::resumes() {
  return wait_.exchange(Wait::over, std::memory_order_acq_rel) == Wait::waiting;
}

void Lane::flush(const Inbox::Flush& flush) {
  if (!control_.is_current(flush.generation)) return;
  segment_.begin(flush.generation, flush.epoch);
  segment_.flush(flush.node);
}

}  // namespace remotemedia
