#pragma once

#include "remotemedia/base/time.h"

#include <functional>
#include <memory>

namespace remotemedia::server {

/// Tasks on threads of the process's pool that a server waits for before it goes: what may block
/// has no place on the threads that carry sessions.
class Workers {
 public:
  explicit Workers(int most);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// False, and nothing is run, if `most` tasks run already.
  bool try_run(std::function<void()> task);
  /// Runs it however many there are: for clean-up, which there is no more of than of sessions.
  void run(std::function<void()> task);
  /// Until none runs; false after the time.
  bool wait(Time timeout);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// The calls for one key in order, one at a time, on workers' threads.
class Strand {
 public:
  explicit Strand(Workers& workers);
  ~Strand();
  Strand(const Strand&) = delete;
  Strand& operator=(const Strand&) = delete;

  /// At most kMaxWaiting wait; false if there is no room.
  bool post(std::function<void()> task);

  static constexpr std::size_t kMaxWaiting = 1024;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace remotemedia::server
