#pragma once

#include "remotemedia/graph/session.h"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

namespace remotemedia {

/// The results of a live session, between the threads that run its nodes and those that take.
///
/// A full queue makes who puts wait. It waits for ever only where somebody else may take: if the
/// thread that is inside a call of the session is the only one seen to take, or none has been, it
/// gives up after the stall limit. An error, or the end, comes after the results before it.
class ResultQueue {
 public:
  ResultQueue(std::size_t capacity, Time stall_limit);

  /// The calling thread is inside a call of the session, and takes no results, while it lives.
  class Caller {
   public:
    explicit Caller(ResultQueue& queue) : queue_(queue) {
      queue_.set_caller(std::this_thread::get_id());
    }
    ~Caller() { queue_.set_caller(std::nullopt); }
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;

   private:
    ResultQueue& queue_;
  };

  /// Drops the result if it is stale or the queue has ended. On a stall the queue fails, with the
  /// error that is thrown.
  void put(Output output);
  /// Waits for room on behalf of the calling thread, which is about to push; false if the
  /// generation is over, or the queue has ended. Configuration error on a stall.
  bool wait_for_room(std::uint32_t generation);
  [[nodiscard]] bool has_room() const;
  [[nodiscard]] std::uint32_t generation() const;
  /// The error, or a configuration error if the queue is closed.
  void check_open() const;

  /// Drops what older generations have given, and still may give.
  void begin_generation(std::uint32_t generation) noexcept;
  /// Nothing follows, because of `error` if there is one. Nothing happens after an end.
  void end(std::exception_ptr error = nullptr) noexcept;
  /// Drops everything; nobody waits any longer.
  void close() noexcept;

  /// The next result; nothing after the last one or the time; or the error.
  std::optional<Output> take(std::optional<Time> timeout);
  [[nodiscard]] bool is_at_end() const;

 private:
  void set_caller(std::optional<std::thread::id> caller);
  // All below with the lock.
  /// `blocked` is the thread that cannot take meanwhile, if any; it may change during the wait.
  bool wait_for_room(std::unique_lock<std::mutex>& lock, std::uint32_t generation,
                     const std::optional<std::thread::id>& blocked);
  [[nodiscard]] bool is_full() const { return outputs_.size() >= capacity_; }
  [[nodiscard]] bool takes(std::uint32_t generation) const {
    return !is_over_ && generation >= generation_;
  }
  [[nodiscard]] bool is_stalled(const std::optional<std::thread::id>& blocked) const {
    return blocked && (!taker_ || taker_ == blocked);
  }
  void note_taker();

  const std::size_t capacity_;
  const Time stall_limit_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable room_;
  std::condition_variable news_;  ///< a result, or the end
  std::deque<Output> outputs_;
  std::uint32_t generation_ = 0;
  std::optional<std::thread::id> caller_;
  std::optional<std::thread::id> taker_;  ///< the last one
  std::exception_ptr error_;
  bool is_over_ = false;
  bool is_closed_ = false;
};

}  // namespace remotemedia
