#pragma once

#include "remotemedia/base/time.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace remotemedia::server {

/// What a node that fails does to its session; other sessions notice nothing of it.
enum class OnFailure : std::uint8_t {
  end,      ///< its page is told why, and it ends
  restart,  ///< it stays connected and gets a graph anew, up to three times within 60 s; then it
            ///< ends
};

struct ServerOptions {
  /// Address to listen on, for HTTP and UDP. Browsers give a microphone to pages of localhost and
  /// of https only.
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  ///< of HTTP; 0: any free one
  /// Of the first shard, the next ones follow; 0: the number of `port`, any free ones if that is 0.
  std::uint16_t udp_port = 0;
  int shards = 0;  ///< threads that carry sessions, 0..64; 0: one for each processor
  /// Addresses that browsers send to, if they are not those of this machine (NAT, containers).
  std::vector<std::string> announced_addresses = {};
  /// PEM files for https and wss: certificates that are valid now, and the key. Both or none.
  std::filesystem::path certificate = {};
  std::filesystem::path private_key = {};

  /// Who may open sessions and read about them: a bearer token, each of 16 characters or more.
  /// Without any, everybody who reaches the server.
  std::vector<std::string> tokens = {};
  /// Pages of other servers that may use this one, e.g. "https://example.org". None by default.
  std::vector<std::string> allowed_origins = {};
  /// Serves this folder's files instead of the page that is built in.
  std::filesystem::path web_folder = {};

  int max_sessions = 1'000;
  int max_sessions_per_address = 100;
  int max_requests_per_minute = 300;  ///< of one address, in bursts of a fifth of it
  int max_connections = 2'000;        ///< of HTTP, WebSockets among them
  int max_connections_per_address = 250;
  /// From a WebSocket to its offer, and from the offer to the first audio, 1 s up.
  Time connect_timeout = std::chrono::seconds(30);
  Time grace = std::chrono::seconds(60);          ///< a session lives on without its browser, 0 up
  Time max_session_age{};                         ///< 0: no limit
  Time drain_timeout = std::chrono::seconds(10);  ///< stop() waits so long for sessions to end

  int bitrate = 64'000;   ///< of sent Opus, bit/s, 6000..128000
  int complexity = 5;     ///< of the Opus encoder, 0..10
  int receive_rate = 0;   ///< Hz: 8, 12, 16, 24 or 48 kHz; 0: what the graph takes as it is
  int send_rate = 0;      ///< Hz: the same; 0: what the graph gives
  bool barge_in = false;  ///< speech of the user ends what is being played
  OnFailure on_failure = OnFailure::end;
  Time metrics_interval = std::chrono::milliseconds(500);  ///< of messages to browsers, 100 ms up
};

/// Configuration error that names the option, its value and what was expected.
void check(const ServerOptions& options);

}  // namespace remotemedia::server
