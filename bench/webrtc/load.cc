#include "bench/webrtc/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <sys/epoll.h>
#include <unistd.h>

namespace remotemedia::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kEventsAtOnce = 256;
constexpr Time kSettle = std::chrono::seconds(1);
constexpr std::size_t kMaxProblems = 20;
constexpr std::uint64_t kHttpBit = 1;

/// How late packets left, in steps of 0.1 ms, the last bucket for all that is later.
class Lateness {
 public:
  void add(Time late) {
    const auto step = static_cast<std::size_t>(std::max(late, Time{}) / kStep);
    ++counts_[std::min(step, counts_.size() - 1)];
    ++total_;
  }
  [[nodiscard]] double percentile_ms(double share) const {
    std::uint64_t seen = 0;
    std::size_t at = 0;
    const auto wanted = share * static_cast<double>(total_);
    while (at + 1 < counts_.size() && static_cast<double>(seen += counts_[at]) < wanted) ++at;
    return static_cast<double>(at + 1) * 0.1;
  }

 private:
  static constexpr Time kStep = std::chrono::microseconds(100);
  std::array<std::uint64_t, 10'000> counts_{};
  std::uint64_t total_ = 0;
};

/// One that is new when there are many already is counted as another.
void count_problem(std::map<std::string, unsigned>& problems, const std::string& problem) {
  const bool fits = problems.size() < kMaxProblems || problems.contains(problem);
  ++problems[fits ? problem : "others"];
}

class Load {
 public:
  Load(const LoadSetup& setup, const LoadOptions& options);
  LoadReport run();

 private:
  [[nodiscard]] static Time clock() { return SteadyClock::now().time_since_epoch(); }
  void open_due(Time now);
  void watch(std::size_t index);
  void take_events();
  void advance_all(Time now);
  void speak_due(Time now);
  void begin_measuring(Time now);
  void step();
  [[nodiscard]] bool settled() const;
  [[nodiscard]] bool all_have_ended() const;
  LoadReport report(Time now);

  const LoadSetup& setup_;
  const LoadOptions& options_;
  Descriptor epoll_;
  std::vector<std::unique_ptr<LoadSession>> sessions_;
  Time start_;
  Time last_advance_{};
  std::int64_t round_ = 0;   // of packets
  std::size_t speaker_ = 0;  // the next session in the round
  bool measuring_ = false;
  Time measured_from_{};
  double client_cpu_ = 0;
  double server_cpu_ = 0;
  Lateness lateness_;
};

Load::Load(const LoadSetup& setup, const LoadOptions& options)
    : setup_(setup), options_(options), epoll_(epoll_create1(EPOLL_CLOEXEC)), start_(clock()) {
  constexpr std::size_t kOthers = 64;
  rtc::test::allow_descriptors(options.sessions * std::size_t{2} + kOthers);
  if (options.server_pid > 0) process_cpu_seconds(options.server_pid);  // is it there?
  sessions_.reserve(options.sessions);
}

void Load::watch(std::size_t index) {
  const LoadSession& session = *sessions_[index];
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = index << 1;
  epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, session.descriptor(), &event);
  if (session.post().descriptor() < 0) return;
  event.events = EPOLLOUT;
  event.data.u64 |= kHttpBit;
  epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, session.post().descriptor(), &event);
}

void Load::open_due(Time now) {
  const auto due = static_cast<std::size_t>(seconds(now - start_) * options_.ramp_per_s) + 1;
  const std::size_t wanted = std::min<std::size_t>(due, options_.sessions);
  while (sessions_.size() < wanted) {
    const auto number = static_cast<unsigned>(sessions_.size());
    const bool decodes = number < options_.probes;
    sessions_.push_back(std::make_unique<LoadSession>(setup_, number, decodes, clock()));
    watch(number);
  }
}

void Load::take_events() {
  std::array<epoll_event, kEventsAtOnce> events;
  const int count = epoll_wait(epoll_.number(), events.data(), kEventsAtOnce, 1);
  for (int i = 0; i < count; ++i) {
    const std::uint64_t data = events[static_cast<std::size_t>(i)].data.u64;
    LoadSession& session = *sessions_[data >> 1];
    if ((data & kHttpBit) == 0) {
      session.receive(clock());
      continue;
    }
    session.advance_post(clock());
    if (session.post().done() || session.post().wants_to_write()) continue;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = data;
    epoll_ctl(epoll_.number(), EPOLL_CTL_MOD, session.post().descriptor(), &event);
  }
}

/// Each millisecond those for which milliseconds count: what decodes, or has a network to emulate.
/// The others are advanced with each packet they send.
void Load::advance_all(Time now) {
  if (now - last_advance_ < std::chrono::milliseconds(1)) return;
  last_advance_ = now;
  for (const auto& session : sessions_) {
    if (setup_.emulate || session->decodes()) session->advance(now);
  }
}

/// Each session has its own moment in every 20 ms.
void Load::speak_due(Time now) {
  const auto count = static_cast<std::int64_t>(options_.sessions);
  while (true) {
    const Time due =
        start_ + round_ * kPacketTime + kPacketTime * static_cast<std::int64_t>(speaker_) / count;
    if (now < due) return;
    if (speaker_ < sessions_.size()) {
      LoadSession& session = *sessions_[speaker_];
      session.advance_post(now);  // its time may be over
      session.advance(now);
      session.speak(due);
      if (measuring_) lateness_.add(clock() - due);
    }
    if (++speaker_ == static_cast<std::size_t>(count)) {
      speaker_ = 0;
      ++round_;
    }
  }
}

bool Load::settled() const {
  return sessions_.size() == options_.sessions &&
         std::ranges::all_of(sessions_, [](const auto& session) {
           return session->state() == LoadSession::State::connected ||
                  session->state() == LoadSession::State::ended;
         });
}

bool Load::all_have_ended() const {
  return std::ranges::all_of(
      sessions_, [](const auto& session) { return session->state() == LoadSession::State::ended; });
}

void Load::begin_measuring(Time now) {
  measuring_ = true;
  measured_from_ = now;
  for (const auto& session : sessions_) session->start_measuring();
  client_cpu_ = process_cpu_seconds(getpid());
  if (options_.server_pid > 0) server_cpu_ = process_cpu_seconds(options_.server_pid);
}

void Load::step() {
  open_due(clock());
  speak_due(clock());
  advance_all(clock());
  take_events();
}

LoadReport Load::run() {
  while (!settled()) step();
  if (all_have_ended()) return report(clock());
  for (const Time until = clock() + kSettle; clock() < until;) step();
  begin_measuring(clock());
  const auto measured = std::chrono::duration<double>(options_.seconds);
  while (clock() - measured_from_ < measured) step();
  LoadReport result = report(clock());
  for (const auto& session : sessions_) session->close(clock());
  return result;
}

LoadReport Load::report(Time now) {
  LoadReport result;
  if (measuring_) {
    result.seconds = seconds(now - measured_from_);
    result.client_cpu_s = process_cpu_seconds(getpid()) - client_cpu_;
    if (options_.server_pid > 0) {
      result.server_cpu_s = process_cpu_seconds(options_.server_pid) - server_cpu_;
    }
  }
  result.late_p50_ms = lateness_.percentile_ms(0.5);
  result.late_p99_ms = lateness_.percentile_ms(0.99);
  for (const auto& session : sessions_) {
    const bool connected = session->state() == LoadSession::State::connected;
    result.connected += connected ? 1 : 0;
    if (!connected) count_problem(result.problems, session->problem());
    const LoadCounts& counts = session->counts();
    if (connected && options_.expects_echo && counts.received == 0) ++result.silent;
    result.counts.sent += counts.sent;
    result.counts.received += counts.received;
    result.counts.lost += counts.lost;
    result.counts.gaps += counts.gaps;
    result.counts.not_taken += counts.not_taken;
    if (measuring_ && connected && session->decodes()) {
      const Heard heard = session->heard();
      ++result.heard_from;
      result.heard.recovered += heard.recovered;
      result.heard.concealed_ms += heard.concealed_ms;
      result.heard.longest_gap = std::max(result.heard.longest_gap, heard.longest_gap);
    }
    if (const auto time = session->time_to_connect()) result.connect.add(*time);
    if (const auto time = session->time_to_audio()) result.first_audio.add(*time);
    for (const Time delay : session->echo_delays()) result.echo_delay.add(delay);
  }
  return result;
}

}  // namespace

double Durations::percentile_ms(double share) {
  if (times_.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::ranges::sort(times_);
  const auto last = static_cast<double>(times_.size() - 1);
  return seconds(times_[static_cast<std::size_t>(share * last + 0.5)]) * 1e3;
}

double process_cpu_seconds(int pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string text;
  if (!std::getline(file, text)) {
    throw std::runtime_error(fmt::format("there is no process {}", pid));
  }
  // The name in parentheses may hold spaces; utime and stime are the 12th and 13th behind it.
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

LoadReport run_load(const LoadSetup& setup, const LoadOptions& options) {
  return Load(setup, options).run();
}

}  // namespace remotemedia::bench
