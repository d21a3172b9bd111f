#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace remotemedia::server {

/// Calls that wait for parts which other threads make. A call stays on the thread that began it,
/// with all that it holds, e.g. a connection; the others know its number only.
template <typename Part>
class Pending {
 public:
  using Done = std::function<void(std::vector<Part>)>;

  /// `done` is called by the add() that brings the last of `parts`.
  std::uint64_t begin(std::size_t parts, Done done) {
    calls_.emplace(++last_, Call{parts, {}, std::move(done)});
    return last_;
  }

  void add(std::uint64_t number, Part part) {
    const auto found = calls_.find(number);
    if (found == calls_.end()) return;
    found->second.given.push_back(std::move(part));
    if (found->second.given.size() < found->second.wanted) return;
    Call call = std::move(found->second);
    calls_.erase(found);
    call.done(std::move(call.given));
  }

  /// Forgets all, uncalled.
  void clear() { calls_.clear(); }

 private:
  struct Call {
    std::size_t wanted;
    std::vector<Part> given;
    Done done;
  };
  std::map<std::uint64_t, Call> calls_;
  std::uint64_t last_ = 0;
};

}  // namespace remotemedia::server
