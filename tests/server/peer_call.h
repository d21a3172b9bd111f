#pragma once

#include "remotemedia/graph/manifest.h"
#include "remotemedia/nodes/builtin.h"
#include "server/json.h"
#include "server/peer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <numbers>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace remotemedia::server::test {

inline constexpr int kCallRate = 16'000;

/// A peer and its browser, without sockets and in simulated time, of which each step is 1 ms. What
/// one sends the other has in the next step.
class PeerCall : public rtc::EndpointSink {
 public:
  /// `browser_listens`: whether it takes audio, too.
  PeerCall(PeerOptions options, std::shared_ptr<const Graph> graph, bool browser_listens = true)
      : graph_(std::move(graph)),
        peer_(std::move(options), rtc::Identity::generate(1'700'000'000), make_pipeline(), now_),
        browser_(rtc::Identity::generate(1'700'000'000),
                 {.candidates = {}, .receive_rate = kCallRate, .send_rate = kCallRate}, *this) {
    peer_.set_host({.datagram =
                        [this](const rtc::Address&, std::span<const std::uint8_t> bytes) {
                          to_browser_.emplace_back(bytes.begin(), bytes.end());
                        },
                    .message = {},
                    .restart =
                        [this](const std::string&, std::unique_ptr<PeerPipeline> failed) {
                          failed_.push_back(std::move(failed));
                        }});
    std::string offer = browser_.create_offer();
    constexpr std::string_view kBothWays = "a=sendrecv";
    if (!browser_listens) offer.replace(offer.find(kBothWays), kBothWays.size(), "a=sendonly");
    const auto answer = peer_.accept_offer(offer, now_);
    EXPECT_FALSE(browser_.accept_answer(std::get<std::string>(answer), now_));
    run_until([&] { return browser_.state() == rtc::EndpointState::connected; });
    browser_.open_channel("messages", now_);
    run_until([&] { return !messages("session").empty(); });
  }
  ~PeerCall() override = default;

  static PeerOptions options() {
    PeerOptions options;
    options.id = "call";
    options.endpoint.candidates = {*rtc::parse_address("203.0.113.1", 5000)};
    options.endpoint.receive_rate = options.endpoint.send_rate = kCallRate;
    options.endpoint.send_queue = std::chrono::seconds(60);
    options.metrics_interval = std::chrono::hours(1);
    return options;
  }

  void run(Time time) {
    for (const Time end = now_ + time; now_ < end;) step();
  }
  /// Fails the test if it does not hold within a minute.
  void run_until(const std::function<bool()>& holds) {
    const Time end = now_ + std::chrono::minutes(1);
    while (!holds() && now_ < end) step();
    EXPECT_TRUE(holds());
  }

  std::unique_ptr<PeerPipeline> make_pipeline() {
    const SessionSource running = [this](SessionOptions options, Session::Sink sink) {
      return std::make_unique<Session>(graph_, std::move(options), std::move(sink));
    };
    return std::make_unique<PeerPipeline>(running, "call", [] {});
  }
  [[nodiscard]] std::vector<Object> messages(const std::string& type) const {
    std::vector<Object> found;
    for (const Object& message : messages_) {
      if (text_of(message, "type") == type) found.push_back(message);
    }
    return found;
  }
  /// A number that the peer tells of its session.
  [[nodiscard]] double figure(const std::string& name) {
    const Value described = peer_.describe(now_);
    return described.as_object()->find("statistics")->as_object()->find(name)->number();
  }
  void say(const std::string& text, rtc::MessageKind kind = rtc::MessageKind::text) {
    browser_.send_message(0, kind,
                          {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, now_);
  }

  [[nodiscard]] Time now() const { return now_; }
  Peer& peer() { return peer_; }
  rtc::Endpoint& browser() { return browser_; }
  /// Graphs that the peer has given away.
  [[nodiscard]] std::size_t failures() const { return failed_.size(); }
  [[nodiscard]] const std::vector<float>& heard() const { return heard_; }
  /// What the browser's user says, 0 to 1.
  double level = 0;
  /// What the browser sends is lost.
  bool outage = false;

 private:
  void step() {
    now_ += std::chrono::milliseconds(1);
    if (now_ % std::chrono::milliseconds(20) == Time{}) speak();
    browser_.advance(now_);
    for (auto& bytes : std::exchange(to_peer_, {})) {
      if (!outage) peer_.receive(*rtc::parse_address("198.51.100.7", 4000), bytes, now_);
    }
    peer_.advance(now_);
    for (auto& bytes : std::exchange(to_browser_, {})) {
      browser_.receive(*rtc::parse_address("203.0.113.1", 5000), bytes, now_);
    }
  }
  void speak() {
    if (browser_.state() != rtc::EndpointState::connected) return;
    std::vector<float> samples(kCallRate / 50);
    for (float& sample : samples) {
      sample =
          static_cast<float>(level * std::sin(2 * std::numbers::pi * 300 * phase_++ / kCallRate));
    }
    browser_.send_audio(samples, now_);
  }
  void on_datagram(const rtc::Address& /*to*/, std::span<const std::uint8_t> bytes) override {
    to_peer_.emplace_back(bytes.begin(), bytes.end());
  }
  void on_audio(const rtc::ReceivedAudio& audio) override {
    heard_.insert(heard_.end(), audio.samples.begin(), audio.samples.end());
  }
  void on_state(rtc::EndpointState /*state*/, const char* /*reason*/) override {}
  void on_message(const rtc::DataMessage& message) override {
    auto object =
        parse_object({reinterpret_cast<const char*>(message.bytes.data()), message.bytes.size()})
            .object;
    if (object) messages_.push_back(*std::move(object));
  }

  Time now_ = std::chrono::seconds(1);
  std::shared_ptr<const Graph> graph_;
  std::vector<std::vector<std::uint8_t>> to_peer_;
  std::vector<std::vector<std::uint8_t>> to_browser_;
  std::vector<std::unique_ptr<PeerPipeline>> failed_;
  std::vector<Object> messages_;
  std::vector<float> heard_;
  int phase_ = 0;
  Peer peer_;
  rtc::Endpoint browser_;
};

}  // namespace remotemedia::server::test
