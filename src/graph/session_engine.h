#pragma once

#include "graph/lane.h"
#include "graph/segment.h"
#include "graph/session_control.h"
#include "graph/session_plan.h"
#include "remotemedia/graph/session.h"

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace remotemedia {

/// What a session consists of: the segment of its own thread, and lanes. A worker that runs a lane
/// keeps it alive, so that a session can be left behind while a call of a node does not end.
class Session::Engine : public std::enable_shared_from_this<Engine> {
 public:
  Engine(std::shared_ptr<const Graph> graph, SessionOptions options, Sink sink);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Initialises all nodes in graph order; if one fails, those already initialised are cleaned up.
  void initialize();
  void push(Packet packet);
  [[nodiscard]] bool has_room() const;
  void run_sources();
  void flush();
  void begin_finish(std::function<void()> ready);
  void finish();
  void cancel() noexcept;
  void stop() noexcept;
  bool close(std::optional<Time> timeout) noexcept;
  /// A close did not find the lanes idle in time.
  [[nodiscard]] bool is_left_behind() const;
  [[nodiscard]] const Graph& graph() const { return *graph_; }
  [[nodiscard]] Metrics metrics() const;

 private:
  enum class State { ready, busy, finished, failed };
  /// A connection from the session's segment to a lane.
  struct Exit {
    Inbox* inbox = nullptr;
    std::size_t slot = 0;
    bool joins = false;  ///< somebody behind it waits for the news of each wave
  };

  struct LaneFailure {
    std::size_t order = 0;  ///< of the lane's head, in the graph
    std::exception_ptr failure;
  };

  void make_segments();
  void connect();
  void connect_inputs();
  [[nodiscard]] Segment& segment_of(std::size_t node);
  [[nodiscard]] const Segment& segment_of(std::size_t node) const;
  [[nodiscard]] Lane* lane_of(std::size_t node);
  /// Whether packets of several connections come together in, or behind, the lane.
  [[nodiscard]] bool leads_to_join(std::size_t segment) const;

  /// One entry from outside: state, total time, failures.
  template <typename Call>
  void run(Call call);
  void check_ready() const;
  void give(std::size_t node, Packet packet);
  void rethrow_failure();
  void end_wave();
  void publish_floors(bool to_all);
  void begin_flush();
  void wait_until_flushed();
  void wait_for_lanes();

  void start(Lane& lane);
  /// Lets a worker run the lane, which counts as running already.
  void send_to_worker(Lane& lane);
  void run_lane(Lane& lane) noexcept;
  void resume(Lane& lane) noexcept;
  void fail(const Lane& lane, std::exception_ptr failure) noexcept;
  /// Of all lanes, and `own` before theirs; with the lock.
  [[nodiscard]] std::exception_ptr joined_failure(std::exception_ptr own = nullptr) const;
  void end_lane() noexcept;
  void clean_up() noexcept;
  void wake() noexcept;

  std::shared_ptr<const Graph> graph_;
  SessionControl control_;
  SessionPlan plan_;
  std::optional<Segment> own_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<Exit> exits_;

  // Of the session's thread.
  State state_ = State::ready;
  bool has_begun_finish_ = false;
  Epoch epoch_ = 0;
  std::uint32_t generation_ = 0;  ///< of the present call
  Counter total_executions_;
  Counter total_ns_;
  Time clock_cost_{0};

  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  std::size_t running_lanes_ = 0;
  std::size_t flushes_ = 0;  ///< asked of lanes, and not done
  bool is_closing_ = false;
  bool is_clean_ = false;
  std::vector<LaneFailure> failures_;
  bool is_reported_ = false;
  std::function<void()> when_idle_;
};

}  // namespace remotemedia
