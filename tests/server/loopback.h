#pragma once

#include "remotemedia/rtc/endpoint.h"
#include "server/clock.h"
#include "server/json.h"
#include "server/udp_socket.h"

#include <arpa/inet.h>
#include <cmath>
#include <functional>
#include <netinet/in.h>
#include <numbers>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace remotemedia::server::test {

/// For what happens on other threads: far more than it takes.
inline constexpr Time kPatience = std::chrono::seconds(30);

struct Reply {
  int status = 0;
  std::string head;
  std::string body;

  /// Value of a header, which must be there.
  [[nodiscard]] std::string header(const std::string& name) const {
    const std::size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const std::size_t begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
};

/// A connection to a port of this machine.
class Connected {
 public:
  explicit Connected(std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    open_ = connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~Connected() { close(socket_); }
  Connected(const Connected&) = delete;
  Connected& operator=(const Connected&) = delete;

  void say(const std::string& text) const {
    if (open_) send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
  }
  /// What has come next; empty once the other side has closed.
  [[nodiscard]] std::string hear() const {
    std::array<char, 4096> part{};
    const ssize_t size = open_ ? recv(socket_, part.data(), part.size(), 0) : 0;
    return {part.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
  }

 private:
  int socket_;
  bool open_ = false;
};

/// One request on a connection of its own. `text` is all of it.
inline Reply send_raw(std::uint16_t port, const std::string& text) {
  const Connected connection(port);
  connection.say(text);
  std::string all;
  for (std::string part; !(part = connection.hear()).empty();) all += part;
  const std::size_t end = all.find("\r\n\r\n");
  if (all.size() < 12 || end == std::string::npos) return {};
  return {std::stoi(all.substr(9, 3)), all.substr(0, end + 2), all.substr(end + 4)};
}

inline Reply request(std::uint16_t port, const std::string& method, const std::string& path,
                     const std::string& headers = "", const std::string& body = "") {
  return send_raw(port, method + " " + path +
                            " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers +
                            "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}

/// A client of the server, with sockets and the real clock: speaks a tone and keeps what it hears.
class Client : public rtc::EndpointSink {
 public:
  explicit Client(int rate = 16'000)
      : socket_(*rtc::parse_address("127.0.0.1", 0)),
        rate_(rate),
        endpoint_(rtc::Identity::generate(unix_ms() / 1000),
                  {.candidates = {}, .receive_rate = rate, .send_rate = rate}, *this) {}

  std::string offer() { return endpoint_.create_offer(); }
  void take_answer(const std::string& answer) {
    const auto refusal = endpoint_.accept_answer(answer, steady_now());
    if (refusal) problem = refusal->reason;
  }
  /// Opens a session by POST /api/offer.
  Reply connect(std::uint16_t port, const std::string& headers = "") {
    const std::string body = to_json(Object{{"sdp", offer()}, {"type", "offer"}});
    Reply reply =
        request(port, "POST", "/api/offer", "Content-Type: application/json\r\n" + headers, body);
    if (reply.status == 200) {
      const auto answer = parse_object(reply.body).object;
      id = text_of(*answer, "pc_id");
      take_answer(text_of(*answer, "sdp"));
    }
    return reply;
  }

  /// Until it holds; false if it does not within a time that is far too long.
  bool run_until(const std::function<bool()>& holds) {
    const Time end = steady_now() + kPatience;
    while (!holds()) {
      const Time now = steady_now();
      if (now > end) return false;
      speak(now);
      endpoint_.advance(now);
      socket_.flush();
      pollfd waits{.fd = socket_.descriptor(), .events = POLLIN, .revents = 0};
      poll(&waits, 1, 2);
      socket_.receive([&](const rtc::Address& from, std::span<std::uint8_t> bytes) {
        endpoint_.receive(from, bytes, steady_now());
      });
      socket_.flush();
    }
    return true;
  }
  [[nodiscard]] rtc::EndpointState state() const { return endpoint_.state(); }
  bool open_channel() {
    channel = endpoint_.open_channel("messages", steady_now());
    return channel.has_value();
  }
  void send(const std::string& text) {
    endpoint_.send_message(*channel, rtc::MessageKind::text,
                           {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()},
                           steady_now());
  }
  void close() {
    endpoint_.close(steady_now());
    socket_.flush();
  }
  /// The first message of this type, if it has come.
  [[nodiscard]] const Object* message(const std::string& type) const {
    for (const Object& one : messages) {
      if (text_of(one, "type") == type) return &one;
    }
    return nullptr;
  }

  std::string id;
  std::string problem;
  std::vector<float> heard;
  std::vector<Object> messages;
  std::optional<std::uint16_t> channel;
  double tone_hz = 440;

 private:
  void speak(Time now) {
    if (endpoint_.state() != rtc::EndpointState::connected || now < next_) return;
    next_ = std::max(next_ + std::chrono::milliseconds(20), now - std::chrono::milliseconds(100));
    std::vector<float> samples(static_cast<std::size_t>(rate_) / 50);
    for (float& sample : samples) {
      sample =
          0.4F * static_cast<float>(std::sin(2 * std::numbers::pi * tone_hz * phase_++ / rate_));
    }
    endpoint_.send_audio(samples, now);
  }
  void on_datagram(const rtc::Address& to, std::span<const std::uint8_t> bytes) override {
    socket_.send(to, bytes);
  }
  void on_audio(const rtc::ReceivedAudio& audio) override {
    heard.insert(heard.end(), audio.samples.begin(), audio.samples.end());
  }
  void on_state(rtc::EndpointState /*state*/, const char* reason) override {
    if (*reason != '\0') problem = reason;
  }
  void on_message(const rtc::DataMessage& message) override {
    auto object =
        parse_object({reinterpret_cast<const char*>(message.bytes.data()), message.bytes.size()})
            .object;
    if (object) messages.push_back(*std::move(object));
  }

  UdpSocket socket_;
  int rate_;
  rtc::Endpoint endpoint_;
  Time next_{};
  int phase_ = 0;
};

/// Of the last second: how often it crosses zero upwards.
inline double frequency_of(const std::vector<float>& heard, int rate) {
  const std::size_t begin = heard.size() > static_cast<std::size_t>(rate)
                                ? heard.size() - static_cast<std::size_t>(rate)
                                : 0;
  int crossings = 0;
  for (std::size_t i = begin + 1; i < heard.size(); ++i) {
    if (heard[i - 1] < 0 && heard[i] >= 0) ++crossings;
  }
  return crossings;
}

}  // namespace remotemedia::server::test
