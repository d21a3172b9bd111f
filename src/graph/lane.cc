#include "graph/lane.h"

#include <algorithm>
#include <utility>

namespace remotemedia {
namespace {

std::size_t slots_of(const GraphNode& node) {
  return std::max<std::size_t>(1, node.incoming.size());
}

}  // namespace

Lane::Lane(const Graph& graph, const std::vector<std::size_t>& indices, SessionControl& control,
           std::function<void()> start)
    : control_(control),
      head_(indices.front()),
      segment_(graph, indices, control),
      inbox_(slots_of(graph.nodes()[head_]), control, std::move(start)) {}

void Lane::run(const std::function<void()>& flushed) {
  while (std::optional<Inbox::Work> work = inbox_.take()) {
    if (work->item) process(std::move(*work->item));
    if (work->flush) flush(*work->flush);
    if (work->floor) {
      for (const Exit& exit : exits_) exit.inbox->raise_floor(exit.slot, *work->floor);
    }
    if (work->flush) flushed();
  }
}

void Lane::process(Inbox::Item item) {
  if (!control_.is_current(item.generation)) return;
  segment_.begin(item.generation, item.epoch);
  segment_.give(head_, item.slot, std::move(item.packet));
  segment_.run_waves();
}

void Lane::flush(const Inbox::Flush& flush) {
  if (!control_.is_current(flush.generation)) return;
  segment_.begin(flush.generation, flush.epoch);
  segment_.flush(flush.node);
}

}  // namespace remotemedia
