#include "remotemedia/graph/live_session.h"

#include "graph/result_queue.h"
#include "graph/waitable.h"
#include "remotemedia/base/check.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace remotemedia {
namespace {

/// Lets one call at a time into a session. Like a timed mutex, but tells who has it.
class CallTurn {
 public:
  /// False if it has not come within the time.
  bool take(std::optional<Time> timeout = std::nullopt) {
    std::unique_lock lock(mutex_);
    const auto is_free = [this] { return !holder_; };
    if (!timeout) {
      ended_.wait(lock, is_free);
    } else if (!ended_.wait_for(lock, waitable(*timeout), is_free)) {
      return false;
    }
    holder_ = std::this_thread::get_id();
    return true;
  }
  void end() {
    {
      const std::lock_guard lock(mutex_);
      holder_.reset();
    }
    ended_.notify_one();
  }
  [[nodiscard]] bool is_mine() const {
    const std::lock_guard lock(mutex_);
    return holder_ == std::this_thread::get_id();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  std::optional<std::thread::id> holder_;
};

struct EndsTurn {
  void operator()(CallTurn* turn) const { turn->end(); }
};
using TakenTurn = std::unique_ptr<CallTurn, EndsTurn>;

// What the session tells its owner goes to the results first. The lambdas share them, as a lane
// that is left behind may outlive the live session.
SessionOptions told_to(const std::shared_ptr<ResultQueue>& results, SessionOptions options) {
  options.on_failure = [results, then = std::move(options.on_failure)](std::exception_ptr failure) {
    results->end(failure);
    if (then) then(std::move(failure));
  };
  options.on_cancel =
      [results, then = std::move(options.on_cancel)](std::optional<std::uint32_t> generation) {
        if (generation) results->begin_generation(*generation);
        if (then) then(generation);
      };
  return options;
}

}  // namespace

class LiveSession::Impl {
 public:
  Impl(std::shared_ptr<const Graph> graph, LiveSessionOptions options)
      : results_(std::make_shared<ResultQueue>(options.capacity, options.stall_limit)),
        session_(std::move(graph), told_to(results_, std::move(options.session)),
                 [results = results_](Output output) { results->put(std::move(output)); }) {}
  ~Impl() { results_->close(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  ResultQueue& results() { return *results_; }
  Session& session() { return session_; }

  void push(Packet packet) {
    const std::uint32_t generation = results_->generation();
    const TakenTurn turn = wait_for_turn();
    results_->check_open();
    if (refuses_packets()) return session_.push(std::move(packet));
    if (!results_->wait_for_room(generation)) return results_->check_open();
    run([&] { session_.push(std::move(packet)); });
  }

  bool try_push(Packet& packet) {
    const TakenTurn turn = try_turn();
    if (!turn) return false;
    results_->check_open();
    if (refuses_packets()) return session_.try_push(packet);
    bool is_pushed = false;
    if (results_->has_room()) run([&] { is_pushed = session_.try_push(packet); });
    return is_pushed;
  }

  template <typename Call>
  void call(Call call) {
    const TakenTurn turn = wait_for_turn();
    results_->check_open();
    run(call);
  }

  void finish() {
    const TakenTurn turn = wait_for_turn();
    if (is_finished_) return;
    results_->check_open();
    run([&] { session_.finish(); });
    is_finished_ = true;
    results_->end();
  }

  bool close(std::optional<Time> timeout) noexcept {
    const auto start = std::chrono::steady_clock::now();
    results_->close();
    session_.stop();
    if (turn_.is_mine() || !turn_.take(timeout)) return false;
    const TakenTurn turn(&turn_);
    if (timeout) *timeout -= std::min(*timeout, Time(std::chrono::steady_clock::now() - start));
    return session_.close(timeout);
  }

 private:
  /// The session says why, and goes on.
  [[nodiscard]] bool refuses_packets() const {
    return is_finished_ || session_.graph().inputs().empty();
  }

  TakenTurn wait_for_turn() {
    if (turn_.is_mine()) {
      refuse("the session", "busy", "idle", "do not call it from its own nodes");
    }
    turn_.take();
    return TakenTurn(&turn_);
  }

  TakenTurn try_turn() { return TakenTurn(turn_.take(Time{0}) ? &turn_ : nullptr); }

  template <typename Work>
  void run(Work work) {
    const ResultQueue::Caller caller(*results_);
    try {
      work();
    } catch (...) {
      results_->end(std::current_exception());
      throw;
    }
    results_->check_open();  // a close may have come in between
  }

  std::shared_ptr<ResultQueue> results_;
  CallTurn turn_;
  bool is_finished_ = false;  ///< guarded by the turn
  Session session_;           ///< last: it ends before what it tells
};

LiveSession::LiveSession(std::shared_ptr<const Graph> graph, LiveSessionOptions options)
    : impl_(std::make_unique<Impl>(std::move(graph), std::move(options))) {}

LiveSession::~LiveSession() = default;

void LiveSession::push(Packet packet) { impl_->push(std::move(packet)); }
bool LiveSession::try_push(Packet& packet) { return impl_->try_push(packet); }

void LiveSession::run_sources() {
  impl_->call([this] { impl_->session().run_sources(); });
}

void LiveSession::flush() {
  impl_->call([this] { impl_->session().flush(); });
}

void LiveSession::finish() { impl_->finish(); }
std::optional<Output> LiveSession::next() { return impl_->results().take(std::nullopt); }
std::optional<Output> LiveSession::next(Time timeout) { return impl_->results().take(timeout); }
bool LiveSession::is_at_end() const { return impl_->results().is_at_end(); }
void LiveSession::cancel() noexcept { impl_->session().cancel(); }
bool LiveSession::close(std::optional<Time> timeout) noexcept { return impl_->close(timeout); }
const Graph& LiveSession::graph() const { return impl_->session().graph(); }
Metrics LiveSession::metrics() const { return impl_->session().metrics(); }

}  // namespace remotemedia
