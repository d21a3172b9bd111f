#include "graph/manifest_policy.h"

#include "graph/shown.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace remotemedia {
namespace {

/// Of a policy that is an object, or `true` for its defaults.
template <typename Policy, typename Read>
std::optional<Policy> read_switch(const Fields& node, const char* name, Read read) {
  const Value* value = node.find(name);
  if (value == nullptr) return std::nullopt;
  if (*value == Value(true)) return Policy{};
  if (value->as_object() == nullptr) {
    node.refuse_field(name,
                      fmt::format("'{}' is {}, expected true or an object", name, shown(*value)));
  }
  return read(node.object(name, name));
}

RetryPolicy read_retry(const Fields& fields) {
  fields.allow_only({"max_retries", "initial_delay_ms", "multiplier", "max_delay_ms", "jitter"});
  RetryPolicy retry;
  retry.max_retries = fields.integer_or("max_retries", retry.max_retries, 0, kMaxRetries);
  retry.initial_delay_ms =
      fields.integer_or("initial_delay_ms", retry.initial_delay_ms, 0, kMaxPolicyMs);
  retry.multiplier = fields.number_or("multiplier", retry.multiplier, 1, kMaxRetryMultiplier);
  retry.max_delay_ms = fields.integer_or("max_delay_ms", retry.max_delay_ms, 0, kMaxPolicyMs);
  fields.check_bool("jitter");
  if (const Value* jitter = fields.find("jitter")) retry.jitter = *jitter->as_bool();
  if (retry.max_delay_ms < retry.initial_delay_ms) {
    fields.refuse(
        fmt::format("'max_delay_ms' is {}, expected at least initial_delay_ms, which is {}",
                    retry.max_delay_ms, retry.initial_delay_ms),
        "give both");
  }
  return retry;
}

BreakerPolicy read_breaker(const Fields& fields) {
  fields.allow_only({"failure_threshold", "reset_timeout_ms"});
  BreakerPolicy breaker;
  breaker.failure_threshold =
      fields.integer_or("failure_threshold", breaker.failure_threshold, 1, kMaxFailureThreshold);
  breaker.reset_timeout_ms =
      fields.integer_or("reset_timeout_ms", breaker.reset_timeout_ms, 0, kMaxPolicyMs);
  return breaker;
}

NodeQueue read_queue(const Fields& node) {
  NodeQueue queue;
  if (node.find("queue") == nullptr) return queue;
  const Fields fields = node.object("queue", "queue");
  fields.allow_only({"capacity", "policy"});
  if (fields.find("capacity") != nullptr) {
    queue.capacity = fields.integer_or("capacity", 1, 1, kMaxQueueCapacity);
  }
  fields.check_choice("policy", {"block", "drop_oldest", "coalesce"});
  for (const QueuePolicy policy :
       {QueuePolicy::block, QueuePolicy::drop_oldest, QueuePolicy::coalesce}) {
    if (fields.text_or("policy", "") == to_string(policy)) queue.policy = policy;
  }
  return queue;
}

Value to_value(const NodeQueue& queue) {
  Object written;
  if (queue.capacity) written.set("capacity", *queue.capacity);
  if (queue.policy) written.set("policy", to_string(*queue.policy));
  return written;
}

Value to_value(const RetryPolicy& retry) {
  return Object{{"max_retries", retry.max_retries},
                {"initial_delay_ms", retry.initial_delay_ms},
                {"multiplier", retry.multiplier},
                {"max_delay_ms", retry.max_delay_ms},
                {"jitter", retry.jitter}};
}

Value to_value(const BreakerPolicy& breaker) {
  return Object{{"failure_threshold", breaker.failure_threshold},
                {"reset_timeout_ms", breaker.reset_timeout_ms}};
}

}  // namespace

NodePolicy read_policy(const Fields& node) {
  NodePolicy policy;
  policy.retry = read_switch<RetryPolicy>(node, "retry", read_retry);
  policy.circuit_breaker = read_switch<BreakerPolicy>(node, "circuit_breaker", read_breaker);
  if (node.find("timeout_ms") != nullptr) {
    policy.timeout_ms = node.integer_or("timeout_ms", 1, 1, kMaxPolicyMs);
  }
  node.check_choice("on_error", {"fail", "skip"});
  if (node.text_or("on_error", "fail") == "skip") policy.on_error = OnError::skip;
  policy.queue = read_queue(node);
  return policy;
}

NodePolicy read_default_policy(const Fields& config) {
  NodePolicy policy;
  config.check_choice("retry_policy", {"none", "fixed", "exponential"});
  const bool names_retries = config.find("max_retries") != nullptr;
  if (names_retries || config.find("retry_policy") != nullptr) {
    constexpr int kExponentialCapMs = 30'000;
    RetryPolicy retry;
    retry.max_retries = config.integer_or("max_retries", retry.max_retries, 0, kMaxRetries);
    const std::string kind = config.text_or("retry_policy", "");
    if (kind == "fixed") retry.multiplier = 1;
    if (kind == "exponential") retry.max_delay_ms = kExponentialCapMs;
    if (kind != "none") policy.retry = retry;
  }
  if (config.find("circuit_breaker_threshold") != nullptr) {
    policy.circuit_breaker.emplace().failure_threshold =
        config.integer_or("circuit_breaker_threshold", 1, 1, kMaxFailureThreshold);
  }
  return policy;
}

void write_policy(const NodePolicy& policy, Object& node) {
  if (policy.retry) node.set("retry", to_value(*policy.retry));
  if (policy.circuit_breaker) node.set("circuit_breaker", to_value(*policy.circuit_breaker));
  if (policy.timeout_ms) node.set("timeout_ms", *policy.timeout_ms);
  if (policy.on_error != OnError::fail) node.set("on_error", to_string(policy.on_error));
  if (policy.queue != NodeQueue{}) node.set("queue", to_value(policy.queue));
}

}  // namespace remotemedia
