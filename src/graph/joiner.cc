#include "remotemedia/graph/joiner.h"

#include "remotemedia/base/check.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

namespace remotemedia {
namespace {

// Times come from integer frame counts, so touching intervals differ by rounding only.
constexpr double kTouching = 1e-9;

const Value* bound(const Value& interval, std::size_t index) {
  const Value::Array* pair = interval.as_array();
  return pair != nullptr && pair->size() == 2 ? &(*pair)[index] : nullptr;
}

void append_interval(Value::Array& all, const Value& next) {
  const Value* begin = bound(next, 0);
  const Value* last_end = all.empty() ? nullptr : bound(all.back(), 1);
  if (begin != nullptr && last_end != nullptr &&
      std::fabs(begin->number() - last_end->number()) <= kTouching) {
    (*all.back().as_array())[1] = *bound(next, 1);
  } else {
    all.push_back(next);
  }
}

Value sum(const Value& a, const Value& b) {
  if (a.as_int() == nullptr || b.as_int() == nullptr) return a.number() + b.number();
  std::int64_t total = 0;
  const bool overflows = __builtin_add_overflow(*a.as_int(), *b.as_int(), &total);
  return overflows ? Value(a.number() + b.number()) : Value(total);
}

void merge(Value& into, const Value& next, MetadataMerge rule) {
  if (rule == MetadataMerge::any && into.as_bool() != nullptr && next.as_bool() != nullptr) {
    into = *into.as_bool() || *next.as_bool();
  } else if (rule == MetadataMerge::sum && into.is_number() && next.is_number()) {
    into = sum(into, next);
  } else if (rule == MetadataMerge::concat && into.as_array() != nullptr &&
             next.as_array() != nullptr) {
    Value::Array& all = *into.as_array();
    all.insert(all.end(), next.as_array()->begin(), next.as_array()->end());
  } else if (rule == MetadataMerge::concat_intervals && into.as_array() != nullptr &&
             next.as_array() != nullptr) {
    for (const Value& interval : *next.as_array()) append_interval(*into.as_array(), interval);
  } else {
    into = next;
  }
}

/// Adds `seconds` to the times in `value` (MetadataField::counts_from_clip).
void shift(Value& value, double seconds) {
  if (value.is_number()) {
    value = value.number() + seconds;
  } else if (Value::Array* entries = value.as_array()) {
    for (Value& entry : *entries) shift(entry, seconds);
  } else if (Object* object = value.as_object()) {
    Value* time = object->find("time_s");
    if (time != nullptr && time->is_number()) shift(*time, seconds);
  }
}

void check_same(const AudioBuffer& first, const AudioBuffer& next) {
  if (first.rate() != next.rate()) {
    refuse("rate of a later block", next.rate(), std::to_string(first.rate()) + " Hz as before");
  }
  if (first.channels() != next.channels()) {
    refuse("channel count of a later block", next.channels(),
           std::to_string(first.channels()) + " as before");
  }
  if (first.format() != next.format()) {
    refuse("format of a later block", to_string(next.format()),
           std::string(to_string(first.format())) + " as before");
  }
}

}  // namespace

MetadataJoiner::MetadataJoiner(const Graph& graph) {
  for (const GraphNode& node : graph.nodes()) add_rules(node.type);
}

MetadataJoiner::MetadataJoiner(const NodeRegistry& registry) {
  for (const NodeType* type : registry.types()) add_rules(*type);
}

void MetadataJoiner::add_rules(const NodeType& type) {
  for (const MetadataField& field : type.metadata) {
    rules_.emplace(field.name, Rule{field.merge, field.counts_from_clip});
  }
}

Object MetadataJoiner::continued(const Object& metadata) const {
  Object result = metadata;
  for (const auto& [name, rule] : rules_) {
    const Value* present = result.find(name);
    if (present == nullptr) continue;
    if (rule.merge == MetadataMerge::sum && present->is_number()) result.set(name, 0);
    const bool is_list =
        rule.merge == MetadataMerge::concat || rule.merge == MetadataMerge::concat_intervals;
    if (is_list && present->as_array() != nullptr) {
      result.set(name, Value::Array{});
    }
  }
  return result;
}

Object MetadataJoiner::declared(const Object& metadata) const {
  Object result;
  for (const auto& [name, value] : metadata) {
    if (rules_.contains(std::string_view(name))) result.set(name, value);
  }
  return result;
}

Object MetadataJoiner::shifted(const Object& metadata, double begin_s) const {
  Object result = metadata;
  if (begin_s == 0.0) return result;
  for (const auto& [name, rule] : rules_) {
    Value* present = rule.counts_from_clip ? result.find(name) : nullptr;
    if (present != nullptr) shift(*present, begin_s);
  }
  return result;
}

void MetadataJoiner::add(const Object& metadata) {
  for (const auto& [name, value] : metadata) {
    Value* present = result_.find(name);
    if (present == nullptr) {
      result_.set(name, value);
    } else {
      const auto rule = rules_.find(std::string_view(name));
      merge(*present, value, rule == rules_.end() ? MetadataMerge::last : rule->second.merge);
    }
  }
}

void PacketJoiner::add(const Packet& packet) {
  const AudioBuffer& audio = require_audio(packet);
  if (!blocks_.empty()) check_same(*blocks_.front().audio(), audio);
  metadata_.add(packet.metadata);
  blocks_.push_back(packet);
}

Packet PacketJoiner::take() {
  if (blocks_.empty()) return {};
  std::vector<AudioBuffer> parts;
  for (const Packet& block : blocks_) parts.push_back(*block.audio());
  Packet joined = blocks_.front().with(concatenate(parts));
  joined.metadata = metadata_.take();
  joined.ends_clip = blocks_.back().ends_clip;
  blocks_.clear();
  return joined;
}

}  // namespace remotemedia
