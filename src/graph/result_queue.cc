#include "graph/result_queue.h"

#include "graph/waitable.h"
#include "remotemedia/base/check.h"

#include <string>
#include <utility>

namespace remotemedia {

ResultQueue::ResultQueue(std::size_t capacity, Time stall_limit)
    : capacity_(capacity), stall_limit_(stall_limit) {
  if (capacity == 0) refuse("capacity", "0", "1 or more results");
  if (stall_limit < Time{0}) {
    refuse("stall_limit", std::to_string(stall_limit.count()) + " ns", "0 or more");
  }
}

void ResultQueue::put(Output output) {
  std::unique_lock lock(mutex_);
  try {
    if (!wait_for_room(lock, output.packet.generation, caller_)) return;
  } catch (...) {
    lock.unlock();
    end(std::current_exception());
    throw;
  }
  outputs_.push_back(std::move(output));
  news_.notify_one();
}

bool ResultQueue::wait_for_room(std::uint32_t generation) {
  std::unique_lock lock(mutex_);
  return wait_for_room(lock, generation, std::this_thread::get_id());
}

bool ResultQueue::wait_for_room(std::unique_lock<std::mutex>& lock, std::uint32_t generation,
                                const std::optional<std::thread::id>& blocked) {
  const auto is_done = [&] { return !takes(generation) || !is_full(); };
  while (!is_done()) {
    if (!is_stalled(blocked)) {
      room_.wait(lock);
    } else if (!room_.wait_for(lock, waitable(stall_limit_),
                               [&] { return is_done() || !is_stalled(blocked); })) {
      refuse("the number of results that wait", capacity_,
             "less, as no other thread takes any while this one is inside a call",
             "take them between pushes, or on another thread");
    }
  }
  return takes(generation);
}

bool ResultQueue::has_room() const {
  const std::lock_guard lock(mutex_);
  return !is_full();
}

std::uint32_t ResultQueue::generation() const {
  const std::lock_guard lock(mutex_);
  return generation_;
}

void ResultQueue::check_open() const {
  const std::lock_guard lock(mutex_);
  if (error_) std::rethrow_exception(error_);
  if (is_closed_) refuse("the session", "closed", "open", "start another one");
}

void ResultQueue::begin_generation(std::uint32_t generation) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (generation <= generation_) return;  // two cancels may come in the other order
    generation_ = generation;
    std::erase_if(outputs_,
                  [&](const Output& output) { return output.packet.generation < generation; });
  }
  room_.notify_all();
}

void ResultQueue::end(std::exception_ptr error) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(is_over_, true)) return;
    error_ = std::move(error);
  }
  news_.notify_all();
  room_.notify_all();
}

void ResultQueue::close() noexcept {
  std::deque<Output> dropped;
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    is_closed_ = true;
    error_ = nullptr;
    dropped.swap(outputs_);
  }
  news_.notify_all();
  room_.notify_all();
}

std::optional<Output> ResultQueue::take(std::optional<Time> timeout) {
  std::unique_lock lock(mutex_);
  note_taker();
  const auto is_ready = [this] { return !outputs_.empty() || is_over_; };
  if (timeout) {
    news_.wait_for(lock, waitable(*timeout), is_ready);
  } else {
    news_.wait(lock, is_ready);
  }
  if (!outputs_.empty()) {
    std::optional<Output> output = std::move(outputs_.front());
    outputs_.pop_front();
    lock.unlock();
    room_.notify_all();
    return output;
  }
  if (error_) std::rethrow_exception(error_);
  return std::nullopt;
}

bool ResultQueue::is_at_end() const {
  const std::lock_guard lock(mutex_);
  return is_over_ && outputs_.empty() && !error_;
}

void ResultQueue::set_caller(std::optional<std::thread::id> caller) {
  {
    const std::lock_guard lock(mutex_);
    caller_ = caller;
  }
  room_.notify_all();  // lanes that wait may have to give up now, or no longer
}

void ResultQueue::note_taker() {
  if (taker_ == std::this_thread::get_id()) return;
  taker_ = std::this_thread::get_id();
  room_.notify_all();
}

}  // namespace remotemedia
