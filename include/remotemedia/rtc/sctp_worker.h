#pragma once

#include "remotemedia/base/time.h"

#include <functional>
#include <memory>

namespace remotemedia::rtc {

class SctpLines;

/// Does the SCTP of many endpoints apart from their calls (EndpointOptions::sctp). usrsctp is one
/// stack with one lock for the process: with a worker it has a thread to itself, and those that
/// carry audio neither wait for it nor do its work. Without thread and clock: who has it runs it.
class SctpWorker {
 public:
  /// `wake` says, on the thread of an endpoint's call, that something waits for `run`; it is not
  /// said again before that.
  explicit SctpWorker(std::function<void()> wake);
  /// Ends all associations. What endpoints ask afterwards is not done.
  ~SctpWorker();
  SctpWorker(const SctpWorker&) = delete;
  SctpWorker& operator=(const SctpWorker&) = delete;

  /// Does what endpoints have asked for, then what is due. Of one thread at a time; time never goes
  /// back.
  void run(Time now);
  /// When to run it although nobody asks; Time::max() while there are no associations.
  [[nodiscard]] Time next_timeout() const;
  /// Where endpoints ask.
  [[nodiscard]] const std::shared_ptr<SctpLines>& lines() const { return lines_; }

 private:
  struct Impl;
  std::shared_ptr<SctpLines> lines_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remotemedia::rtc
