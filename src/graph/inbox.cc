#include "graph/inbox.h"

#include "remotemedia/base/worker_pool.h"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>

namespace remotemedia {

Inbox::Inbox(std::size_t slots, const SessionControl& control, QueueOptions queue,
             std::function<void()> start)
    : control_(control), queue_(queue), start_(std::move(start)), slots_(slots) {}

std::size_t Inbox::ready_slot() const {
  std::size_t best = slots_.size();
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].items.empty()) continue;
    if (best == slots_.size() || slots_[i].next() < slots_[best].next()) best = i;
  }
  if (best == slots_.size()) return best;
  const Epoch epoch = slots_[best].next();
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    // An earlier slot may still get a packet of this epoch, a later one may: it comes after.
    if (slots_[i].items.empty() && slots_[i].floor < epoch + (i < best ? 1 : 0)) {
      return slots_.size();
    }
  }
  return best;
}

bool Inbox::is_flush_ready() const {
  return !flushes_.empty() && std::ranges::all_of(slots_, [&](const Slot& slot) {
    return slot.next() > flushes_.front().epoch;
  });
}

bool Inbox::has_news() const { return std::min(announced_, next()) > published_; }

bool Inbox::is_ready() const {
  return is_flush_ready() || ready_slot() < slots_.size() || has_news();
}

Epoch Inbox::next() const {
  Epoch first = slots_.front().next();
  for (const Slot& slot : slots_) first = std::min(first, slot.next());
  return flushes_.empty() ? first : std::min(first, flushes_.front().epoch);
}

bool Inbox::is_full(const Slot& slot) const { return slot.items.size() >= queue_.capacity; }

void Inbox::make_room(Slot& slot, std::vector<Item>& lost) {
  const bool keeps_latest = queue_.policy == QueuePolicy::coalesce;
  while (keeps_latest ? !slot.items.empty() : is_full(slot)) {
    lost.push_back(std::move(slot.items.front()));
    slot.items.pop_front();
    ++dropped_;
  }
}

bool Inbox::put(Item item) {
  std::vector<Item>
      lost;  // goes without the lock: what a packet holds may take others to let go of
  std::unique_lock lock(mutex_);
  Slot& slot = slots_[item.slot];
  if (queue_.policy != QueuePolicy::block) make_room(slot, lost);
  const auto goes_on = [&] { return !is_full(slot) || !is_ready() || !takes(item); };
  if (!goes_on()) {
    const BlockingScope waiting;
    room_.wait(lock, goes_on);
  }
  if (!takes(item)) return false;
  if (slot.items.size() >= std::max(kStarvedCapacity, queue_.capacity)) {
    throw std::runtime_error("gave " + std::to_string(slot.items.size()) +
                             " packets while the node behind it waits for another connection");
  }
  slot.floor = std::max(slot.floor, item.epoch);
  slot.items.push_back(std::move(item));
  peak_depth_ = std::max(peak_depth_, slot.items.size());
  start_if_ready(lock);
  return true;
}

void Inbox::raise_floor(std::size_t slot, Epoch floor) {
  std::unique_lock lock(mutex_);
  announced_ = std::max(announced_, floor);
  slots_[slot].floor = std::max(slots_[slot].floor, floor);
  start_if_ready(lock);
}

void Inbox::add_flush(Flush flush) {
  std::unique_lock lock(mutex_);
  flushes_.push_back(flush);
  start_if_ready(lock);
}

bool Inbox::has_room(std::size_t slot) const {
  const std::lock_guard lock(mutex_);
  return queue_.policy != QueuePolicy::block || !is_full(slots_[slot]);
}

std::optional<Inbox::Work> Inbox::take() {
  std::unique_lock lock(mutex_);
  if (is_shut_ || control_.stopped.load(std::memory_order_relaxed) || !is_ready()) {
    is_attended_ = false;
    return std::nullopt;
  }
  Work work;
  if (is_flush_ready()) {
    work.flush = flushes_.front();
    flushes_.pop_front();
  } else if (const std::size_t slot = ready_slot(); slot < slots_.size()) {
    work.item = take_item(slots_[slot]);
  }
  if (has_news()) work.floor = published_ = next();
  lock.unlock();
  room_.notify_all();
  return work;
}

Inbox::Item Inbox::take_item(Slot& slot) {
  Item item = std::move(slot.items.front());
  slot.items.pop_front();
  if (control_.is_measuring()) {
    const Time wait = control_.options.clock() - item.queued;
    total_wait_ += wait;
    max_wait_ = std::max(max_wait_, wait);
    waits_.add(wait);
  }
  return item;
}

void Inbox::start_if_ready(std::unique_lock<std::mutex>& lock) {
  const bool starts =
      !is_attended_ && !is_shut_ && is_ready() && !control_.stopped.load(std::memory_order_relaxed);
  if (starts) is_attended_ = true;
  lock.unlock();
  if (starts) start_();
}

void Inbox::wake() {
  std::vector<Item> lost;
  {
    std::unique_lock lock(mutex_);
    for (Slot& slot : slots_) {
      const auto stale = std::stable_partition(
          slot.items.begin(), slot.items.end(),
          [&](const Item& item) { return control_.is_current(item.generation); });
      lost.insert(lost.end(), std::make_move_iterator(stale),
                  std::make_move_iterator(slot.items.end()));
      slot.items.erase(stale, slot.items.end());
    }
    start_if_ready(lock);
  }
  room_.notify_all();
}

void Inbox::shut() {
  {
    const std::lock_guard lock(mutex_);
    is_shut_ = true;
  }
  room_.notify_all();
}

void Inbox::clear() {
  const std::lock_guard lock(mutex_);
  for (Slot& slot : slots_) slot.items.clear();
  flushes_.clear();
}

QueueMetrics Inbox::metrics() const {
  const std::lock_guard lock(mutex_);
  std::size_t depth = 0;
  for (const Slot& slot : slots_) depth += slot.items.size();
  QueueMetrics metrics = {.capacity = queue_.capacity,
                          .policy = queue_.policy,
                          .depth = depth,
                          .peak_depth = peak_depth_,
                          .dropped = dropped_,
                          .total = total_wait_,
                          .max = max_wait_,
                          .wait = waits_.summary()};
  keep_within(metrics.wait, Time{0}, max_wait_);
  return metrics;
}

}  // namespace remotemedia
