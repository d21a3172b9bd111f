#include "graph/reliable_node.h"

#include "graph/node_failure.h"
#include "graph/retry_delay.h"
#include "remotemedia/base/error.h"
#include "remotemedia/base/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia {
namespace {

constexpr const char* kStage = "process";

/// Keeps what a call emits until it is known to have succeeded.
class HeldResults final : public Emitter {
 public:
  explicit HeldResults(const std::function<bool()>& cancelled) : cancelled_(cancelled) {}
  bool emit(Packet packet, std::uint16_t port) override {
    results_.emplace_back(std::move(packet), port);
    return !cancelled_();
  }
  void clear() { results_.clear(); }
  void send(Emitter& out) {
    for (auto& [packet, port] : results_) {
      if (!out.emit(std::move(packet), port)) return;
    }
  }

 private:
  const std::function<bool()>& cancelled_;
  using Result = std::pair<Packet, std::uint16_t>;
  std::vector<Result, BlockAllocator<Result>> results_;
};

class ReliableNode final : public NodeExecutor {
 public:
  ReliableNode(std::unique_ptr<NodeExecutor> node, const NodePolicy& policy,
               Surroundings surroundings, ReliabilityCounters& counters)
      : node_(std::move(node)),
        policy_(policy),
        surroundings_(std::move(surroundings)),
        counters_(counters) {
    if (policy_.circuit_breaker) breaker_.emplace(*policy_.circuit_breaker);
    show_breaker();
  }

  void initialize(const NodeContext& context) override {
    id_ = context.node_id;
    type_ = context.node_type;
    node_->initialize(context);
  }
  void process(Packet packet, Emitter& out) override;
  void flush(Emitter& out) override { node_->flush(out); }
  void cleanup() noexcept override { node_->cleanup(); }

 private:
  enum class Outcome { succeeded, repeat, dropped };

  bool may_call();
  [[nodiscard]] int most_attempts() const;
  Outcome attempt(Packet packet, Emitter& held, int number, int most);
  /// In a handler of `error`: drops the packet, or throws.
  void give_up(const std::exception& error, int attempt);
  void note_failure(const std::string& text);
  void drop(const std::string& text);
  void show_breaker();
  [[nodiscard]] std::string label() const { return fmt::format("node '{}' ({})", id_, type_); }

  std::unique_ptr<NodeExecutor> node_;
  NodePolicy policy_;
  Surroundings surroundings_;
  ReliabilityCounters& counters_;
  std::optional<CircuitBreaker> breaker_;
  std::string id_;
  std::string type_;
};

void ReliableNode::process(Packet packet, Emitter& out) {
  if (!may_call()) return;
  HeldResults held(surroundings_.cancelled);
  const int most = most_attempts();
  for (int number = 1;; ++number) {
    const Outcome outcome = attempt(packet, held, number, most);  // the copy shares the payload
    if (outcome == Outcome::dropped) return;
    if (outcome == Outcome::succeeded) break;
    held.clear();
    const double random = policy_.retry->jitter ? surroundings_.random() : 0.0;
    if (!surroundings_.wait(retry_delay(*policy_.retry, number, random))) {
      ++counters_.drops;  // nobody wants its results any more
      return;
    }
    ++counters_.retries;
  }
  if (breaker_) {
    breaker_->succeed();
    show_breaker();
  }
  held.send(out);
}

bool ReliableNode::may_call() {
  if (!breaker_) return true;
  const bool allowed = breaker_->allows(surroundings_.clock());
  show_breaker();
  if (allowed) return true;
  if (policy_.on_error == OnError::fail) throw CircuitOpenError(id_);
  ++counters_.drops;
  return false;
}

int ReliableNode::most_attempts() const {
  const bool is_trial = breaker_ && breaker_->state() == BreakerState::half_open;
  return policy_.retry && !is_trial ? policy_.retry->max_retries + 1 : 1;
}

ReliableNode::Outcome ReliableNode::attempt(Packet packet, Emitter& held, int number, int most) {
  try {
    node_->process(std::move(packet), held);
    return Outcome::succeeded;
  } catch (const std::exception& error) {
    // After a cancel the error is one of being cancelled, which no policy is about.
    if (surroundings_.cancelled()) throw;
    if (number < most && is_transient(error)) return Outcome::repeat;
    give_up(error, number);
    return Outcome::dropped;
  }
}

void ReliableNode::give_up(const std::exception& error, int attempt) {
  const std::string text = failure_text(error, attempt);
  note_failure(text);
  if (policy_.on_error == OnError::skip) return drop(text);
  name_failure(id_, type_, kStage, attempt);
}

void ReliableNode::note_failure(const std::string& text) {
  if (!breaker_) return;
  if (breaker_->fail(surroundings_.clock())) {
    log(LogLevel::warning,
        fmt::format("{}: {}; last failure: {}", label(), CircuitOpenError(id_).message(), text));
  }
  show_breaker();
}

void ReliableNode::drop(const std::string& text) {
  // One line says what goes wrong; a node that fails often must not fill the log.
  if (counters_.drops++ > 0) return;
  log(LogLevel::warning,
      fmt::format("{} failed in {}; the packet is dropped, further ones are only counted: {}",
                  label(), kStage, text));
}

void ReliableNode::show_breaker() {
  if (breaker_) counters_.breaker = to_string(breaker_->state());
}

std::function<double()> random_numbers() {
  return [engine = std::minstd_rand(std::random_device()())]() mutable {
    return std::uniform_real_distribution<double>()(engine);
  };
}

}  // namespace

void ReliabilityCounters::add_to(NodeMetrics& metrics) const {
  metrics.retry_count = retries;
  metrics.drop_count = drops;
  metrics.error_count += metrics.drop_count;
  metrics.success_count -= std::min(metrics.success_count, metrics.drop_count);
  if (const char* state = breaker) metrics.breaker_state = state;
}

std::unique_ptr<NodeExecutor> make_reliable(std::unique_ptr<NodeExecutor> node,
                                            const NodePolicy& policy, Surroundings surroundings,
                                            ReliabilityCounters& counters) {
  if (!policy.retry && !policy.circuit_breaker && policy.on_error == OnError::fail) return node;
  if (policy.retry && policy.retry->jitter && !surroundings.random) {
    surroundings.random = random_numbers();
  }
  return std::make_unique<ReliableNode>(std::move(node), policy, std::move(surroundings), counters);
}

}  // namespace remotemedia
