#pragma once

#include "bench/webrtc/http_post.h"
#include "bench/webrtc/speech.h"
#include "remotemedia/rtc/endpoint.h"
#include "rtc/network.h"
#include "rtc/socket.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace remotemedia::bench {

/// What all sessions of a load share.
struct LoadSetup {
  HttpTarget target;
  rtc::Address local;  ///< of our sockets, with port 0
  std::shared_ptr<const rtc::Identity> identity;
  std::vector<SpeechPacket> speech;
  rtc::test::Network network;  ///< each way
  bool listens = true;         ///< otherwise it offers to send only
  bool emulate = false;        ///< whether `network` does anything
  unsigned seed = 1;
};

/// Of the time since `start_measuring`.
struct LoadCounts {
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::uint64_t lost = 0;       ///< of the echo, by its sequence numbers
  std::uint64_t gaps = 0;       ///< more than 60 ms without a packet, the sender's silence left out
  std::uint64_t not_taken = 0;  ///< by the kernel
};

/// Of the echo as it is played; of a session that decodes. Counts since `start_measuring`.
struct Heard {
  std::uint64_t recovered = 0;     ///< lost packets whose copy came with the next one
  std::uint64_t concealed_ms = 0;  ///< made up
  Time longest_gap{};              ///< since the session began, the sender's silence left out
};

/// One client: an offer over HTTP, then speech out and its echo in.
class LoadSession : rtc::EndpointSink {
 public:
  enum class State : std::uint8_t { posting, connecting, connected, ended };

  /// `decodes`: hears the echo, and measures how long markers take. Throws std::runtime_error if
  /// there is no socket.
  LoadSession(const LoadSetup& setup, unsigned number, bool decodes, Time now);

  [[nodiscard]] State state() const { return state_; }
  /// Why it ended before `close`; otherwise empty.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] const HttpPost& post() const { return post_; }
  [[nodiscard]] int descriptor() const { return socket_.descriptor(); }
  [[nodiscard]] bool decodes() const { return finder_.has_value(); }

  void advance_post(Time now);
  /// One datagram from the socket, if one is there.
  void receive(Time now);
  /// What the network holds back, and what is due of the endpoint.
  void advance(Time now);
  /// Every 20 ms: the next packet of the speech.
  void speak(Time due);
  void start_measuring();
  void close(Time now);

  [[nodiscard]] const LoadCounts& counts() const { return counts_; }
  [[nodiscard]] Heard heard() const;
  [[nodiscard]] std::optional<Time> time_to_connect() const { return connected_after_; }
  /// From the offer to the first packet of the echo.
  [[nodiscard]] std::optional<Time> time_to_audio() const { return audio_after_; }
  /// From the sending of each marker to its being played.
  [[nodiscard]] const std::vector<Time>& echo_delays() const { return echo_delays_; }

 private:
  using Datagram = std::vector<std::uint8_t>;

  void on_datagram(const rtc::Address& to, std::span<const std::uint8_t> bytes) override;
  bool on_packet(const rtc::ReceivedPacket& packet) override;
  void on_audio(const rtc::ReceivedAudio& audio) override;
  void on_state(rtc::EndpointState state, const char* reason) override;
  void take_answer(Time now);
  void count_gap(const rtc::ReceivedPacket& packet);
  void end(std::string problem);

  struct Flying {
    rtc::Address peer;
    Datagram bytes;
  };
  struct LastPacket {
    std::int64_t sequence;  // extended
    std::uint32_t timestamp;
    Time arrived;
  };

  const LoadSetup* setup_;
  UdpSocket socket_;
  Time opened_;
  Time now_;  // of the call into the endpoint that is going on
  rtc::Endpoint endpoint_;
  HttpPost post_;
  State state_ = State::posting;
  std::string problem_;
  std::size_t next_packet_;
  rtc::test::Path<Flying> outward_;
  rtc::test::Path<Flying> inward_;
  LoadCounts counts_;
  rtc::AudioReceiverStatistics heard_before_;
  std::optional<LastPacket> last_;
  std::optional<Time> connected_after_;
  std::optional<Time> audio_after_;
  std::optional<MarkerFinder> finder_;
  std::optional<Time> first_audio_;  // when the first frame was played
  std::optional<Time> marker_sent_;
  std::vector<Time> echo_delays_;
};

}  // namespace remotemedia::bench
