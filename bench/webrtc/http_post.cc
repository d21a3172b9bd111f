#include "bench/webrtc/http_post.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <sys/socket.h>

namespace remotemedia::bench {
namespace {

constexpr std::string_view kScheme = "http://";
constexpr std::string_view kHeaderEnd = "\r\n\r\n";

template <typename Number>
std::optional<Number> number_at(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} ? std::optional(value) : std::nullopt;
}

/// Of "Content-Length: 12"; nothing if the header has none.
std::optional<std::size_t> content_length(std::string_view header) {
  std::string lower(header);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  constexpr std::string_view kName = "\r\ncontent-length:";
  const std::size_t at = lower.find(kName);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t value = lower.find_first_not_of(' ', at + kName.size());
  return number_at<std::size_t>(std::string_view(lower).substr(value));
}

}  // namespace

HttpTarget HttpTarget::parse(const std::string& url) {
  const auto refuse = [&] {
    throw std::runtime_error(fmt::format("URL '{}': expected http://HOST:PORT/PATH", url));
  };
  if (!url.starts_with(kScheme)) refuse();
  const std::size_t slash = std::min(url.find('/', kScheme.size()), url.size());
  std::string host = url.substr(kScheme.size(), slash - kScheme.size());
  std::uint16_t port = 80;
  if (const std::size_t colon = host.rfind(':'); colon != std::string::npos) {
    const auto parsed = number_at<std::uint16_t>(std::string_view(host).substr(colon + 1));
    if (!parsed) refuse();
    port = *parsed;
    host.resize(colon);
  }
  if (host.empty()) refuse();
  return {host, slash == url.size() ? "/" : url.substr(slash), rtc::test::resolve(host, port)};
}

HttpPost::HttpPost(const HttpTarget& target, std::string_view body, Time now)
    : connection_(rtc::test::connect_tcp(target.address)),
      request_(fmt::format("POST {} HTTP/1.1\r\nHost: {}:{}\r\nContent-Type: application/json\r\n"
                           "Content-Length: {}\r\nConnection: close\r\n\r\n{}",
                           target.path, target.host, target.address.port, body.size(), body)),
      deadline_(now + kTimeout) {
  if (descriptor() < 0) fail(fmt::format("no connection: {}", std::strerror(errno)));
}

void HttpPost::advance(Time now) {
  if (done_) return;
  if (now >= deadline_) return fail(fmt::format("no answer in {} s", seconds(kTimeout)));
  if (wants_to_write()) {
    write();
  } else {
    read();
  }
}

void HttpPost::write() {
  const auto rest = std::string_view(request_).substr(sent_);
  const ssize_t count = send(descriptor(), rest.data(), rest.size(), MSG_NOSIGNAL);
  if (count >= 0) {
    sent_ += static_cast<std::size_t>(count);
  } else if (errno != EAGAIN && errno != ENOTCONN) {
    fail(fmt::format("no connection: {}", std::strerror(errno)));
  }
}

void HttpPost::read() {
  std::array<char, 16'384> memory;
  const ssize_t count = recv(descriptor(), memory.data(), memory.size(), 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count < 0) return fail(fmt::format("no answer: {}", std::strerror(errno)));
  response_.append(memory.data(), static_cast<std::size_t>(count));
  if (response_.size() > kMaxResponse) return fail("the answer is too long");
  if (is_complete()) return finish();
  if (count == 0) fail("the connection ended before the answer did");
}

std::size_t HttpPost::body_at() const {
  const std::size_t end = response_.find(kHeaderEnd);
  return end == std::string::npos ? 0 : end + kHeaderEnd.size();
}

bool HttpPost::is_complete() const {
  const std::size_t at = body_at();
  if (at == 0) return false;
  const auto length = content_length(std::string_view(response_).substr(0, at));
  return length && response_.size() - at >= *length;
}

void HttpPost::finish() {
  done_ = true;
  connection_ = Descriptor();
  const std::string_view text = response_;
  const std::size_t space = text.find(' ');
  const auto status = number_at<int>(text.substr(std::min(space, text.size() - 1) + 1));
  if (!text.starts_with("HTTP/1.") || !status) {
    problem_ = "the answer is not HTTP";
  } else if (*status / 100 != 2) {
    problem_ = fmt::format("HTTP status {}: {}", *status, body().substr(0, 200));
  }
}

void HttpPost::fail(std::string problem) {
  done_ = true;
  connection_ = Descriptor();
  problem_ = std::move(problem);
}

std::string_view HttpPost::body() const { return std::string_view(response_).substr(body_at()); }

}  // namespace remotemedia::bench
