#include "rtc/sctp_line.h"

#include <utility>

namespace remotemedia::rtc {
namespace {

class RemoteSctp final : public SctpTransport {
 public:
  RemoteSctp(const std::shared_ptr<SctpLines>& lines, const SctpSettings& settings,
             SctpOutput& output)
      : output_(&output),
        line_(
            std::make_shared<SctpLine>(settings, lines, [&output] { output.on_sctp_waiting(); })) {
    line_->begin();
  }
  ~RemoteSctp() override { line_->hang_up(); }
  RemoteSctp(const RemoteSctp&) = delete;
  RemoteSctp& operator=(const RemoteSctp&) = delete;

  std::optional<Drop> receive(Bytes packet, Time now) override {
    if (!is_between_the_ends(packet, line_->settings())) return Drop::sctp_malformed;
    if (lost_) return Drop::after_end;
    SctpRequest request;
    request.kind = SctpRequest::Kind::receive;
    request.bytes.assign(packet.begin(), packet.end());
    const bool asked = line_->ask(std::move(request));
    advance(now);
    return asked ? std::nullopt : std::optional(Drop::too_fast);
  }

  bool send(const SctpMessage& message, Time) override {
    if (message.stream >= streams_) return false;
    return line_->ask({.kind = SctpRequest::Kind::send,
                       .stream = message.stream,
                       .protocol = message.protocol,
                       .delivery = message.delivery,
                       .bytes = {message.bytes.begin(), message.bytes.end()}});
  }

  void reset(std::uint16_t stream, Time) override {
    if (stream >= streams_) return;
    SctpRequest request;
    request.kind = SctpRequest::Kind::reset;
    request.stream = stream;
    static_cast<void>(line_->ask(std::move(request)));  // there is always room
  }

  void advance(Time) override {
    for (const SctpEvent& event : line_->take()) give(event);
  }

  [[nodiscard]] Time next_timeout() const override { return Time::max(); }
  [[nodiscard]] std::uint16_t streams() const override { return streams_; }
  [[nodiscard]] std::uint64_t packets_dropped() const override { return line_->dropped(); }

 private:
  void give(const SctpEvent& event) {
    switch (event.kind) {
      case SctpEvent::Kind::packet:
        return output_->on_sctp_packet(event.bytes);
      case SctpEvent::Kind::up:
        streams_ = event.stream;
        return output_->on_sctp_up();
      case SctpEvent::Kind::message:
        return output_->on_sctp_message({.stream = event.stream,
                                         .protocol = event.protocol,
                                         .bytes = event.bytes,
                                         .delivery = {}});
      case SctpEvent::Kind::too_long:
        return output_->on_sctp_too_long(event.stream);
      case SctpEvent::Kind::reset_by_peer:
        return output_->on_sctp_reset_by_peer(event.stream);
      case SctpEvent::Kind::reset_done:
        return output_->on_sctp_reset_done(event.stream);
      case SctpEvent::Kind::lost:
        streams_ = 0;
        lost_ = true;
        return output_->on_sctp_lost();
    }
  }

  SctpOutput* output_;
  std::shared_ptr<SctpLine> line_;
  std::uint16_t streams_ = 0;
  bool lost_ = false;
};

}  // namespace

std::unique_ptr<SctpTransport> make_remote_sctp(const std::shared_ptr<SctpLines>& lines,
                                                const SctpSettings& settings, SctpOutput& output) {
  return std::make_unique<RemoteSctp>(lines, settings, output);
}

}  // namespace remotemedia::rtc
