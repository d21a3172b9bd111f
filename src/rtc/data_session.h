#pragma once

#include "remotemedia/rtc/data.h"
#include "remotemedia/rtc/endpoint.h"
#include "remotemedia/rtc/sctp_worker.h"
#include "rtc/sctp.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace remotemedia::rtc {

/// What a session's data channels need of it.
class DataOutput {
 public:
  virtual ~DataOutput() = default;
  /// To be sent as one DTLS record.
  virtual void on_data_packet(Bytes packet) = 0;
  virtual void on_data_drop(Drop drop) = 0;
};

/// The data channels of one session (RFC 8831, RFC 8832), over one association.
///
/// A channel is a stream in each direction. It is closed by resetting both: who closes begins, and
/// the other side answers. Its number is used again when both know.
class DataSession : SctpOutput {
 public:
  static constexpr std::size_t kMaxChannels = 64;

  struct Settings {
    bool odd_streams = true;  ///< a DTLS server opens odd ones
    std::uint16_t peer_port = kSctpPort;
    std::size_t max_sent_message = kMaxDataMessage;
    std::shared_ptr<SctpWorker> sctp = nullptr;  ///< carries the association; else these calls do
  };

  DataSession(const Settings& settings, DataOutput& output, EndpointSink& sink);

  /// Begins the association; DTLS is connected. Once.
  void begin(Time now);
  /// Ends everything and frees its memory. Says nothing to the sink.
  void stop();

  std::optional<Drop> receive(Bytes packet, Time now);
  std::optional<std::uint16_t> open(std::string_view label, Time now);
  bool send(std::uint16_t channel, MessageKind kind, Bytes bytes, Time now);
  void close(std::uint16_t channel, Time now);
  void advance(Time now);
  [[nodiscard]] Time next_timeout() const;
  [[nodiscard]] DataStatistics statistics() const;

 private:
  enum class State : std::uint8_t {
    opening,  ///< ours: OPEN is sent or due, ACK has not come
    open,
    closing,  ///< we have closed it
    closed,   ///< both have; the peer has yet to know that we have
  };
  struct Channel {
    std::uint16_t stream = 0;
    State state = State::opening;
    bool ours = false;
    bool due = false;  ///< OPEN, or ACK if it is not ours, is not sent yet
    bool reset_done = false;
    dcep::Delivery delivery;
    std::string label;
  };

  void on_sctp_packet(Bytes packet) override { output_->on_data_packet(packet); }
  void on_sctp_up() override;
  void on_sctp_message(const SctpMessage& message) override;
  void on_sctp_too_long(std::uint16_t stream) override;
  void on_sctp_reset_by_peer(std::uint16_t stream) override;
  void on_sctp_reset_done(std::uint16_t stream) override;
  void on_sctp_lost() override;
  void on_sctp_waiting() override { sink_->on_data_waiting(); }

  std::optional<Drop> take_control(std::uint16_t stream, Bytes bytes);
  std::optional<Drop> take_open(std::uint16_t stream, const dcep::Message& message);
  std::optional<Drop> take_ack(std::uint16_t stream);
  std::optional<Drop> take_message(const SctpMessage& message);
  Channel* find(std::uint16_t stream);
  void erase(std::uint16_t stream);
  void send_control(Channel& channel);
  void send_what_is_due();

  Settings settings_;
  DataOutput* output_;
  EndpointSink* sink_;
  std::unique_ptr<SctpTransport> sctp_;
  std::vector<Channel> channels_;
  Time now_{};  // of the call that is running
  DataStatistics counts_;
  bool stopped_ = false;
};

}  // namespace remotemedia::rtc
