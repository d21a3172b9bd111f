// Any bytes are a DCEP message or none, and any chunks of a peer that knows the association neither
// crash nor make more than the limits say, in the calls of a session or carried by a worker.

#include "fuzz/expect.h"
#include "remotemedia/rtc/sctp_worker.h"
#include "rtc/data_session.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fuzzer/FuzzedDataProvider.h>
#include <map>
#include <memory>
#include <usrsctp.h>
#include <vector>

namespace remotemedia::fuzz {
namespace {

using rtc::Bytes;
using Packet = std::vector<std::uint8_t>;

void check_dcep(Bytes bytes) {
  const auto message = rtc::dcep::parse(bytes);
  if (!message) return;
  expect(message->label.size() <= rtc::dcep::kMaxLabel, "a label is bounded");
  const Packet written = rtc::dcep::write(*message);
  expect(bytes.size() >= written.size() &&
             std::memcmp(written.data(), bytes.data(), written.size()) == 0,
         "what is read is written");
}

struct Sink : rtc::EndpointSink {
  void on_datagram(const rtc::Address&, Bytes) override {}
  void on_audio(const rtc::ReceivedAudio&) override {}
  void on_state(rtc::EndpointState, const char*) override {}
  void on_channel_open(std::uint16_t channel, std::string_view label) override {
    expect(label.size() <= rtc::dcep::kMaxLabel, "a label is bounded");
    expect(open.emplace(channel, true).second, "a channel opens once");
    expect(open.size() <= rtc::DataSession::kMaxChannels, "channels are bounded");
  }
  void on_channel_closed(std::uint16_t channel) override { open.erase(channel); }
  void on_message(const rtc::DataMessage& message) override {
    expect(open.contains(message.channel), "a message has an open channel");
    expect(message.bytes.size() <= rtc::kMaxDataMessage, "a message is bounded");
  }
  std::map<std::uint16_t, bool> open;
};

struct Side : rtc::DataOutput {
  Side(bool server, const std::shared_ptr<rtc::SctpWorker>& worker)
      : session(rtc::DataSession::Settings{.odd_streams = server, .sctp = worker}, *this, sink) {}
  void on_data_packet(Bytes packet) override {
    expect(packet.size() <= rtc::kMaxSctpPacket, "a packet fits a datagram");
    sent.emplace_back(packet.begin(), packet.end());
  }
  void on_data_drop(rtc::Drop) override {}

  Sink sink;
  std::vector<Packet> sent;
  rtc::DataSession session;
};

class Association {
 public:
  explicit Association(bool carried)
      : worker_(carried ? std::make_shared<rtc::SctpWorker>([] {}) : nullptr) {
    server_.session.begin(now_);
    client_.session.begin(now_);
    client_.session.open("x", now_);
    for (int i = 0; i < 40; ++i) step();
    expect(server_.sink.open.size() == 1, "the first channel opens");
  }

  /// Chunks as if the client sent them: the header is right.
  void inject(Bytes chunks) {
    Packet packet(client_header_.begin(), client_header_.end());
    packet.insert(packet.end(), chunks.begin(), chunks.end());
    if (packet.size() < rtc::kSctpHeader || packet.size() > rtc::kMaxSctpPacket) return;
    std::memset(packet.data() + 8, 0, 4);
    const std::uint32_t sum = usrsctp_crc32c(packet.data(), packet.size());
    std::memcpy(packet.data() + 8, &sum, 4);
    server_.session.receive(packet, now_);
    work();
  }
  /// A message as the client sends it, DCEP among them.
  void say(std::uint16_t channel, rtc::MessageKind kind, Bytes bytes) {
    client_.session.send(channel, kind, bytes, now_);
  }
  void answer(std::uint16_t channel, Bytes bytes) {
    server_.session.send(channel, rtc::MessageKind::binary, bytes, now_);
  }
  void open(std::string_view label) { client_.session.open(label, now_); }
  void close(std::uint16_t channel, bool by_server) {
    (by_server ? server_ : client_).session.close(channel, now_);
  }
  void step() {
    now_ += std::chrono::milliseconds(20);
    work();
    client_.session.advance(now_);
    for (const Packet& packet : std::exchange(client_.sent, {})) {
      client_header_.assign(packet.begin(), packet.begin() + rtc::kSctpHeader);
      server_.session.receive(packet, now_);
    }
    for (const Packet& packet : std::exchange(server_.sent, {})) {
      client_.session.receive(packet, now_);
    }
  }

 private:
  /// What the worker has to do for the server, and what comes of it.
  void work() {
    if (worker_ != nullptr) worker_->run(now_);
    server_.session.advance(now_);
  }

  static inline Time now_{};  // usrsctp has one time for all
  std::shared_ptr<rtc::SctpWorker> worker_;
  Side server_{true, worker_};
  Side client_{false, nullptr};
  Packet client_header_;
};

void run(FuzzedDataProvider& choose, bool carried) {
  Association association(carried);
  for (int i = 0; i < 32 && choose.remaining_bytes() > 0; ++i) {
    const auto channel = choose.ConsumeIntegralInRange<std::uint16_t>(0, 8);
    const auto action = choose.ConsumeIntegralInRange(0, 7);
    const auto bytes = choose.ConsumeBytes<std::uint8_t>(choose.ConsumeIntegral<std::uint8_t>());
    if (action <= 2) association.inject(bytes);
    if (action == 3) association.say(channel, rtc::MessageKind::text, bytes);
    if (action == 4) association.answer(channel, bytes);
    if (action == 5) {
      association.open({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    }
    if (action == 6) association.close(channel, !bytes.empty());
    if (action == 7) association.step();
  }
  association.step();
}

}  // namespace
}  // namespace remotemedia::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  remotemedia::fuzz::check_dcep({data, size});
  FuzzedDataProvider choose(data, size);
  remotemedia::fuzz::run(choose, size % 2 == 1);
  return 0;
}
