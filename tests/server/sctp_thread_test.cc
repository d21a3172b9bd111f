#include "server/sctp_thread.h"

#include "remotemedia/rtc/endpoint.h"
#include "rtc/sctp_side.h"
#include "server/clock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace remotemedia::server {
namespace {

/// One end of a call without sockets, whose data channels are the thread's.
struct End : rtc::EndpointSink {
  End(SctpThread& thread, const char* ip)
      : own(*rtc::parse_address(ip, 5000)),
        endpoint(rtc::Identity::generate(1'700'000'000), options(thread), *this) {}

  rtc::EndpointOptions options(SctpThread& thread) const {
    rtc::EndpointOptions options;
    options.candidates = {own};
    options.sctp = thread.worker();
    return options;
  }
  void on_datagram(const rtc::Address& /*to*/, std::span<const std::uint8_t> bytes) override {
    sent.emplace_back(bytes.begin(), bytes.end());
  }
  void on_audio(const rtc::ReceivedAudio& /*audio*/) override {}
  void on_state(rtc::EndpointState /*state*/, const char* /*reason*/) override {}
  void on_channel_open(std::uint16_t /*channel*/, std::string_view /*label*/) override {
    opened = true;
  }
  void on_message(const rtc::DataMessage& message) override {
    messages.emplace_back(message.bytes.begin(), message.bytes.end());
  }
  void on_data_waiting() override { waits = true; }

  void step(End& other, Time now) {
    endpoint.advance(now);
    if (waits.exchange(false)) endpoint.take_data(now);
    for (auto& datagram : std::exchange(sent, {})) other.endpoint.receive(own, datagram, now);
  }

  rtc::Address own;
  std::vector<std::vector<std::uint8_t>> sent;
  std::vector<std::string> messages;
  bool opened = false;
  std::atomic<bool> waits = false;
  rtc::Endpoint endpoint;
};

TEST(SctpThread, CarriesMessagesOfEndpointsOnAnotherThread) {
  SctpThread thread;
  thread.start();
  End a(thread, "192.0.2.1");
  End b(thread, "192.0.2.2");
  Time now = steady_now();
  const auto answer = a.endpoint.accept_offer(b.endpoint.create_offer(), now);
  ASSERT_FALSE(b.endpoint.accept_answer(std::get<std::string>(answer), now));
  const Time deadline = now + std::chrono::seconds(60);
  const auto run_until = [&](const auto& holds) {
    while (!holds() && now < deadline) {
      now = steady_now();  // as the thread has it
      a.step(b, now);
      b.step(a, now);
    }
    return holds();
  };
  ASSERT_TRUE(run_until([&] { return b.endpoint.state() == rtc::EndpointState::connected; }));
  ASSERT_TRUE(b.endpoint.open_channel("x", now));
  ASSERT_TRUE(run_until([&] { return a.opened && b.opened; }));
  const std::string text(200'000, 'x');
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  ASSERT_TRUE(a.endpoint.send_message(0, rtc::MessageKind::text, bytes, now));
  ASSERT_TRUE(b.endpoint.send_message(0, rtc::MessageKind::text, bytes, now));
  ASSERT_TRUE(run_until([&] { return !a.messages.empty() && !b.messages.empty(); }));
  EXPECT_EQ(a.messages.front(), text);
  EXPECT_EQ(b.messages.front(), text);
}

TEST(SctpThread, EndsAtAnyMoment) {
  for (int packets = 0; packets < 40; ++packets) {
    SctpThread thread;
    thread.start();
    rtc::test::CarriedPair pair(*thread.worker());
    const Time deadline = steady_now() + std::chrono::seconds(60);
    while (pair.packets < packets && steady_now() < deadline) {
      if (pair.a.up) pair.a.send("x", steady_now());
      pair.exchange(steady_now());
    }
    ASSERT_GE(pair.packets, packets);
    thread.stop();
    thread.stop();
    pair.exchange(steady_now());  // what is asked now is not done
  }
}

}  // namespace
}  // namespace remotemedia::server
