#include "server/peer_pipeline.h"

#include "remotemedia/base/error.h"
#include "remotemedia/base/log.h"
#include "remotemedia/base/worker_pool.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <system_error>
#include <thread>
#include <utility>

namespace remotemedia::server {

/// Shared with the threads of lanes, which may outlive the pipeline.
struct PeerPipeline::Results {
  std::string session_id;
  mutable std::mutex mutex;  ///< guards what follows
  std::vector<Packet> waiting;
  std::uint32_t generation = 0;
  std::uint64_t dropped = 0;
  std::exception_ptr failure;
  bool has_warned = false;
  /// Who is inside of push(). Matters to that thread alone: no ordering.
  std::atomic<std::thread::id> pusher{};
  std::function<void()> notify;

  void add(Packet packet) {
    if (const ForeignPtr* object = packet.object()) packet.payload = json_of(**object);
    bool tell = false;
    {
      const std::lock_guard lock(mutex);
      if (packet.generation < generation) return;
      if (waiting.size() == kMaxResults) {
        waiting.erase(waiting.begin());
        ++dropped;
      }
      tell =
          waiting.empty() && pusher.load(std::memory_order_relaxed) != std::this_thread::get_id();
      waiting.push_back(std::move(packet));
    }
    if (tell) notify();
  }

  /// A Python object becomes JSON on the thread of the node that gave it, where that may wait. Of
  /// one that is none only an empty payload leaves Python, which counts as unknown.
  Payload json_of(const ForeignObject& object) {
    try {
      return object.to_value();
    } catch (const Error& error) {
      const std::lock_guard lock(mutex);
      if (!std::exchange(has_warned, true)) {
        log(LogLevel::warning,
            "session " + session_id + ": a result goes nowhere: " + error.what());
      }
      return Bytes{};
    }
  }

  void fail(std::exception_ptr error) {
    {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::move(error);
    }
    notify();
  }
};

PeerPipeline::PeerPipeline(const SessionSource& running, std::string session_id,
                           std::function<void()> notify)
    : results_(std::make_shared<Results>()) {
  results_->notify = std::move(notify);
  SessionOptions options;
  results_->session_id = session_id;
  options.id = std::move(session_id);
  options.lanes = true;
  // Live audio does not wait for a slow node.
  options.queue = {.capacity = kLaneCapacity, .policy = QueuePolicy::drop_oldest};
  options.on_failure = [results = results_](std::exception_ptr error) {
    results->fail(std::move(error));
  };
  session_ = running(std::move(options), [results = results_](Output output) {
    results->add(std::move(output.packet));
  });
  accepts_audio_ = accepts(graph(), PayloadKind::audio);
  accepts_text_ = accepts(graph(), PayloadKind::text);
}

PeerPipeline::~PeerPipeline() = default;

void PeerPipeline::push(Packet packet) {
  results_->pusher.store(std::this_thread::get_id(), std::memory_order_relaxed);
  struct Left {
    Results& results;
    ~Left() { results.pusher.store({}, std::memory_order_relaxed); }
  } left{*results_};
  session_->push(std::move(packet));
}

std::vector<Packet> PeerPipeline::take() {
  const std::lock_guard lock(results_->mutex);
  return std::exchange(results_->waiting, {});
}

std::exception_ptr PeerPipeline::failure() const {
  const std::lock_guard lock(results_->mutex);
  return results_->failure;
}

void PeerPipeline::cancel() {
  {
    const std::lock_guard lock(results_->mutex);
    ++results_->generation;
    results_->waiting.clear();
  }
  session_->cancel();
}

void PeerPipeline::finish(Time timeout) noexcept {
  if (!failure()) may_wait() ? finish_input_within(timeout) : finish_input();
  session_->close(timeout);
}

void PeerPipeline::finish_input() noexcept {
  try {
    session_->finish();
  } catch (...) {  // NOLINT(bugprone-empty-catch): the session is over, nobody hears of it
  }
}

/// On another thread: a node that hangs holds up the call until this one stops the session.
void PeerPipeline::finish_input_within(Time timeout) noexcept {
  try {
    const auto ended = std::make_shared<std::promise<void>>();
    const auto end = ended->get_future();
    run_on_worker([this, ended] {
      finish_input();
      ended->set_value();
    });
    if (end.wait_for(timeout) != std::future_status::ready) session_->stop();
    end.wait();
  } catch (const std::system_error&) {
    session_->stop();  // no thread to be had
  }
}

std::uint64_t PeerPipeline::dropped_results() const {
  const std::lock_guard lock(results_->mutex);
  return results_->dropped;
}

bool PeerPipeline::may_wait() const {
  return std::ranges::any_of(graph().nodes(), [](const GraphNode& node) {
    return node.type.offloaded || node.policy.retry.has_value();
  });
}

bool accepts(const Graph& graph, PayloadKind kind) {
  return !graph.inputs().empty() && std::ranges::all_of(graph.inputs(), [&](std::size_t index) {
    const std::vector<PayloadKind>& kinds = graph.nodes()[index].type.inputs[0].kinds;
    return kinds.empty() || std::ranges::find(kinds, kind) != kinds.end();
  });
}

namespace {

constexpr std::array kOpusRates = {48'000, 24'000, 16'000, 12'000, 8'000};

StreamFormat mono_at(int rate) {
  return {.kind = PayloadKind::audio,
          .rate = rate,
          .channels = 1,
          .sample_format_known = true,
          .sample_format = SampleFormat::f32};
}

/// Nothing if the node refuses it.
std::optional<StreamFormat> resolved(const GraphNode& node, const StreamFormat& format) {
  if (!node.type.resolve) return format;
  try {
    return node.type.resolve(node.parameters, format);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

bool takes_as_it_is(const GraphNode& node, int rate) {
  const auto format = resolved(node, mono_at(rate));
  return format && format->rate == rate;
}

/// The lowest rate of Opus that keeps what a signal of `rate` has.
int opus_rate_for(int rate) {
  int chosen = kOpusRates.front();
  for (const int possible : kOpusRates) {
    if (possible >= rate) chosen = possible;
  }
  return chosen;
}

}  // namespace

int input_rate(const Graph& graph) {
  for (const int rate : kOpusRates) {
    const bool fits = std::ranges::all_of(graph.inputs(), [&](std::size_t index) {
      return takes_as_it_is(graph.nodes()[index], rate);
    });
    if (fits) return rate;
  }
  return kOpusRates.front();
}

int output_rate(const Graph& graph, int input_rate) {
  std::vector<int> rates(graph.nodes().size(), 0);  // 0: not known
  int highest = 0;
  for (const std::size_t index : graph.order()) {
    const GraphNode& node = graph.nodes()[index];
    const int before = node.incoming.empty() ? input_rate : rates[node.incoming[0].from];
    const auto after = resolved(node, mono_at(before));
    // A node of the user's may give any rate.
    rates[index] = after && before != 0 && !node.type.offloaded ? after->rate : node.output.rate;
    if (node.outgoing.empty()) highest = std::max(highest, rates[index]);
  }
  return highest == 0 ? kOpusRates.front() : opus_rate_for(highest);
}

}  // namespace remotemedia::server
