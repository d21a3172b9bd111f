#include "remotemedia/rtc/sctp_worker.h"

#include "rtc/sctp_line.h"
#include "rtc/sctp_stack.h"

#include <bitset>
#include <unordered_map>
#include <utility>
#include <vector>

namespace remotemedia::rtc {
namespace {

/// One association on the worker's thread.
class Carried final : SctpOutput {
 public:
  Carried(std::shared_ptr<SctpLine> line, Time now)
      : line_(std::move(line)), transport_(make_usrsctp_transport(line_->settings(), *this, now)) {
    if (transport_ == nullptr) note({.kind = SctpEvent::Kind::lost});
  }

  void take(std::vector<SctpRequest> requests, Time now) {
    for (SctpRequest& request : requests) {
      if (transport_ == nullptr) continue;
      if (request.kind == SctpRequest::Kind::receive) {
        transport_->receive(request.bytes, now);
      } else {
        waiting_.push_back(std::move(request));
      }
    }
    finish(now);
  }

  void advance(Time now) {
    if (transport_ != nullptr) transport_->advance(now);
    finish(now);
  }

 private:
  void finish(Time now) {
    send_waiting(now);
    if (!events_.empty()) line_->tell(std::exchange(events_, {}));
    if (transport_ != nullptr) line_->note_dropped(transport_->packets_dropped());
  }

  /// What usrsctp has no room for, or whose stream is being reset, waits; other streams do not.
  void send_waiting(Time now) {
    std::bitset<kSctpStreams> blocked;
    std::erase_if(waiting_, [&](const SctpRequest& request) {
      if (blocked.test(request.stream)) return false;
      const bool done = do_now(request, now);
      blocked.set(request.stream, !done);
      return done;
    });
  }

  bool do_now(const SctpRequest& request, Time now) {
    bool done = true;
    if (request.kind == SctpRequest::Kind::reset) {
      transport_->reset(request.stream, now);
    } else {
      done = transport_->send({.stream = request.stream,
                               .protocol = request.protocol,
                               .bytes = request.bytes,
                               .delivery = request.delivery},
                              now);
    }
    if (done) line_->note_done(request);
    return done;
  }

  void note(SctpEvent event) { events_.push_back(std::move(event)); }
  void note(SctpEvent::Kind kind, std::uint16_t stream) { note({.kind = kind, .stream = stream}); }

  void on_sctp_packet(Bytes packet) override {
    note({.kind = SctpEvent::Kind::packet, .bytes = {packet.begin(), packet.end()}});
  }
  void on_sctp_up() override { note(SctpEvent::Kind::up, transport_->streams()); }
  void on_sctp_message(const SctpMessage& message) override {
    note({.kind = SctpEvent::Kind::message,
          .stream = message.stream,
          .protocol = message.protocol,
          .bytes = {message.bytes.begin(), message.bytes.end()}});
  }
  void on_sctp_too_long(std::uint16_t stream) override { note(SctpEvent::Kind::too_long, stream); }
  void on_sctp_reset_by_peer(std::uint16_t stream) override {
    note(SctpEvent::Kind::reset_by_peer, stream);
  }
  void on_sctp_reset_done(std::uint16_t stream) override {
    note(SctpEvent::Kind::reset_done, stream);
  }
  void on_sctp_lost() override {
    note({.kind = SctpEvent::Kind::lost});
    waiting_.clear();
  }

  std::shared_ptr<SctpLine> line_;
  std::vector<SctpEvent> events_;
  std::vector<SctpRequest> waiting_;
  std::unique_ptr<SctpTransport> transport_;
};

}  // namespace

struct SctpWorker::Impl {
  std::unordered_map<const SctpLine*, std::unique_ptr<Carried>> carried;
  Time next_tick = Time::max();
};

SctpWorker::SctpWorker(std::function<void()> wake)
    : lines_(std::make_shared<SctpLines>(std::move(wake))), impl_(std::make_unique<Impl>()) {}

SctpWorker::~SctpWorker() { lines_->close(); }

void SctpWorker::run(Time now) {
  auto& carried = impl_->carried;
  for (const std::shared_ptr<SctpLine>& line : lines_->take()) {
    auto requests = line->take_requests();
    if (!requests) {
      carried.erase(line.get());
      continue;
    }
    auto& association = carried[line.get()];
    if (association == nullptr) {
      association = std::make_unique<Carried>(line, now);
      association->advance(now);  // sends its first packet
    }
    association->take(*std::move(requests), now);
  }
  if (carried.empty()) {
    impl_->next_tick = Time::max();
  } else if (impl_->next_tick == Time::max()) {
    impl_->next_tick = now + SctpStack::kTick;
  } else if (now >= impl_->next_tick) {
    for (const auto& [line, association] : carried) association->advance(now);
    impl_->next_tick = now + SctpStack::kTick;
  }
}

Time SctpWorker::next_timeout() const { return impl_->next_tick; }

}  // namespace remotemedia::rtc
