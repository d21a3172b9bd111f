#pragma once

#include "bench/webrtc/load_session.h"

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace remotemedia::bench {

struct LoadOptions {
  unsigned sessions = 1;     ///< 1..kMaxSessions
  double seconds = 10;       ///< that are measured, once all sessions are connected
  double ramp_per_s = 50;    ///< sessions opened in a second
  unsigned probes = 0;       ///< sessions that decode
  bool expects_echo = true;  ///< otherwise the server only listens
  int server_pid = 0;        ///< whose processor time is measured; 0 for none
  static constexpr unsigned kMaxSessions = 20'000;
};

/// Sorted times, for percentiles.
class Durations {
 public:
  void add(Time time) { times_.push_back(time); }
  [[nodiscard]] std::size_t count() const { return times_.size(); }
  /// In milliseconds, so that the share of the times is not above it; NaN without any.
  [[nodiscard]] double percentile_ms(double share);

 private:
  std::vector<Time> times_;
};

struct LoadReport {
  unsigned connected = 0;  ///< at the end of the measurement
  Durations connect;
  Durations first_audio;
  Durations echo_delay;
  LoadCounts counts;
  Heard heard;              ///< by those that decode
  unsigned heard_from = 0;  ///< sessions that decode
  double seconds = 0;
  double client_cpu_s = 0;
  double server_cpu_s = 0;
  double late_p50_ms = 0;  ///< how late the client itself sent
  double late_p99_ms = 0;
  unsigned silent = 0;  ///< connected, but without an echo while it was measured
  std::map<std::string, unsigned> problems;

  [[nodiscard]] bool all_well(const LoadOptions& options) const {
    return connected == options.sessions && silent == 0;
  }
};

/// Opens the sessions, waits until each is connected or has failed, measures, and closes them; all
/// on this thread. Throws std::runtime_error if the machine does not give what it takes.
LoadReport run_load(const LoadSetup& setup, const LoadOptions& options);

/// User and system time of a process and what it has waited for, in seconds. Throws
/// std::runtime_error if there is none of that number.
double process_cpu_seconds(int pid);

}  // namespace remotemedia::bench
