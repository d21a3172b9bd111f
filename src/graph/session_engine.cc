#include "graph/session_engine.h"

#include "graph/node_failure.h"
#include "graph/process_memory.h"
#include "graph/waitable.h"
#include "remotemedia/base/check.h"
#include "remotemedia/base/error.h"
#include "remotemedia/base/log.h"
#include "remotemedia/base/worker_pool.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace remotemedia {
namespace {

constexpr std::size_t kOwn = 0;

// The engine whose lane this thread runs: its sink must not wait for it.
thread_local const void* running_on_lane_of = nullptr;

Time steady_time() { return std::chrono::steady_clock::now().time_since_epoch(); }

// What one clock read costs, so that the metrics can state their own overhead.
Time clock_cost(const Clock& clock) {
  constexpr int kReads = 7;
  const Time start = clock();
  for (int i = 0; i < kReads; ++i) static_cast<void>(clock());
  return (clock() - start) / (kReads + 1);
}

SessionOptions checked(SessionOptions options) {
  if (options.queue.capacity == 0) {
    refuse("queue.capacity", "0", "1 or more packets");
  }
  if (!options.clock) options.clock = steady_time;
  if (options.trace) options.enable_metrics = true;
  return options;
}

}  // namespace

Session::Engine::Engine(std::shared_ptr<const Graph> graph, SessionOptions options, Sink sink)
    : graph_(std::move(graph)),
      control_(checked(std::move(options)), std::move(sink)),
      plan_(control_.options.lanes ? plan_lanes(*graph_, control_.options.parallel_branches)
                                   : plan_without_lanes(*graph_)) {
  control_.has_lanes = plan_.has_lanes();
  if (control_.is_measuring()) clock_cost_ = clock_cost(control_.options.clock);
  make_segments();
  connect();
}

void Session::Engine::make_segments() {
  own_.emplace(*graph_, plan_.segments[kOwn], control_);
  for (std::size_t i = 1; i < plan_.segments.size(); ++i) {
    lanes_.push_back(std::make_unique<Lane>(*graph_, plan_.segments[i], control_,
                                            [this, i] { start(*lanes_[i - 1]); }));
  }
  if (control_.has_lanes) own_->on_wave_end([this] { end_wave(); });
  for (std::size_t i = 0; i < graph_->outputs().size(); ++i) {
    const std::size_t node = graph_->outputs()[i];
    segment_of(node).make_output(node, i);
  }
}

void Session::Engine::connect() {
  for (std::size_t node = 0; node < graph_->nodes().size(); ++node) {
    const std::vector<Edge>& incoming = graph_->nodes()[node].incoming;
    const std::size_t to = plan_.segment_of[node];
    for (std::size_t slot = 0; slot < incoming.size(); ++slot) {
      const Edge& edge = incoming[slot];
      const std::size_t from = plan_.segment_of[edge.from];
      if (from == to) {
        segment_of(node).connect(edge, slot);
        continue;
      }
      Inbox& inbox = lane_of(node)->inbox();
      segment_of(edge.from).connect(edge, slot, inbox);
      if (from == kOwn) {
        exits_.push_back({&inbox, slot, leads_to_join(to)});
      } else {
        lane_of(edge.from)->lead_to(inbox, slot);
      }
    }
  }
  connect_inputs();
}

void Session::Engine::connect_inputs() {
  for (const std::size_t node : graph_->inputs()) {
    if (Lane* lane = lane_of(node)) {
      exits_.push_back({&lane->inbox(), 0, leads_to_join(plan_.segment_of[node])});
    }
  }
}

bool Session::Engine::leads_to_join(std::size_t segment) const {
  if (graph_->nodes()[plan_.head(segment)].incoming.size() > 1) return true;
  return std::ranges::any_of(plan_.segments[segment], [&](std::size_t node) {
    return std::ranges::any_of(graph_->nodes()[node].outgoing, [&](const Edge& edge) {
      const std::size_t next = plan_.segment_of[edge.to];
      return next != segment && leads_to_join(next);
    });
  });
}

Lane* Session::Engine::lane_of(std::size_t node) {
  const std::size_t segment = plan_.segment_of[node];
  return segment == kOwn ? nullptr : lanes_[segment - 1].get();
}

Segment& Session::Engine::segment_of(std::size_t node) {
  Lane* lane = lane_of(node);
  return lane == nullptr ? *own_ : lane->segment();
}

const Segment& Session::Engine::segment_of(std::size_t node) const {
  const std::size_t segment = plan_.segment_of[node];
  return segment == kOwn ? *own_ : lanes_[segment - 1]->segment();
}

void Session::Engine::initialize() {
  try {
    for (const std::size_t node : graph_->order()) segment_of(node).initialize(node);
  } catch (...) {
    close(std::nullopt);
    throw;
  }
}

void Session::Engine::check_ready() const {
  if (running_on_lane_of == this || state_ == State::busy) {  // a lane must not read the state
    refuse("the session", "busy", "idle", "do not call it from its own sink");
  }
  if (state_ != State::ready) refuse("the session", "finished", "running", "start another one");
}

void Session::Engine::rethrow_failure() {
  if (lanes_.empty()) return;  // only they leave one
  const std::lock_guard lock(mutex_);
  if (!failures_.empty()) std::rethrow_exception(failures_.front().failure);
}

template <typename Call>
void Session::Engine::run(Call call) {
  check_ready();
  state_ = State::busy;
  generation_ = control_.generation.load(std::memory_order_relaxed);
  const Time start = own_->now();
  try {
    rethrow_failure();
    own_->begin(generation_, epoch_);
    call();
    rethrow_failure();
    state_ = State::ready;
  } catch (const SinkFailure& failure) {
    state_ = State::failed;
    stop();
    std::rethrow_exception(failure.cause);
  } catch (...) {
    state_ = State::failed;
    wait_for_lanes();  // the results of what was pushed before come before the error
    stop();
    const std::lock_guard lock(mutex_);
    std::rethrow_exception(joined_failure(std::current_exception()));
  }
  total_ns_.add(static_cast<std::uint64_t>((own_->now() - start).count()));
}

void Session::Engine::push(Packet packet) {
  if (graph_->inputs().empty()) {
    refuse("the input", describe(packet), "none", "the graph's sources produce their own data");
  }
  packet.port = 0;
  run([&] {
    packet.generation = generation_;
    total_executions_.add(1);
    const std::vector<std::size_t>& inputs = graph_->inputs();
    for (std::size_t i = 0; i + 1 < inputs.size(); ++i) give(inputs[i], packet);
    give(inputs.back(), std::move(packet));
    own_->run_waves();
  });
}

/// What comes from outside, to an input of the graph.
void Session::Engine::give(std::size_t node, Packet packet) {
  Lane* lane = lane_of(node);
  if (lane == nullptr) return own_->give(node, 0, std::move(packet));
  static_cast<void>(lane->inbox().put({.packet = std::move(packet),
                                       .epoch = epoch_,
                                       .generation = generation_,
                                       .queued = own_->now(),
                                       .slot = 0}));
}

bool Session::Engine::has_room() const {
  return std::ranges::all_of(exits_,
                             [](const Exit& exit) { return exit.inbox->has_room(exit.slot); });
}

void Session::Engine::run_sources() {
  run([&] {
    total_executions_.add(1);
    for (const std::size_t node : graph_->sources()) {
      if (own_->is_stale()) return;
      own_->run_source(node);
    }
  });
}

void Session::Engine::flush() {
  run([&] {
    begin_flush();
    wait_until_flushed();
  });
}

void Session::Engine::begin_finish(std::function<void()> ready) {
  if (state_ != State::finished && !std::exchange(has_begun_finish_, true)) {
    run([&] { begin_flush(); });
  }
  {
    const std::lock_guard lock(mutex_);
    if (running_lanes_ > 0) {
      when_idle_ = std::move(ready);
      return;
    }
  }
  ready();
}

void Session::Engine::finish() {
  if (state_ == State::finished) return;
  run([&] {
    if (!has_begun_finish_) begin_flush();
    wait_until_flushed();
  });
  state_ = State::finished;
}

// Each flush has an epoch of its own: so the results of nodes that come together behind lanes keep
// the order that the nodes have.
void Session::Engine::begin_flush() {
  for (const std::size_t node : graph_->order()) {
    if (own_->is_stale()) return;
    Lane* lane = lane_of(node);
    if (lane == nullptr) {
      own_->flush(node);
      continue;
    }
    {
      const std::lock_guard lock(mutex_);
      ++flushes_;
    }
    lane->inbox().add_flush({.node = node, .epoch = epoch_, .generation = generation_});
    own_->set_epoch(++epoch_);
    publish_floors(true);
  }
  publish_floors(true);
}

void Session::Engine::wait_until_flushed() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return flushes_ == 0 || !failures_.empty() || own_->is_stale(); });
}

void Session::Engine::wait_for_lanes() {
  if (control_.options.lanes_wait_for_caller) return;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return running_lanes_ == 0 || own_->is_stale(); });
}

void Session::Engine::end_wave() {
  own_->set_epoch(++epoch_);
  publish_floors(false);
}

void Session::Engine::publish_floors(bool to_all) {
  for (const Exit& exit : exits_) {
    if (to_all || exit.joins) exit.inbox->raise_floor(exit.slot, epoch_);
  }
}

void Session::Engine::start(Lane& lane) {
  {
    const std::lock_guard lock(mutex_);
    ++running_lanes_;
  }
  try {
    send_to_worker(lane);
  } catch (...) {
    end_lane();
    throw;
  }
}

void Session::Engine::send_to_worker(Lane& lane) {
  auto task = [self = shared_from_this(), &lane] { self->run_lane(lane); };
  if (lane.awaits()) return run_briefly_on_worker(std::move(task));
  run_on_worker(std::move(task));
}

void Session::Engine::run_lane(Lane& lane) noexcept {
  const auto flushed = [this] {
    {
      const std::lock_guard lock(mutex_);
      --flushes_;
    }
    changed_.notify_all();
  };
  AwaitingNode::Resume resume;
  bool has_ended = true;
  running_on_lane_of = this;
  try {
    // It keeps the engine while the lane has no thread to do so.
    if (lane.awaits()) resume = [self = shared_from_this(), &lane] { self->resume(lane); };
    has_ended = lane.run(flushed, resume);
  } catch (const SinkFailure& failure) {
    fail(lane, failure.cause);
    stop();
  } catch (...) {
    lane.inbox().shut();
    fail(lane, std::current_exception());
  }
  running_on_lane_of = nullptr;
  if (has_ended) end_lane();
}

void Session::Engine::resume(Lane& lane) noexcept {
  if (!lane.resumes()) return;
  try {
    send_to_worker(lane);
  } catch (...) {  // there is no thread for it
    lane.inbox().shut();
    fail(lane, std::current_exception());
    end_lane();
  }
}

void Session::Engine::fail(const Lane& lane, std::exception_ptr failure) noexcept {
  const auto order = std::ranges::find(graph_->order(), lane.head()) - graph_->order().begin();
  {
    const std::lock_guard lock(mutex_);
    const auto behind = std::ranges::upper_bound(failures_, static_cast<std::size_t>(order), {},
                                                 &LaneFailure::order);
    failures_.insert(behind, {static_cast<std::size_t>(order), std::move(failure)});
  }
  changed_.notify_all();
}

std::exception_ptr Session::Engine::joined_failure(std::exception_ptr own) const {
  std::vector<std::exception_ptr> all;
  for (const LaneFailure& of_lane : failures_) all.push_back(of_lane.failure);
  if (own && std::ranges::find(all, own) == all.end()) all.insert(all.begin(), std::move(own));
  return join_failures(all);
}

// The other lanes go on with what they have, so that a failure comes after the results of what was
// before it; the last one reports it.
void Session::Engine::end_lane() noexcept {
  bool cleans_up = false;
  std::exception_ptr failure;
  {
    std::unique_lock lock(mutex_);
    // Before the lane counts as idle: so a close waits until the call has ended.
    while (running_lanes_ == 1 && when_idle_) {
      const std::function<void()> ready = std::exchange(when_idle_, nullptr);
      lock.unlock();
      ready();
      lock.lock();
    }
    --running_lanes_;
    if (running_lanes_ == 0) {
      if (!failures_.empty() && !std::exchange(is_reported_, true)) failure = joined_failure();
      cleans_up = is_closing_ && !std::exchange(is_clean_, true);
    }
  }
  if (failure) {
    stop();
    if (control_.options.on_failure) control_.options.on_failure(failure);
  }
  if (cleans_up) clean_up();
  changed_.notify_all();
}

void Session::Engine::cancel() noexcept {
  const std::uint32_t begun = control_.generation.fetch_add(1, std::memory_order_relaxed) + 1;
  wake();
  if (control_.options.on_cancel) control_.options.on_cancel(begun);
}

void Session::Engine::stop() noexcept {
  control_.stopped.store(true, std::memory_order_relaxed);
  wake();
  if (control_.options.on_cancel) control_.options.on_cancel(std::nullopt);
}

void Session::Engine::wake() noexcept {
  for (const std::unique_ptr<Lane>& lane : lanes_) lane->inbox().wake();
  control_.end_waits();
  { const std::lock_guard lock(mutex_); }  // who has just looked waits by now
  changed_.notify_all();
}

bool Session::Engine::close(std::optional<Time> timeout) noexcept {
  stop();
  if (state_ == State::busy || running_on_lane_of == this) return false;
  if (state_ == State::ready) state_ = State::finished;
  std::unique_lock lock(mutex_);
  const auto is_idle = [this] { return running_lanes_ == 0; };
  if (timeout) {
    changed_.wait_for(lock, waitable(*timeout), is_idle);
  } else {
    changed_.wait(lock, is_idle);
  }
  if (!is_idle()) {
    is_closing_ = true;  // the last lane cleans up
    return false;
  }
  if (std::exchange(is_clean_, true)) return true;
  lock.unlock();
  clean_up();
  return true;
}

bool Session::Engine::is_left_behind() const {
  const std::lock_guard lock(mutex_);
  return is_closing_;
}

void Session::Engine::clean_up() noexcept {
  for (std::size_t i = 0; i < graph_->nodes().size(); ++i) segment_of(i).clean_up(i);
  for (const std::unique_ptr<Lane>& lane : lanes_) lane->inbox().clear();
}

Metrics Session::Engine::metrics() const {
  Metrics metrics;
  metrics.pipeline_id = graph_->name();
  metrics.total_executions = total_executions_.value();
  metrics.total_duration = Time(static_cast<std::int64_t>(total_ns_.value()));
  metrics.peak_memory_bytes = peak_memory_bytes();
  std::uint64_t clock_reads = own_->clock_reads();
  for (const std::unique_ptr<Lane>& lane : lanes_) clock_reads += lane->segment().clock_reads();
  metrics.metrics_overhead = clock_cost_ * clock_reads;
  metrics.nodes.reserve(graph_->nodes().size());
  for (std::size_t i = 0; i < graph_->nodes().size(); ++i) {
    metrics.nodes.push_back(segment_of(i).metrics(i));
  }
  for (const std::unique_ptr<Lane>& lane : lanes_) {
    metrics.nodes[lane->head()].queue = lane->inbox().metrics();
  }
  return metrics;
}

}  // namespace remotemedia
