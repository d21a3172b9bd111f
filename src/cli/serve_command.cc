// remotemedia serve: WebRTC sessions for browsers until a signal ends it.

#include "cli/graph_source.h"
#include "cli/serving_heap.h"
#include "cli/text_input.h"
#include "remotemedia/graph/session.h"
#include "remotemedia/server/server.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <sys/resource.h>
#include <system_error>
#include <utility>
#include <vector>

namespace remotemedia::cli {
namespace {

constexpr const char* kServeHelp = R"(Examples:
  remotemedia serve
  remotemedia serve speech.yaml --port 9000
  remotemedia serve --host 0.0.0.0 --announce 203.0.113.5 --token-file tokens.txt \
    --certificate cert.pem --private-key key.pem

Without GRAPH it finds speech with the Silero VAD and gives the audio back. Each
session runs the graph anew: what the browser says goes in as mono audio in
blocks of 20 ms, audio that comes out is sent back, text and JSON reach the page.

By default it listens on this machine only. Browsers give a microphone to pages
of localhost and of https only: for others, give it a certificate or put it
behind a proxy. Without a token everybody who reaches it may use it.

It ends with Ctrl-C or SIGTERM: it takes no new session then and waits for the
others, for at most --drain-timeout. A second signal ends it at once.)";

struct ServeOptions {
  std::string graph;
  std::string token_file;
  double drain_timeout_s = 10;
  double max_session_age_s = 0;
  std::string on_failure = "end";
  server::ServerOptions server;
};

/// A limit, or what is wrong with it: 30 years fit into the clock, whatever it counts from.
std::string check_seconds(const std::string& text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && stop == end && value >= 0 && value <= 1e9) return {};
  return text + " is no time, expected seconds from 0 to 1e9";
}

Time from_seconds(double value) { return Time(static_cast<std::int64_t>(value * 1e9)); }

/// One in each line; empty lines and those that begin with # count for nothing.
std::vector<std::string> read_tokens(const std::string& path) {
  std::vector<std::string> tokens;
  LineReader lines(path);
  while (auto line = lines.next()) {
    while (!line->empty() && (line->back() == '\r' || line->back() == ' ')) line->pop_back();
    if (!line->empty() && line->front() != '#') tokens.push_back(*std::move(line));
  }
  if (tokens.empty()) throw UsageError(fmt::format("--token-file '{}' holds no token", path));
  return tokens;
}

std::string address_of(const server::Server& server) {
  const server::ServerOptions& options = server.options();
  const bool here = options.host == "127.0.0.1" || options.host == "0.0.0.0" ||
                    options.host == "::" || options.host == "::1";
  std::string host = here ? "localhost" : options.host;
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return fmt::format("{}://{}:{}", options.certificate.empty() ? "http" : "https", host,
                     server.port());
}

void announce(const server::Server& server, const Graph& graph, bool json) {
  if (json) {
    Value::Array ports;
    for (const std::uint16_t port : server.udp_ports()) ports.emplace_back(int{port});
    fmt::print("{}\n", to_json(Object{{"status", "serving"},
                                      {"url", address_of(server)},
                                      {"port", int{server.port()}},
                                      {"udp_ports", std::move(ports)},
                                      {"graph", graph.name()}}));
  } else {
    const auto ports = server.udp_ports();
    const std::string range = ports.size() == 1
                                  ? fmt::format("port {}", ports.front())
                                  : fmt::format("ports {} to {}", ports.front(), ports.back());
    fmt::print("{}  ({}, UDP {})\n", address_of(server), counted(graph.nodes().size(), "node"),
               range);
    fmt::print("Open it in a browser and press Start. Ctrl-C ends it.\n");
  }
  std::fflush(stdout);
}

sigset_t ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, number);
  // nohup wants the server to outlive its terminal; sigwait gets what is blocked, ignored or not.
  struct sigaction hangup = {};
  sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler == SIG_IGN) sigdelset(&signals, SIGHUP);
  return signals;
}

/// What every session would fail with, a model that is missing, fails before anyone comes.
void check_that_sessions_begin(const std::shared_ptr<const Graph>& graph) {
  const Session session(graph, {}, [](const Output& /*output*/) {});
}

/// Each connection takes one, and the usual limit of 1024 is less than a server may have. Without
/// the right to more, connections wait for a free one.
void allow_descriptors(int connections) {
  constexpr rlim_t kOthers = 256;  // of shards, files and what nodes open
  const rlim_t wanted = static_cast<rlim_t>(connections) + kOthers;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  setrlimit(RLIMIT_NOFILE, &limit);
}

void say_how_they_end(const std::string& sessions, double drain_timeout_s) {
  print_to_stderr(drain_timeout_s > 0 ? fmt::format("remotemedia: waits for {}, {} s at most\n",
                                                    sessions, drain_timeout_s)
                                      : fmt::format("remotemedia: ends {}\n", sessions));
}

int serve(ServeOptions options, Program& program) {
  const ServingHeap heap;
  allow_descriptors(options.server.max_connections);
  std::shared_ptr<const Graph> graph =
      options.graph.empty() ? server::default_graph() : load_graph(options.graph, program).graph;
  check_that_sessions_begin(graph);
  if (!options.token_file.empty()) options.server.tokens = read_tokens(options.token_file);
  options.server.drain_timeout = from_seconds(options.drain_timeout_s);
  options.server.max_session_age = from_seconds(options.max_session_age_s);
  if (options.on_failure == "restart") options.server.on_failure = server::OnFailure::restart;

  // Before there are threads, which inherit it: the signals wait for sigwait below.
  const sigset_t signals = ending_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  server::SessionListener listener;
  listener.on_idle = [heap] { heap.do_without_large_pages(); };
  const auto source = [graph, heap](const std::string& /*id*/) {
    heap.ask_for_large_pages();  // for what the session will allocate
    return graph;
  };
  server::Server server(options.server, source, listener);
  server.start();
  announce(server, *graph, program.json);
  int received = 0;
  sigwait(&signals, &received);
  // A second one ends the program as it does any other.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  const std::size_t open = server.connections().size();
  if (open > 0) say_how_they_end(counted(open, "session"), options.drain_timeout_s);
  server.stop();
  return success;
}

void add_network_options(CLI::App& command, ServeOptions& options) {
  server::ServerOptions& server = options.server;
  command.add_option("--host", server.host, "Address to listen on (127.0.0.1)")
      ->envname("REMOTEMEDIA_SERVER_HOST")
      ->option_text("IP");
  command.add_option("-p,--port", server.port, "Port of HTTP (8080); 0 takes a free one")
      ->envname("REMOTEMEDIA_SERVER_PORT")
      ->option_text("PORT");
  command
      .add_option("--udp-port", server.udp_port, "First UDP port, one for each shard\n(as --port)")
      ->option_text("PORT");
  command
      .add_option("--announce", server.announced_addresses,
                  "Address that browsers send audio to, if it is\nnot one of this machine. "
                  "Repeatable")
      ->allow_extra_args(false)
      ->option_text("IP");
  command.add_option("--shards", server.shards, "Threads for sessions (one a processor)")
      ->option_text("N");
  command.add_option("--certificate", server.certificate, "Certificates for https, PEM")
      ->option_text("FILE");
  command.add_option("--private-key", server.private_key, "Key of the certificate, PEM")
      ->option_text("FILE");
}

void add_access_options(CLI::App& command, ServeOptions& options) {
  server::ServerOptions& server = options.server;
  command
      .add_option("--token-file", options.token_file,
                  "Who may use it: bearer tokens, one in each line")
      ->option_text("FILE");
  command
      .add_option("--allow-origin", server.allowed_origins,
                  "Pages of another server that may use it, as\nhttps://example.org. Repeatable")
      ->allow_extra_args(false)
      ->option_text("ORIGIN");
  command.add_option("--web", server.web_folder, "Folder of a page of yours")
      ->option_text("FOLDER");
  command.add_option("--max-sessions", server.max_sessions, "At one time (1000)")->option_text("N");
  command
      .add_option("--max-sessions-per-address", server.max_sessions_per_address,
                  "Of one IP address at one time (100)")
      ->option_text("N");
  command
      .add_option("--max-requests-per-minute", server.max_requests_per_minute,
                  "Of one IP address (300)")
      ->option_text("N");
  command
      .add_option("--max-connections", server.max_connections,
                  "Of HTTP at one time, WebSockets among them\n(2000)")
      ->option_text("N");
  command
      .add_option("--max-connections-per-address", server.max_connections_per_address,
                  "Of one IP address at one time (250)")
      ->option_text("N");
  command
      .add_option("--max-session-age", options.max_session_age_s,
                  "Ends a session that is older; 0: never (0)")
      ->check(check_seconds)
      ->option_text("SECONDS");
  command
      .add_option("--drain-timeout", options.drain_timeout_s,
                  "Waits so long for sessions at the end; 0: not at all (10)")
      ->check(check_seconds)
      ->option_text("SECONDS");
}

void add_audio_options(CLI::App& command, ServeOptions& options) {
  server::ServerOptions& server = options.server;
  command.add_flag("--barge-in", server.barge_in, "Speech of the user ends what is being played");
  command
      .add_option("--on-failure", options.on_failure,
                  "After a node has failed its session ends,\nor goes on with a graph made anew: "
                  "end or\nrestart (end)")
      ->check(CLI::IsMember({"end", "restart"}))
      ->option_text("WHAT");
  command
      .add_option("--receive-rate", server.receive_rate,
                  "Of audio that goes into the graph, Hz (what\nit takes as it is)")
      ->option_text("HZ");
  command.add_option("--send-rate", server.send_rate, "Of audio that is sent, Hz (what it gives)")
      ->option_text("HZ");
  command.add_option("--bitrate", server.bitrate, "Of audio that is sent, bit/s (64000)")
      ->option_text("N");
  command.add_option("--complexity", server.complexity, "Of the Opus encoder, 0 to 10 (5)")
      ->option_text("N");
}

}  // namespace

void add_serve_command(CLI::App& app, Program& program) {
  CLI::App* command = app.add_subcommand("serve", "Run a graph for each browser that connects");
  command->group("Commands")->footer(kServeHelp);
  const auto options = std::make_shared<ServeOptions>();
  command->add_option("GRAPH", options->graph, "Manifest of the graph, JSON or YAML")
      ->option_text(" ");
  add_network_options(*command, *options);
  add_access_options(*command, *options);
  add_audio_options(*command, *options);
  command->add_flag("--json", program.json, "Print a JSON line with the ports");
  command->callback([options, &program] {
    program.command = [options, &program] { return serve(*options, program); };
  });
}

}  // namespace remotemedia::cli
