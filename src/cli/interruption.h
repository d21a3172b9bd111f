#pragma once

#include "remotemedia/graph/session.h"

#include <array>
#include <csignal>
#include <thread>

namespace remotemedia::cli {

/// While it lives, Ctrl-C, a kill, a closed terminal and a closed pipe stop the watched session
/// instead of ending the program, so that nothing unfinished stays on the disk. A second Ctrl-C
/// ends it at once. One at a time.
class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  /// Stops the session when a signal comes, and at once if one has come. Ends before the session.
  /// On a thread, as a signal handler may not take the locks of a session.
  class Watch {
   public:
    explicit Watch(Session& session);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    std::thread thread_;
  };

  /// Number of the signal that came, 0 if none.
  [[nodiscard]] static int signal();

 private:
  static constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP, SIGPIPE};
  std::array<struct sigaction, kSignals.size()> before_ = {};
};

}  // namespace remotemedia::cli
