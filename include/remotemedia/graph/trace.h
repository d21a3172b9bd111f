#pragma once

#include "remotemedia/base/time.h"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace remotemedia {

/// Keeps when each call of each node began and ended, on which thread, for a timeline. Several
/// sessions, and several threads of one, may record into the same recorder at once. Bounded: what
/// comes after `max_events` is only counted.
class TraceRecorder {
 public:
  /// 8 MB in memory, about 30 MB as text.
  static constexpr std::size_t kDefaultMaxEvents = 200'000;

  /// `name` is that of the process in the timeline.
  explicit TraceRecorder(std::string name, std::size_t max_events = kDefaultMaxEvents);

  /// Introduces a node; gives the number under which its calls are added.
  std::uint32_t add_node(std::string id, std::string type);
  /// A call of `stage`, a text that lives forever, has ended on this thread. `end - start` is how
  /// long it took with all that ran inside of its emit(), `own` what of it was the node's.
  void add_call(std::uint32_t node, const char* stage, Time start, Time end, Time own);
  /// Names this thread in the timeline; otherwise it is "thread <n>".
  void name_thread(std::string name);

  [[nodiscard]] std::size_t event_count() const;
  [[nodiscard]] std::uint64_t dropped_count() const;

  /// The trace event format of Chrome, which Perfetto reads too: one complete event per call in the
  /// order of threads and times, an outer one before those inside of it, in microseconds from the
  /// first one on; names of process and threads; and in `otherData` how many events were dropped.
  [[nodiscard]] std::string to_json() const;

 private:
  struct Node {
    std::string id;
    std::string type;
  };
  struct Thread {
    std::thread::id id;
    std::string name;
  };
  struct Event {
    Time start;
    Time end;
    Time own;
    const char* stage;
    std::uint32_t node;
    std::uint32_t thread;  ///< in threads_
  };

  std::uint32_t this_thread();
  [[nodiscard]] std::vector<Event> sorted_events() const;
  void append_call(std::string& json, const Event& event, Time begin) const;

  const std::string name_;
  const std::size_t max_events_;
  mutable std::mutex mutex_;  ///< guards all below
  std::vector<Node> nodes_;
  std::vector<Thread> threads_;
  std::vector<Event> events_;
  std::uint64_t dropped_ = 0;
};

}  // namespace remotemedia
