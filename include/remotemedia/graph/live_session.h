#pragma once

#include "remotemedia/graph/session.h"

#include <chrono>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

namespace remotemedia {

struct LiveSessionOptions {
  SessionOptions session = {};
  std::size_t capacity = 1024;  ///< results that wait to be taken, 1 or more
  /// How long a call waits for room among the results while no other thread than its own has been
  /// seen to take any. 0 or more.
  Time stall_limit = std::chrono::seconds(5);
};

/// A session whose results are taken with next(), or by iteration. Any thread may make any call, at
/// any time but that of the destructor; push, try_push, flush, finish and run_sources take turns.
///
/// At most `capacity` results wait. While they are that many, whatever gives results waits until
/// some are taken: calls and lanes, and so, in the end, whoever pushes. A thread that pushes and
/// takes too must not push ahead: nobody else would make room, so after `stall_limit` push refuses
/// the packet, and the session goes on. Such a thread takes between pushes, which always ends:
///
///   while (!session.try_push(packet)) take(session.next(10ms));
///
/// If one call gives more results than there is room for, it cannot be undone: after `stall_limit`
/// the session fails. Where a packet, a flush or a source may give that many, take on another
/// thread.
///
/// A failed node ends the session. Its error comes out of next() after the results that came before
/// it, each time, and out of all calls but cancel and close.
class LiveSession {
 public:
  class Iterator;

  /// Initialises all nodes, as Session does. Configuration error for options out of range.
  explicit LiveSession(std::shared_ptr<const Graph> graph, LiveSessionOptions options = {});
  /// Closes, unless a close has left a call behind.
  ~LiveSession();
  LiveSession(const LiveSession&) = delete;
  LiveSession& operator=(const LiveSession&) = delete;

  /// Gives the packet to the graph; waits for its turn, while the results are full, and while a
  /// lane's queue is. A cancel drops a packet that still waits. Configuration error, beside those
  /// of Session::push, if the session is closed, also meanwhile, or if nobody makes room.
  void push(Packet packet);
  /// As push, unless it had to wait at once: then it gives false and leaves the packet as it is.
  bool try_push(Packet& packet);
  /// Runs the source nodes to their end. For graphs that have any.
  void run_sources();
  /// End of a stream: waits until the nodes have given what they hold back. The session goes on.
  void flush();
  /// End of input: flush, after which next() gives what waits and then nothing. Repeatable.
  void finish();

  /// The next result; waits for it. Nothing after the last one, and once the session is closed.
  std::optional<Output> next();
  /// The same, and nothing if none has come within the time; 0 never waits.
  std::optional<Output> next(Time timeout);
  /// Whether next() has no result or error to give, and never will.
  [[nodiscard]] bool is_at_end() const;
  /// Takes the results as next() does: `for (Output& output : session)`. One pass.
  Iterator begin();
  static std::default_sentinel_t end() { return {}; }

  /// Drops everything that has been pushed and not taken, and calls that wait to push. The session
  /// goes on with a new generation, as Session::cancel says; next() gives nothing older.
  void cancel() noexcept;
  /// Drops everything, ends all waits, stops, and cleans up all nodes. Repeatable.
  /// \return false if a node's call has not ended within the time; close again to wait on.
  bool close(std::optional<Time> timeout = std::nullopt) noexcept;

  [[nodiscard]] const Graph& graph() const;
  [[nodiscard]] Metrics metrics() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Over results that are taken one by one; equal to the end after the last one.
class LiveSession::Iterator {
 public:
  using value_type = Output;
  using difference_type = std::ptrdiff_t;

  explicit Iterator(LiveSession& session) : session_(&session), output_(session.next()) {}
  /// To keep a result, move from it.
  Output& operator*() const { return *output_; }
  Iterator& operator++() {
    output_ = session_->next();
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const Iterator& iterator, std::default_sentinel_t) {
    return !iterator.output_;
  }

 private:
  LiveSession* session_;
  mutable std::optional<Output> output_;
};

inline LiveSession::Iterator LiveSession::begin() { return Iterator(*this); }

}  // namespace remotemedia
