#pragma once

#include "remotemedia/base/time.h"
#include "remotemedia/rtc/address.h"
#include "remotemedia/rtc/audio.h"
#include "remotemedia/rtc/data.h"
#include "remotemedia/rtc/drop.h"
#include "remotemedia/rtc/identity.h"
#include "remotemedia/rtc/refusal.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace remotemedia::rtc {

class SctpWorker;

enum class EndpointState : std::uint8_t {
  idle,         ///< no description yet
  checking,     ///< waits for the first authenticated check (ICE)
  handshaking,  ///< DTLS
  connected,    ///< audio flows
  interrupted,  ///< no check for `consent_stale`; checks or an ICE restart bring it back
  ended,        ///< closed by one side, failed or timed out; nothing more happens
};
const char* to_string(EndpointState state);

struct EndpointOptions {
  std::vector<Address> candidates;             ///< where peers reach us; an answer names them all
  int receive_rate = 16'000;                   ///< Hz of received audio: 8, 12, 16, 24 or 48 kHz
  int send_rate = 16'000;                      ///< Hz of sent audio: the same
  int bitrate = 64'000;                        ///< of sent Opus, bit/s, 6000..128000
  int complexity = 5;                          ///< of the Opus encoder, 0..10
  Time send_queue = std::chrono::seconds(10);  ///< most audio that waits to be sent, 40 ms..60 s
  Time connect_timeout = std::chrono::seconds(30);  ///< from the description to `connected`
  Time consent_stale = std::chrono::seconds(7);     ///< without a check: `interrupted`
  Time consent_timeout = std::chrono::seconds(30);  ///< without a check: nothing is sent any more
  Time grace = std::chrono::seconds(60);            ///< after that: `ended`
  /// Taken from the network: so many of audio and checks, and so many of DTLS with data channels.
  int max_datagrams_per_s = 500;
  bool data_channels = true;  ///< offered, and taken where they are offered
  /// Does the work of data channels; null: the endpoint's own calls do.
  std::shared_ptr<SctpWorker> sctp = nullptr;
};

/// What an endpoint gives. Called from within its methods, but for on_data_waiting; must not call
/// the endpoint.
class EndpointSink {
 public:
  virtual ~EndpointSink() = default;
  /// To be sent as it is. Bytes are valid during the call; at most 1200 and SRTP's trailer.
  virtual void on_datagram(const Address& to, std::span<const std::uint8_t> bytes) = 0;
  /// Each packet of audio, in the order of arrival. True takes it: it is not decoded then. For what
  /// records, forwards or counts packets.
  virtual bool on_packet(const ReceivedPacket& /*packet*/) { return false; }
  /// 20 ms, every 20 ms from the first packet on; two every 40 ms after `set_audio_in_pairs`.
  virtual void on_audio(const ReceivedAudio& audio) = 0;
  /// `reason` is a constant text, empty where there is nothing to say.
  virtual void on_state(EndpointState state, const char* reason) = 0;
  /// Of either side. The label has 0..256 bytes as the peer sent them, valid during the call.
  virtual void on_channel_open(std::uint16_t /*channel*/, std::string_view /*label*/) {}
  /// By either side, because the peer refused a channel of ours, or because the association is
  /// gone; the number may come again for another channel. Not told when the session ends.
  virtual void on_channel_closed(std::uint16_t /*channel*/) {}
  /// Whole and, on a channel of ours, in order.
  virtual void on_message(const DataMessage& /*message*/) {}
  /// With an SctpWorker, from within its `run`: `take_data` has something to take. Without that it
  /// comes with `advance`.
  virtual void on_data_waiting() {}
};

struct EndpointStatistics {
  std::array<std::uint64_t, kDropReasons> dropped{};  ///< by Drop
  AudioReceiverStatistics received;
  std::uint64_t packets_sent = 0;
  std::uint64_t datagrams_received = 0;
  std::optional<Time> round_trip;  ///< by RTCP; nothing before the first report of the peer
  double peer_loss = 0;            ///< what the peer lost lately of ours, 0..1
  Time queued{};                   ///< audio that waits to be sent
  DataStatistics data;
};

/// One WebRTC session with audio in Opus and data channels both ways, without sockets, clock or
/// threads. Time is an argument and never goes back; after each call `next_timeout()` says when to
/// call `advance`. Not for several threads at once. Nothing that comes from the network throws or
/// grows without limit.
class Endpoint {
 public:
  /// The sink must outlive the endpoint. Throws a configuration error for options out of range.
  Endpoint(std::shared_ptr<const Identity> identity, const EndpointOptions& options,
           EndpointSink& sink);
  ~Endpoint();
  Endpoint(Endpoint&&) noexcept;
  Endpoint& operator=(Endpoint&&) noexcept;

  /// Answers an offer as ICE-lite and DTLS server. A later offer of the same session may restart
  /// ICE or bring data channels; its sections must stay where they are, with the same certificate.
  std::variant<std::string, Refusal> accept_offer(std::string_view offer, Time now);
  /// The other role, for clients in tests and under load: an offer, then the answer of a server,
  /// whose candidates are checked. In DTLS it takes the role that the answer leaves to it.
  std::string create_offer();
  std::optional<Refusal> accept_answer(std::string_view answer, Time now);

  /// A datagram from the network. Its memory is overwritten.
  void receive(const Address& source, std::span<std::uint8_t> datagram, Time now);
  /// Does what is due; cheap if nothing is.
  void advance(Time now);
  /// Time::max() if nothing is due.
  [[nodiscard]] Time next_timeout() const;

  /// Whether received audio comes two frames at a time, the first of them up to 20 ms later than it
  /// could (at first it does not). For who has many sessions: each is another piece of memory, and
  /// the time of a frame is mostly that of fetching it.
  void set_audio_in_pairs(bool in_pairs);

  /// Queues mono samples at `send_rate`, which are sent in step with time. Returns how many there
  /// was room for: 0 when not connected.
  std::size_t send_audio(std::span<const float> samples, Time now);
  /// Sends a packet of Opus, at most 1000 bytes, as it is and at once. `at` is the time of its
  /// audio, which becomes the timestamp; `level` is minus dB below full scale, 0..127. False if it
  /// was not sent, as when not connected.
  bool send_packet(std::span<const std::uint8_t> opus, std::uint8_t level, Time at);
  /// Forgets queued audio (barge-in): nothing of it is sent any more.
  void cancel_audio();

  /// Opens a data channel, ordered and reliable; `on_channel_open` says when it can be used.
  /// Nothing if the session is not connected or without data channels, if 64 are open, or for a
  /// label of more than 256 bytes.
  std::optional<std::uint16_t> open_channel(std::string_view label, Time now);
  /// Queues one message whole. False, and nothing is sent, if the channel is not open, if the
  /// message is longer than 256 KiB or than what the peer takes, or if 1 MiB or 1024 packets wait
  /// already. With an SctpWorker as much may be on its way there, too.
  bool send_message(std::uint16_t channel, MessageKind kind, std::span<const std::uint8_t> bytes,
                    Time now);
  /// Takes what the SctpWorker has done: see on_data_waiting.
  void take_data(Time now);
  /// Closes it after what was queued; `on_channel_closed` follows when the peer has, too.
  void close_channel(std::uint16_t channel, Time now);

  /// Says goodbye; the state becomes `ended`.
  void close(Time now);

  [[nodiscard]] EndpointState state() const;
  /// Whether the peer takes audio, by what both sides agreed on last.
  [[nodiscard]] bool peer_listens() const;
  /// Whether a check of the peer's came from there and was authentic.
  [[nodiscard]] bool verified(const Address& source) const;
  /// By which a server finds the endpoint of a first datagram; changes with an ICE restart.
  [[nodiscard]] const std::string& local_ufrag() const;
  [[nodiscard]] EndpointStatistics statistics() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The `local_ufrag()` that a STUN request is meant for; empty for anything else. Not
/// authenticated: good for finding the endpoint, which checks it.
std::string_view addressed_ufrag(std::span<const std::uint8_t> datagram);

}  // namespace remotemedia::rtc
