#include "remotemedia/graph/trace.h"

#include "remotemedia/base/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace remotemedia {
namespace {

constexpr int kProcess = 1;

std::string quoted(std::string_view text) { return to_json(Value(text)); }

// Microseconds with all three digits of the nanoseconds: no two times fall together that did not.
double trace_us(Time time) { return static_cast<double>(time.count()) * 1e-3; }

void append_name(std::string& json, const char* what, std::size_t thread, std::string_view name) {
  fmt::format_to(std::back_inserter(json),
                 R"({{"ph":"M","pid":{},"tid":{},"name":"{}","args":{{"name":{}}}}})", kProcess,
                 thread, what, quoted(name));
}

}  // namespace

TraceRecorder::TraceRecorder(std::string name, std::size_t max_events)
    : name_(std::move(name)), max_events_(max_events) {
  // Address space only, until it is written to: no call of a node waits for a larger vector.
  events_.reserve(max_events);
}

std::uint32_t TraceRecorder::add_node(std::string id, std::string type) {
  const std::scoped_lock lock(mutex_);
  nodes_.push_back({std::move(id), std::move(type)});
  return static_cast<std::uint32_t>(nodes_.size() - 1);
}

std::uint32_t TraceRecorder::this_thread() {
  const std::thread::id id = std::this_thread::get_id();
  const auto known = std::ranges::find(threads_, id, &Thread::id);
  if (known == threads_.end()) {
    threads_.push_back({id, fmt::format("thread {}", threads_.size() + 1)});
    return static_cast<std::uint32_t>(threads_.size() - 1);
  }
  return static_cast<std::uint32_t>(known - threads_.begin());
}

void TraceRecorder::add_call(std::uint32_t node, const char* stage, Time start, Time end,
                             Time own) {
  const std::scoped_lock lock(mutex_);
  if (events_.size() >= max_events_) {
    ++dropped_;
    return;
  }
  events_.push_back({start, end, own, stage, node, this_thread()});
}

void TraceRecorder::name_thread(std::string name) {
  const std::scoped_lock lock(mutex_);
  threads_[this_thread()].name = std::move(name);
}

std::size_t TraceRecorder::event_count() const {
  const std::scoped_lock lock(mutex_);
  return events_.size();
}

std::uint64_t TraceRecorder::dropped_count() const {
  const std::scoped_lock lock(mutex_);
  return dropped_;
}

std::vector<TraceRecorder::Event> TraceRecorder::sorted_events() const {
  // Inner calls end first: of two that took the same time, the later one is the outer.
  std::vector<Event> events(events_.rbegin(), events_.rend());
  std::ranges::stable_sort(events, {}, [](const Event& event) {
    return std::tuple(event.thread, event.start, -event.end);
  });
  return events;
}

void TraceRecorder::append_call(std::string& json, const Event& event, Time begin) const {
  const Node& node = nodes_[event.node];
  fmt::format_to(std::back_inserter(json),
                 R"({{"ph":"X","pid":{},"tid":{},"name":{},"cat":{},"ts":{:.3f},"dur":{:.3f},)"
                 R"("args":{{"stage":"{}","own_us":{:.3f}}}}})",
                 kProcess, event.thread + 1, quoted(node.id), quoted(node.type),
                 trace_us(event.start - begin), trace_us(event.end - event.start), event.stage,
                 trace_us(event.own));
}

std::string TraceRecorder::to_json() const {
  const std::scoped_lock lock(mutex_);
  std::string json = R"({"traceEvents":[)"
                     "\n";
  append_name(json, "process_name", 0, name_);
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    json += ",\n";
    append_name(json, "thread_name", i + 1, threads_[i].name);
  }
  const auto first = std::ranges::min_element(events_, {}, &Event::start);
  for (const Event& event : sorted_events()) {
    json += ",\n";
    append_call(json, event, first->start);
  }
  fmt::format_to(std::back_inserter(json),
                 "\n],\"displayTimeUnit\":\"ms\",\"otherData\":{{\"dropped_events\":{},"
                 "\"max_events\":{}}}}}\n",
                 dropped_, max_events_);
  return json;
}

}  // namespace remotemedia
