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

  /// As run_briefly_on_worker: each thread keeps some memory of what it has made, so few make all.
  /// False, and nothing is run, if `most` tasks run or wait already.
  bool try_run_briefly(std::function<void()> task);
  /// Runs it however many there are: for clean-up, which there is no more of than of sessions.
  void run(std::function<void()> task);
  /// Until none runs; false after the time.
  bool wait(Time timeout);

 private:
  struct State;

  std::function<void()> counted(std::function<void()> task);

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
