#include "remotemedia/server/options.h"

#include "remotemedia/base/check.h"
#include "remotemedia/rtc/address.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace remotemedia::server {
namespace {

void check_range(std::string_view name, int value, int least, int most) {
  if (value >= least && value <= most) return;
  refuse("server: " + std::string(name), value,
         std::to_string(least) + ".." + std::to_string(most));
}

void check_time(std::string_view name, Time value, Time least) {
  if (value >= least) return;
  refuse("server: " + std::string(name), std::to_string(seconds(value)) + " s",
         std::to_string(seconds(least)) + " s or more");
}

void check_address(std::string_view name, const std::string& text) {
  if (rtc::parse_address(text, 0)) return;
  refuse("server: " + std::string(name), "'" + text + "'", "an IP address",
         "names are not looked up");
}

/// One that stands for all of a machine is no place that a browser could send to.
void check_announced(const std::string& text) {
  check_address("announced_addresses", text);
  if (rtc::parse_address(text, 0)->bytes != rtc::Address{}.bytes) return;
  refuse("server: announced_addresses", "'" + text + "'", "the address of one machine",
         "leave it out to announce all addresses of this one");
}

void check_opus_rate(std::string_view name, int rate) {
  static constexpr std::array kRates = {0, 8'000, 12'000, 16'000, 24'000, 48'000};
  if (std::ranges::find(kRates, rate) != kRates.end()) return;
  refuse("server: " + std::string(name), rate, "8000, 12000, 16000, 24000 or 48000 Hz, or 0");
}

void check_origin(const std::string& origin) {
  const bool has_scheme = origin.starts_with("http://") || origin.starts_with("https://");
  const std::size_t host = origin.find("//") + 2;
  if (has_scheme && origin.size() > host && origin.find('/', host) == std::string::npos) return;
  refuse("server: allowed_origins", "'" + origin + "'", "scheme and host, e.g. https://example.org",
         origin == "*" ? "every page of the Web could use this server" : "");
}

}  // namespace

void check(const ServerOptions& options) {
  check_address("host", options.host);
  for (const std::string& address : options.announced_addresses) {
    check_announced(address);
  }
  check_range("shards", options.shards, 0, 64);
  if (options.certificate.empty() != options.private_key.empty()) {
    refuse("server: certificate and private_key", "one without the other", "both or none");
  }
  for (const std::string& token : options.tokens) {
    if (token.size() < 16) {
      refuse("server: tokens", "a token of " + std::to_string(token.size()) + " characters",
             "16 or more", "make one with: openssl rand -hex 16");
    }
    // Read from a file, it may still have its end of line: no request could ever carry it.
    const bool is_cut = token.front() == ' ' || token.back() == ' ';
    if (is_cut ||
        std::ranges::any_of(token, [](unsigned char c) { return c < ' ' || c == 0x7F; })) {
      refuse("server: tokens", "a token with an end of line or a space around it", "one without");
    }
  }
  for (const std::string& origin : options.allowed_origins) check_origin(origin);
  check_range("max_sessions", options.max_sessions, 1, 1'000'000);
  check_range("max_sessions_per_address", options.max_sessions_per_address, 1, 1'000'000);
  check_range("max_requests_per_minute", options.max_requests_per_minute, 1, 10'000'000);
  check_range("max_connections", options.max_connections, 1, 1'000'000);
  check_range("max_connections_per_address", options.max_connections_per_address, 1, 1'000'000);
  check_time("connect_timeout", options.connect_timeout, std::chrono::seconds(1));
  check_time("grace", options.grace, Time{});
  check_time("max_session_age", options.max_session_age, Time{});
  check_time("drain_timeout", options.drain_timeout, Time{});
  check_time("metrics_interval", options.metrics_interval, std::chrono::milliseconds(100));
  check_range("bitrate", options.bitrate, 6'000, 128'000);
  check_range("complexity", options.complexity, 0, 10);
  check_opus_rate("receive_rate", options.receive_rate);
  check_opus_rate("send_rate", options.send_rate);
}

}  // namespace remotemedia::server
