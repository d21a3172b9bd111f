#pragma once

#include "remotemedia/base/time.h"
#include "rtc/socket.h"

#include <string>
#include <string_view>

namespace remotemedia::bench {

using rtc::test::Descriptor;
using rtc::test::UdpSocket;

/// Where offers go: "http://HOST[:PORT]/PATH".
struct HttpTarget {
  std::string host;
  std::string path;
  rtc::Address address;

  /// Resolves the host. Throws std::runtime_error for what is no such URL.
  static HttpTarget parse(const std::string& url);
};

/// One POST of JSON over a connection of its own, driven by readiness; it never blocks.
class HttpPost {
 public:
  static constexpr std::size_t kMaxResponse = 256 * 1'024;
  static constexpr Time kTimeout = std::chrono::seconds(20);

  HttpPost(const HttpTarget& target, std::string_view body, Time now);

  [[nodiscard]] int descriptor() const { return connection_.number(); }
  /// Whether it waits to write; otherwise to read.
  [[nodiscard]] bool wants_to_write() const { return sent_ < request_.size(); }
  /// Goes on when the descriptor is ready. Closed and done when `done()`.
  void advance(Time now);

  [[nodiscard]] bool done() const { return done_; }
  /// One sentence if it went wrong, or the status is not 2xx; otherwise empty.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] std::string_view body() const;

 private:
  void write();
  void read();
  void finish();
  void fail(std::string problem);
  /// Where the body begins; 0 while the header is incomplete.
  [[nodiscard]] std::size_t body_at() const;
  [[nodiscard]] bool is_complete() const;

  Descriptor connection_;
  std::string request_;
  std::size_t sent_ = 0;
  std::string response_;
  Time deadline_;
  bool done_ = false;
  std::string problem_;
};

}  // namespace remotemedia::bench
