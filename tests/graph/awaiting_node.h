#pragma once

#include "graph/fakes.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace remotemedia::test {

/// The waits of awaiting fakes: a call's part ends with one, and a test, or another thread, ends
/// it.
class Waits {
 public:
  void add(AwaitingNode::Resume resume) {
    const std::lock_guard lock(mutex_);
    resumes_.push_back(std::move(resume));
    changed_.notify_all();
  }
  /// Ends the oldest one; waits until there is one.
  void end_one() {
    AwaitingNode::Resume resume;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !resumes_.empty(); });
      resume = std::move(resumes_.front());
      resumes_.pop_front();
    }
    resume();
  }
  /// Returns once so many wait at the same time.
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return resumes_.size() >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<AwaitingNode::Resume> resumes_;
};

/// Does what the fake inside does, `parts` waits later. `wait` gets what resumes the call; without
/// waits it is an ordinary node.
class AwaitingFake final : public AwaitingNode {
 public:
  using WaitCall = std::function<void(Resume)>;

  AwaitingFake(Behaviour behaviour, WaitCall wait, int parts = 1)
      : inside_(std::move(behaviour)), wait_(std::move(wait)), parts_(parts) {}
  void initialize(const NodeContext& context) override { inside_.initialize(context); }
  void process(Packet packet, Emitter& out) override { inside_.process(std::move(packet), out); }
  bool begin(Packet packet, Emitter& out, Resume resume) override {
    packet_ = std::move(packet);
    left_ = parts_;
    return go_on(out, std::move(resume));
  }
  bool go_on(Emitter& out, Resume resume) override {
    if (left_-- > 0) {
      wait_(std::move(resume));
      return false;
    }
    inside_.process(*std::exchange(packet_, std::nullopt), out);
    return true;
  }
  [[nodiscard]] bool awaits() const override { return wait_ != nullptr; }
  void flush(Emitter& out) override { inside_.flush(out); }
  void cleanup() noexcept override { inside_.cleanup(); }

 private:
  FakeNode inside_;
  WaitCall wait_;
  int parts_;
  int left_ = 0;
  std::optional<Packet> packet_;
};

/// Offloaded nodes whose calls wait in `waits`.
inline NodeType awaiting_type(Waits& waits, Behaviour behaviour = {}, int parts = 1) {
  NodeType type = type_of("Awaiting");
  type.offloaded = true;
  type.make = [&waits, behaviour = std::move(behaviour), parts](const Parameters&) {
    return std::make_unique<AwaitingFake>(
        behaviour, [&waits](AwaitingNode::Resume resume) { waits.add(std::move(resume)); }, parts);
  };
  return type;
}

}  // namespace remotemedia::test
