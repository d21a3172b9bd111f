// The cheapest server there can be: it gives each packet of Opus back as it came, without decoding.
// What it takes is the price of the transport, and what a client under load takes beside it shows
// that the client is not what is measured.

#include "remotemedia/rtc/endpoint.h"
#include "rtc/socket.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unordered_map>
#include <utility>
#include <vector>

namespace remotemedia::bench {
namespace {

using rtc::test::Descriptor;
using rtc::test::UdpSocket;

constexpr std::size_t kMaxRequest = 128 * 1'024;
constexpr std::size_t kMaxRequests = 256;
constexpr std::size_t kMaxMirrors = 20'000;

Time clock_now() { return std::chrono::steady_clock::now().time_since_epoch(); }

/// One session.
class Mirror : rtc::EndpointSink {
 public:
  Mirror(std::shared_ptr<const rtc::Identity> identity, const UdpSocket& socket)
      : socket_(&socket), endpoint_(std::move(identity), options_of(socket), *this) {}

  rtc::Endpoint& endpoint() { return endpoint_; }

  void receive(const rtc::Address& source, std::span<std::uint8_t> datagram, Time now) {
    endpoint_.receive(source, datagram, now);
    if (!packet_.empty()) endpoint_.send_packet(packet_, 0, media_time_);
    packet_.clear();
  }

 private:
  static rtc::EndpointOptions options_of(const UdpSocket& socket) {
    rtc::EndpointOptions options;
    options.candidates = {socket.local()};
    options.send_queue = std::chrono::milliseconds(40);
    return options;
  }

  void on_datagram(const rtc::Address& to, std::span<const std::uint8_t> bytes) override {
    socket_->send(to, bytes);
  }
  bool on_packet(const rtc::ReceivedPacket& packet) override {
    if (!std::exchange(begun_, true)) last_ = packet.timestamp;
    packet_.assign(packet.opus.begin(), packet.opus.end());
    const auto step = static_cast<std::int32_t>(packet.timestamp - last_);
    media_time_ += Time(std::int64_t{step} * 1'000'000 / 48);
    last_ = packet.timestamp;
    return true;
  }
  void on_audio(const rtc::ReceivedAudio& /*audio*/) override {}
  void on_state(rtc::EndpointState /*state*/, const char* /*reason*/) override {}

  const UdpSocket* socket_;
  rtc::Endpoint endpoint_;
  std::vector<std::uint8_t> packet_;  // to be given back
  std::uint32_t last_ = 0;
  Time media_time_{};
  bool begun_ = false;
};

struct AddressHash {
  std::size_t operator()(const rtc::Address& address) const {
    return std::hash<std::string_view>{}(
               {reinterpret_cast<const char*>(address.bytes.data()), address.bytes.size()}) ^
           address.port;
  }
};

class MirrorServer {
 public:
  explicit MirrorServer(std::uint16_t port)
      : socket_(*rtc::parse_address("127.0.0.1", 0)),
        listener_(rtc::test::listen_tcp(*rtc::parse_address("127.0.0.1", port))),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        identity_(rtc::Identity::generate(std::time(nullptr))) {
    watch(socket_.descriptor());
    watch(listener_.number());
    fmt::print("listening on http://127.0.0.1:{}/api/offer\n", port_of(listener_));
    std::fflush(stdout);
  }

  [[noreturn]] void run() {
    while (true) {
      std::array<epoll_event, 64> events;
      const int count = epoll_wait(epoll_.number(), events.data(), 64, 5);
      for (int i = 0; i < count; ++i) take_event(events[static_cast<std::size_t>(i)].data.fd);
      advance(clock_now());
    }
  }

 private:
  void watch(int descriptor) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = descriptor;
    epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, descriptor, &event);
  }

  void take_event(int descriptor) {
    if (descriptor == socket_.descriptor()) return take_datagram();
    if (descriptor == listener_.number()) return take_connection();
    read_request(descriptor);
  }

  void take_datagram() {
    std::array<std::uint8_t, 2'048> memory;
    const auto received = socket_.receive(memory);
    if (!received) return;
    auto known = by_address_.find(received->source);
    if (known == by_address_.end()) {
      const auto addressed = by_ufrag_.find(std::string(rtc::addressed_ufrag(received->datagram)));
      if (addressed == by_ufrag_.end()) return;
      known = by_address_.emplace(received->source, addressed->second).first;
    }
    known->second->receive(received->source, received->datagram, clock_now());
  }

  void take_connection() {
    const int descriptor = accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC);
    Descriptor connection(descriptor);
    if (descriptor < 0 || requests_.size() >= kMaxRequests) return;
    watch(descriptor);
    requests_.insert_or_assign(descriptor, Request{std::move(connection), {}});
  }

  void read_request(int descriptor) {
    Request& request = requests_.at(descriptor);
    std::array<char, 16'384> memory;
    const ssize_t count = recv(descriptor, memory.data(), memory.size(), 0);
    if (count > 0) request.text.append(memory.data(), static_cast<std::size_t>(count));
    // The body is one JSON object: it is complete when it can be parsed.
    const std::size_t body = request.text.find("\r\n\r\n");
    const auto offer = body == std::string::npos
                           ? nlohmann::json()
                           : nlohmann::json::parse(request.text.substr(body), nullptr, false);
    if (offer.is_object()) reply(descriptor, offer.value("sdp", ""));
    if (offer.is_object() || count <= 0 || request.text.size() > kMaxRequest) {
      requests_.erase(descriptor);
    }
  }

  void reply(int descriptor, const std::string& offer) {
    std::string status = "503 Service Unavailable";
    nlohmann::json body = {{"error", "too many sessions"}};
    if (by_ufrag_.size() < kMaxMirrors) {
      auto mirror = std::make_shared<Mirror>(identity_, socket_);
      const auto answer = mirror->endpoint().accept_offer(offer, clock_now());
      if (const auto* refusal = std::get_if<rtc::Refusal>(&answer)) {
        status = "422 Unprocessable Content";
        body = {{"error", refusal->reason}};
      } else {
        status = "200 OK";
        const std::string id = mirror->endpoint().local_ufrag();
        body = {{"sdp", std::get<std::string>(answer)}, {"type", "answer"}, {"pc_id", id}};
        by_ufrag_.emplace(id, std::move(mirror));
      }
    }
    const std::string text = body.dump();
    const std::string response = fmt::format(
        "HTTP/1.1 {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n"
        "Connection: close\r\n\r\n{}",
        status, text.size(), text);
    send(descriptor, response.data(), response.size(), MSG_NOSIGNAL);
  }

  void advance(Time now) {
    if (now < next_advance_) return;
    next_advance_ = now + std::chrono::milliseconds(20);
    for (auto& [ufrag, mirror] : by_ufrag_) mirror->endpoint().advance(now);
    const auto ended = [](const auto& entry) {
      return entry.second->endpoint().state() == rtc::EndpointState::ended;
    };
    std::erase_if(by_ufrag_, ended);
    std::erase_if(by_address_, ended);
  }

  struct Request {
    Descriptor connection;
    std::string text;
  };

  UdpSocket socket_;
  Descriptor listener_;
  Descriptor epoll_;
  std::shared_ptr<const rtc::Identity> identity_;
  std::map<int, Request> requests_;
  std::unordered_map<std::string, std::shared_ptr<Mirror>> by_ufrag_;
  std::unordered_map<rtc::Address, std::shared_ptr<Mirror>, AddressHash> by_address_;
  Time next_advance_{};
};

}  // namespace
}  // namespace remotemedia::bench

int main(int argc, char** argv) {
  std::uint16_t port = 0;
  CLI::App app("A WebRTC server on 127.0.0.1 that gives each packet back as it came.");
  app.add_option("--port", port, "of HTTP; 0 takes a free one");
  CLI11_PARSE(app, argc, argv);
  try {
    remotemedia::bench::MirrorServer(port).run();
  } catch (const std::exception& error) {
    fmt::print(stderr, "webrtc_mirror: {}\n", error.what());
    return 2;
  }
}
