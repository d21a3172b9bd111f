#pragma once

#include "remotemedia/rtc/endpoint.h"
#include "remotemedia/rtc/sctp_worker.h"
#include "rtc/call.h"
#include "rtc/network.h"
#include "rtc/openssl_clock.h"
#include "rtc/openssl_random.h"
#include "rtc/outbox.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace remotemedia::rtc::test {

inline std::shared_ptr<const Identity> shared_identity() {
  static const auto kIdentity = Identity::generate(1'700'000'000);
  return kIdentity;
}

/// Keeps what an endpoint gives.
struct Recorder : EndpointSink {
  void on_datagram(const Address& to, std::span<const std::uint8_t> bytes) override {
    sent.emplace_back(to, Datagram(bytes.begin(), bytes.end()));
  }
  bool on_packet(const ReceivedPacket& packet) override {
    if (!takes_packets) return false;
    packets.push_back(
        {{packet.opus.begin(), packet.opus.end()}, packet.sequence, packet.timestamp});
    return true;
  }
  void on_audio(const ReceivedAudio& audio) override {
    heard.insert(heard.end(), audio.samples.begin(), audio.samples.end());
  }
  void on_state(EndpointState state, const char* reason) override {
    states.push_back(state);
    last_reason = reason;
  }

  void on_channel_open(std::uint16_t channel, std::string_view label) override {
    opened.emplace_back(channel, label);
  }
  void on_channel_closed(std::uint16_t channel) override { closed.push_back(channel); }
  void on_message(const DataMessage& message) override {
    messages.push_back(
        {message.channel, message.kind, {message.bytes.begin(), message.bytes.end()}});
  }
  void on_data_waiting() override { data_waits = true; }

  struct Message {
    std::uint16_t channel;
    MessageKind kind;
    std::string bytes;
    bool operator==(const Message&) const = default;
  };

  struct Packet {
    Datagram opus;
    std::uint16_t sequence;
    std::uint32_t timestamp;
  };
  bool takes_packets = false;  // instead of audio
  std::vector<Packet> packets;
  std::vector<std::pair<Address, Datagram>> sent;
  std::vector<float> heard;
  std::vector<EndpointState> states;
  std::string last_reason;
  std::vector<std::pair<std::uint16_t, std::string>> opened;
  std::vector<std::uint16_t> closed;
  std::vector<Message> messages;
  bool data_waits = false;
};

/// A server and a client with a network of 10 ms between them, in steps of a millisecond.
struct Session {
  explicit Session(EndpointOptions server_options = {}, unsigned seed = 1,
                   const EndpointOptions& client_options = {})
      : worker(server_options.sctp),
        identity(seeded_identity(seed)),
        server(identity, with_candidate(std::move(server_options)), server_sink),
        client(identity, client_options, client_sink),
        to_server({.delay = std::chrono::milliseconds(10)}, seed),
        to_client({.delay = std::chrono::milliseconds(10)}, seed + 1'000) {
    set_openssl_clock(now);
  }

  /// The identity is made but once and takes random numbers: those of the endpoints come after it.
  static std::shared_ptr<const Identity> seeded_identity(unsigned seed) {
    auto identity = shared_identity();
    seed_openssl_random(seed);
    return identity;
  }

  static EndpointOptions with_candidate(EndpointOptions options) {
    options.candidates = {address("203.0.113.1", 5000)};
    return options;
  }

  void negotiate() {
    const auto answer = server.accept_offer(client.create_offer(), now);
    ASSERT_TRUE(std::holds_alternative<std::string>(answer)) << std::get<Refusal>(answer).reason;
    const auto refusal = client.accept_answer(std::get<std::string>(answer), now);
    ASSERT_FALSE(refusal) << refusal->reason;
  }

  void run(Time until) {
    for (; now < until; now += std::chrono::milliseconds(1)) {
      set_openssl_clock(now);
      speak();
      client.advance(now);
      server.advance(now);
      if (worker) worker->run(now);
      take_data(client_sink, client);
      take_data(server_sink, server);
      carry(client_sink, to_server);
      carry(server_sink, to_client);
      deliver(to_server, server, client_address);
      deliver(to_client, client, address("203.0.113.1", 5000));
    }
  }

  /// Both sides send a tone, each its own.
  void speak() {
    if (!speaking || now % std::chrono::milliseconds(20) != Time{}) return;
    server.send_audio(tone(500, server_phase), now);
    client.send_audio(tone(800, client_phase), now);
  }

  static std::vector<float> tone(double hz, int& phase) {
    std::vector<float> samples(kCallRate / 50);
    for (float& sample : samples) {
      sample = 0.4F * static_cast<float>(std::sin(2 * std::numbers::pi * hz * phase++ / kCallRate));
    }
    return samples;
  }

  void carry(Recorder& from, Path<Datagram>& to) {
    for (auto& [address, bytes] : from.sent) {
      largest = std::max(largest, bytes.size());
      to.send(std::move(bytes), now);
    }
    from.sent.clear();
  }

  void take_data(Recorder& sink, Endpoint& endpoint) {
    if (std::exchange(sink.data_waits, false)) endpoint.take_data(now);
  }

  void deliver(Path<Datagram>& from, Endpoint& to, const Address& source) {
    while (auto bytes = from.receive(now)) to.receive(source, *bytes, now);
  }

  /// Both ways, from now on; 1 cuts the line.
  void lose(double share) {
    to_server.set_loss(share);
    to_client.set_loss(share);
  }
  /// Both ways, from now on: packets overtake each other.
  void jitter(Time most) {
    to_server.set_jitter(most);
    to_client.set_jitter(most);
  }

  [[nodiscard]] bool connected() const {
    return server.state() == EndpointState::connected && client.state() == EndpointState::connected;
  }
  [[nodiscard]] std::uint64_t dropped(Drop drop) const {
    return server.statistics().dropped[static_cast<std::size_t>(drop)];
  }

  std::shared_ptr<SctpWorker> worker;  // that of the server's options
  std::shared_ptr<const Identity> identity;
  Recorder server_sink;
  Recorder client_sink;
  Time now{};
  Endpoint server;
  Endpoint client;
  Address client_address = address("192.0.2.7", 40'000);
  Path<Datagram> to_server;
  Path<Datagram> to_client;
  bool speaking = true;
  int server_phase = 0;
  int client_phase = 0;
  std::size_t largest = 0;
};

}  // namespace remotemedia::rtc::test
