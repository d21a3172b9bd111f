#pragma once

#include "remotemedia/rtc/endpoint.h"
#include "rtc/audio_receiver.h"
#include "rtc/audio_sender.h"
#include "rtc/negotiation.h"
#include "rtc/output.h"
#include "rtc/reception.h"
#include "rtc/srtp.h"

#include <optional>
#include <string>
#include <vector>

namespace remotemedia::rtc {

/// The audio of one session, from the keys on: SRTP, RTP, RTCP, Opus both ways.
class MediaSession {
 public:
  /// Streams of the peer that are known at a time; only one is heard.
  static constexpr std::size_t kMaxStreams = Srtp::kMaxStreams;

  struct Settings {
    int receive_rate = 16'000;
    AudioSender::Settings sending;
    std::uint32_t ssrc = 0;
    std::string cname;
  };

  MediaSession(const Settings& settings, DatagramOutput& output, EndpointSink& sink);

  /// What both sides agreed on, and again after each description.
  void set_negotiated(const sdp::Negotiated& negotiated);
  void set_keys(const SrtpKeys& keys, Time now);
  [[nodiscard]] bool has_keys() const { return srtp_.has_value(); }

  std::optional<Drop> receive_rtp(std::span<std::uint8_t> datagram, Time now);
  std::optional<Drop> receive_rtcp(std::span<std::uint8_t> datagram, Time now);
  /// Sends what is due; then take the frames, if it is time.
  void advance(Time now);
  [[nodiscard]] bool frames_are_due(Time now) const { return now >= receiver_.next_timeout(); }
  std::optional<ReceivedAudio> next_frame(Time now, AudioReceiver::Frame& memory) {
    return receiver_.next_frame(now, memory);
  }
  [[nodiscard]] Time next_timeout() const;
  /// AudioReceiver::set_in_pairs; true if this is news.
  bool set_in_pairs(bool in_pairs);

  std::size_t send_audio(std::span<const float> samples, Time now);
  bool send_packet(Bytes opus, std::uint8_t level, Time at);
  void cancel_audio() { sender_.cancel(); }
  void say_goodbye(Time now);
  /// Without consent nothing is sent.
  void set_sending(bool sending) { sending_ = sending; }
  [[nodiscard]] bool sending() const { return sending_; }
  /// By what both sides agreed on.
  [[nodiscard]] bool peer_listens() const;

  [[nodiscard]] AudioReceiverStatistics received() const { return receiver_.statistics(); }
  [[nodiscard]] std::uint64_t packets_sent() const { return packets_sent_; }
  [[nodiscard]] std::optional<Time> round_trip() const { return round_trip_; }
  [[nodiscard]] double peer_loss() const { return peer_loss_; }
  [[nodiscard]] Time queued() const { return sender_.queued(); }

 private:
  struct Stream {
    std::uint32_t ssrc;
    Time last_packet;
  };

  [[nodiscard]] bool admits(std::uint32_t ssrc, Time now) const;
  void note_packet(std::uint32_t ssrc, Time now);
  std::optional<Drop> hear(const RtpPacket& packet, Time now);
  bool send(const AudioSender::Packet& packet);
  void send_reports(Time now, bool goodbye);
  void take_report(const ReportBlock& report, Time now);
  [[nodiscard]] bool may_send() const;

  Settings settings_;
  DatagramOutput* output_;
  EndpointSink* sink_;
  sdp::Negotiated negotiated_;
  std::optional<Srtp> srtp_;
  AudioReceiver receiver_;
  AudioSender sender_;
  std::vector<Stream> streams_;         // authenticated
  std::optional<Reception> reception_;  // of the stream that is heard
  std::uint16_t sequence_;
  std::uint64_t packets_sent_ = 0;
  std::uint32_t octets_sent_ = 0;
  std::uint64_t packets_reported_ = 0;
  Time next_report_ = Time::max();
  std::optional<Time> round_trip_;
  double peer_loss_ = 0;
  bool sending_ = true;
};

}  // namespace remotemedia::rtc
