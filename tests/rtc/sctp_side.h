#pragma once

#include "remotemedia/rtc/sctp_worker.h"
#include "rtc/outbox.h"
#include "rtc/sctp.h"
#include "rtc/sctp_line.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace remotemedia::rtc::test {

/// One end of an association, which keeps what comes of it.
struct SctpSide : SctpOutput {
  template <typename Make>
  explicit SctpSide(const Make& make) : transport(make(*this)) {}
  void on_sctp_packet(Bytes packet) override {
    largest = std::max(largest, packet.size());
    sent.emplace_back(packet.begin(), packet.end());
  }
  void on_sctp_up() override { up = true; }
  void on_sctp_message(const SctpMessage& message) override {
    messages.emplace_back(message.bytes.begin(), message.bytes.end());
  }
  void on_sctp_too_long(std::uint16_t) override { ++too_long; }
  void on_sctp_reset_by_peer(std::uint16_t stream) override { reset_by_peer.push_back(stream); }
  void on_sctp_reset_done(std::uint16_t stream) override { reset_done.push_back(stream); }
  void on_sctp_lost() override { lost = true; }
  void on_sctp_waiting() override { ++waiting; }

  bool send(std::string_view text, Time now) {
    return transport->send(
        {.stream = 1,
         .protocol = 51,
         .bytes = {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()},
         .delivery = {}},
        now);
  }

  std::vector<Datagram> sent;
  std::vector<std::string> messages;
  std::vector<std::uint16_t> reset_by_peer;
  std::vector<std::uint16_t> reset_done;
  std::size_t largest = 0;
  int too_long = 0;
  bool up = false;
  bool lost = false;
  std::atomic<int> waiting = 0;
  std::unique_ptr<SctpTransport> transport;
};

/// An association whose ends a worker carries.
struct CarriedPair {
  explicit CarriedPair(const SctpWorker& worker)
      : a([&](SctpOutput& output) { return make_remote_sctp(worker.lines(), {}, output); }),
        b([&](SctpOutput& output) { return make_remote_sctp(worker.lines(), {}, output); }) {}

  void exchange(Time now) {
    a.transport->advance(now);
    b.transport->advance(now);
    carry(a, b, now);
    carry(b, a, now);
  }

  void carry(SctpSide& from, SctpSide& to, Time now) {
    for (const Datagram& packet : std::exchange(from.sent, {})) {
      to.transport->receive(packet, now);
      ++packets;
    }
  }

  SctpSide a;
  SctpSide b;
  int packets = 0;
};

}  // namespace remotemedia::rtc::test
