// A load of WebRTC sessions on a server: each posts an offer, sends speech that was encoded once
// for all, and takes the echo. Prints JSON: what connected and how fast, what was lost, how late
// the echo was heard, and the processor time of the client and, given its process, of the server.

#include "bench/webrtc/load.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <ctime>
#include <exception>
#include <string>

namespace remotemedia::bench {
namespace {

constexpr int kSomeFailed = 1;
constexpr int kCannotRun = 2;

struct Arguments {
  std::string url;
  std::string speech;
  LoadOptions load;
  rtc::test::Network network;
  double delay_ms = 0;
  double jitter_ms = 0;
  unsigned seed = 1;
  bool decode = false;
  bool receive_only = false;
  bool json = false;
};

Time from_ms(double ms) { return Time(static_cast<std::int64_t>(ms * 1e6)); }

void add_options(CLI::App& app, Arguments& found) {
  app.add_option("url", found.url, "http://HOST:PORT/api/offer of the server")->required();
  app.add_option("--speech", found.speech, "recording: mono, 16 kHz")->required();
  app.add_option("--sessions", found.load.sessions, "open at the same time")
      ->check(CLI::Range(1U, LoadOptions::kMaxSessions));
  app.add_option("--duration-s", found.load.seconds,
                 "that are measured, from a second after the last session has connected")
      ->check(CLI::Range(0.1, 86'400.0));
  app.add_option("--ramp-per-s", found.load.ramp_per_s, "sessions opened in a second")
      ->check(CLI::Range(0.1, 10'000.0));
  app.add_option("--probes", found.load.probes,
                 "sessions that decode the echo, to measure its delay (default: up to 4)");
  app.add_flag("--decode", found.decode, "all sessions decode: --probes of --sessions");
  app.add_flag(
      "--receive-only,!--echo", found.receive_only,
      "the server is offered to listen only; otherwise each session\nhas to hear its echo");
  app.add_option("--server-pid", found.load.server_pid, "process whose processor time is measured");
  const CLI::Range share(0.0, 1.0);
  app.add_option("--loss", found.network.loss, "share of packets, each way")->check(share);
  app.add_option("--burst", found.network.burst, "packets lost in a row on average")
      ->check(CLI::Range(1.0, 1'000.0));
  app.add_option("--duplicate", found.network.duplicate, "share that comes twice")->check(share);
  app.add_option("--reorder", found.network.reorder, "share that is held back for 30 ms")
      ->check(share);
  app.add_option("--delay-ms", found.delay_ms, "each way")->check(CLI::Range(0.0, 5'000.0));
  app.add_option("--jitter-ms", found.jitter_ms, "more delay, from 0 to this")
      ->check(CLI::Range(0.0, 5'000.0));
  app.add_option("--seed", found.seed, "of the emulated network");
  app.add_flag("--json", found.json, "one line of JSON instead of text");
  app.footer(
      "Exit code: 0 all sessions connected and heard their echo; 1 some did not; 2 it could\n"
      "not be tried (arguments, files, limits).");
}

nlohmann::json percentiles(Durations& times) {
  if (times.count() == 0) return nullptr;
  return {{"count", times.count()},
          {"p50", times.percentile_ms(0.5)},
          {"p99", times.percentile_ms(0.99)},
          {"max", times.percentile_ms(1)}};
}

nlohmann::json to_json(LoadReport& report, const LoadOptions& options) {
  nlohmann::json result = {
      {"sessions", options.sessions},
      {"connected", report.connected},
      {"silent", report.silent},
      {"seconds", report.seconds},
      {"connect_ms", percentiles(report.connect)},
      {"first_audio_ms", percentiles(report.first_audio)},
      {"echo_delay_ms", percentiles(report.echo_delay)},
      {"packets",
       {{"sent", report.counts.sent},
        {"received", report.counts.received},
        {"lost", report.counts.lost},
        {"not_taken_by_kernel", report.counts.not_taken}}},
      {"gaps_over_60_ms", report.counts.gaps},
      {"heard",
       {{"sessions", report.heard_from},
        {"recovered", report.heard.recovered},
        {"concealed_ms", report.heard.concealed_ms},
        {"longest_gap_ms", seconds(report.heard.longest_gap) * 1e3}}},
      {"client",
       {{"cpu_s", report.client_cpu_s},
        {"late_p50_ms", report.late_p50_ms},
        {"late_p99_ms", report.late_p99_ms}}},
      {"problems", report.problems},
  };
  if (options.server_pid > 0) result["server"] = {{"cpu_s", report.server_cpu_s}};
  return result;
}

LoadSetup setup_of(const Arguments& arguments) {
  LoadSetup setup;
  setup.target = HttpTarget::parse(arguments.url);
  setup.local = rtc::test::local_address_towards(setup.target.address);
  setup.identity = rtc::Identity::generate(std::time(nullptr));
  setup.speech = encode_speech(load_speech(arguments.speech));
  setup.listens = !arguments.receive_only;
  setup.network = arguments.network;
  setup.network.delay = from_ms(arguments.delay_ms);
  setup.network.jitter = from_ms(arguments.jitter_ms);
  setup.emulate = setup.network.loss > 0 || setup.network.duplicate > 0 ||
                  setup.network.reorder > 0 || arguments.delay_ms > 0 || arguments.jitter_ms > 0;
  setup.seed = arguments.seed;
  return setup;
}

int run(Arguments& arguments) {
  arguments.load.expects_echo = !arguments.receive_only;
  const unsigned most = arguments.load.sessions;
  arguments.load.probes = arguments.decode ? most : std::min(arguments.load.probes, most);
  LoadReport report = run_load(setup_of(arguments), arguments.load);
  fmt::print("{}\n", to_json(report, arguments.load).dump(arguments.json ? -1 : 2));
  return report.all_well(arguments.load) ? 0 : kSomeFailed;
}

}  // namespace
}  // namespace remotemedia::bench

int main(int argc, char** argv) {
  using namespace remotemedia::bench;
  Arguments arguments;
  arguments.load.probes = 4;
  CLI::App app("A load of WebRTC sessions on a server, measured.");
  add_options(app, arguments);
  try {
    app.parse(argc, argv);
    return run(arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kCannotRun;
  } catch (const std::exception& error) {
    fmt::print(stderr, "webrtc_load: {}\n", error.what());
    return kCannotRun;
  }
}
