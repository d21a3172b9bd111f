// A server's endpoint and a client's, with a network between them that loses, changes and makes up
// datagrams, and an owner who calls anything at any time: no call crashes, time goes on, and what
// is given keeps to its limits.

#include "fuzz/expect.h"
#include "remotemedia/rtc/endpoint.h"
#include "rtc/openssl_clock.h"
#include "rtc/openssl_random.h"
#include "rtc/outbox.h"

#include <cstddef>
#include <cstdint>
#include <fuzzer/FuzzedDataProvider.h>
#include <string>
#include <vector>

namespace remotemedia::fuzz {
namespace {

using rtc::Endpoint;
using rtc::EndpointState;
using rtc::test::Datagram;

struct Sink : rtc::EndpointSink {
  void on_datagram(const rtc::Address&, std::span<const std::uint8_t> bytes) override {
    expect(bytes.size() <= 1'400, "a datagram is bounded");
    if (sent.size() < 1'000) sent.emplace_back(bytes.begin(), bytes.end());
  }
  void on_audio(const rtc::ReceivedAudio& audio) override {
    expect(audio.samples.size() == 320, "a frame has 20 ms");
  }
  void on_state(EndpointState state, const char* reason) override {
    expect(!ended, "nothing follows the end");
    expect(reason != nullptr, "a reason is a text");
    ended = state == EndpointState::ended;
  }
  void on_message(const rtc::DataMessage& message) override {
    expect(message.bytes.size() <= 262'144, "a message is bounded");
  }
  std::vector<Datagram> sent;
  bool ended = false;
};

struct Side {
  Side(const rtc::EndpointOptions& options, const rtc::Address& its_address)
      : address(its_address), endpoint(identity(), options, sink) {}
  static std::shared_ptr<const rtc::Identity> identity() {
    static const auto kIdentity = rtc::Identity::generate(1'700'000'000);
    return kIdentity;
  }
  rtc::Address address;
  Sink sink;
  Endpoint endpoint;
};

rtc::EndpointOptions options_of_server() {
  rtc::EndpointOptions options;
  options.candidates = {rtc::test::address("203.0.113.1", 5000)};
  return options;
}

class Call {
 public:
  Call() {
    rtc::test::set_openssl_clock(now_);
    offer_ = client_.endpoint.create_offer();
  }

  void negotiate() {
    const auto answer = server_.endpoint.accept_offer(offer_, now_);
    if (const auto* text = std::get_if<std::string>(&answer)) {
      client_.endpoint.accept_answer(*text, now_);
    }
  }

  void pass_on_for(int steps) {
    for (int i = 0; i < steps; ++i) {
      pass(std::chrono::milliseconds(5));
      deliver(client_, server_);
      deliver(server_, client_);
    }
  }

  void act(FuzzedDataProvider& choose) {
    Side& side = choose.ConsumeBool() ? server_ : client_;
    Side& other = &side == &server_ ? client_ : server_;
    switch (choose.ConsumeIntegralInRange(0, 12)) {
      case 0:
        pass(std::chrono::milliseconds(choose.ConsumeIntegralInRange(0, 40'000)));
        break;
      case 1:
        change(choose, side);
        break;
      case 2: {
        Datagram made_up = bytes(choose);
        side.endpoint.receive(other.address, made_up, now_);
        break;
      }
      case 3:
        side.endpoint.send_audio(
            std::vector<float>(choose.ConsumeIntegral<std::uint8_t>() * 8U, 0.5F), now_);
        break;
      case 4:
        side.endpoint.open_channel(choose.ConsumeRandomLengthString(300), now_);
        break;
      case 5:
        side.endpoint.send_message(choose.ConsumeIntegralInRange<std::uint16_t>(0, 4),
                                   rtc::MessageKind::text,
                                   Datagram(choose.ConsumeIntegral<std::uint16_t>(), 'x'), now_);
        break;
      case 6:
        side.endpoint.close_channel(choose.ConsumeIntegralInRange<std::uint16_t>(0, 4), now_);
        break;
      case 7:
        describe(choose);
        break;
      case 8:
        side.sink.sent.clear();
        break;
      case 9:
        side.endpoint.cancel_audio();
        break;
      case 10:
        if (choose.ConsumeIntegralInRange(0, 7) == 0) side.endpoint.close(now_);
        break;
      case 11:
        deliver(side, other);
        break;
      default:
        pass_on_for(choose.ConsumeIntegralInRange(1, 20));
    }
    check(side);
  }

 private:
  static Datagram bytes(FuzzedDataProvider& choose) {
    return choose.ConsumeBytes<std::uint8_t>(choose.ConsumeIntegral<std::uint8_t>());
  }

  static void change(FuzzedDataProvider& choose, Side& from) {
    if (from.sink.sent.empty() || from.sink.sent.back().empty()) return;
    Datagram& last = from.sink.sent.back();
    const auto at = choose.ConsumeIntegralInRange<std::size_t>(0, last.size() - 1);
    last[at] = choose.ConsumeIntegral<std::uint8_t>();
    if (choose.ConsumeBool()) last.resize(at);
  }

  /// The offer again, with one place changed or one line left out.
  void describe(FuzzedDataProvider& choose) {
    std::string offer = offer_;
    const auto at = choose.ConsumeIntegralInRange<std::size_t>(0, offer.size() - 1);
    if (choose.ConsumeBool()) {
      const std::size_t end = offer.find('\n', at);
      offer.erase(at, end == std::string::npos ? end : end - at + 1);
    } else {
      offer.replace(at, 1, choose.ConsumeRandomLengthString(40));
    }
    server_.endpoint.accept_offer(offer, now_);
  }

  void pass(Time time) {
    now_ += time;
    rtc::test::set_openssl_clock(now_);
    for (Side* side : {&server_, &client_}) {
      side->endpoint.advance(now_);
      check(*side);
    }
  }

  void deliver(Side& from, Side& to) {
    for (Datagram& datagram : std::exchange(from.sink.sent, {})) {
      to.endpoint.receive(from.address, datagram, now_);
    }
  }

  void check(const Side& side) const {
    expect((side.endpoint.state() == EndpointState::ended) == side.sink.ended, "the end is told");
    expect(side.endpoint.statistics().data.channels <= 64, "channels are bounded");
    if (side.sink.ended) {
      expect(side.endpoint.next_timeout() == Time::max(), "after the end nothing is due");
    }
  }

  Time now_{};
  Side server_{options_of_server(), rtc::test::address("203.0.113.1", 5000)};
  Side client_{{}, rtc::test::address("192.0.2.7", 40'000)};
  std::string offer_;
};

}  // namespace
}  // namespace remotemedia::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  remotemedia::rtc::test::seed_openssl_random(1);
  FuzzedDataProvider choose(data, size);
  remotemedia::fuzz::Call call;
  // Most of what is worth finding is behind the handshake.
  if (choose.ConsumeBool()) call.negotiate();
  if (choose.ConsumeBool()) call.pass_on_for(40);
  for (int i = 0; i < 48 && choose.remaining_bytes() > 0; ++i) call.act(choose);
  return 0;
}
