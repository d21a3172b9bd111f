#pragma once

#include "remotemedia/rtc/endpoint.h"
#include "rtc/data_session.h"
#include "rtc/dtls.h"
#include "rtc/ice_agent.h"
#include "rtc/media_session.h"

#include <optional>

namespace remotemedia::rtc {

struct Endpoint::Impl : DatagramOutput, RecordInput, DataOutput {
  Impl(std::shared_ptr<const Identity> its_identity, const EndpointOptions& its_options,
       EndpointSink& its_sink);

  std::variant<std::string, Refusal> accept_offer(std::string_view text, Time now);
  std::string create_offer();
  std::optional<Refusal> accept_answer(std::string_view text, Time now);
  void receive(const Address& source, std::span<std::uint8_t> datagram, Time now);
  void advance(Time now);
  [[nodiscard]] Time next_timeout() const;
  void close(Time now);
  void end(const char* reason);

  void send(Bytes datagram) override;
  void send_to(const Address& to, Bytes datagram) override;
  std::optional<Drop> on_record(Bytes record, Time now) override;
  void on_data_packet(Bytes packet) override;
  void on_data_drop(Drop drop) override { count(drop); }

  /// Datagrams that are taken in each second.
  struct Budget {
    bool takes_one(int most, Time now);

    Time second_start{};
    int in_second = 0;
  };

  [[nodiscard]] sdp::Local local(int its_version) const;
  void begin(const sdp::Negotiated& negotiated, Dtls::Role role, Time now);
  std::optional<Refusal> continue_with(const sdp::Negotiated& negotiated, Time now);
  std::optional<Drop> take(const Address& source, std::span<std::uint8_t> datagram, Time now);
  std::optional<Drop> take_stun(const Address& source, Bytes datagram, Time now);
  std::optional<Drop> take_dtls(const Address& source, Bytes datagram, Time now);
  std::optional<Drop> take_media(const Address& source, std::span<std::uint8_t> datagram, Time now);
  void count(const std::optional<Drop>& drop);
  void enter(EndpointState next, const char* reason = "");
  void follow_dtls(Time now);
  void follow_data(const std::optional<sdp::DataSection>& section, Time now);
  [[nodiscard]] bool carries_data() const;
  void do_what_is_due(Time now);
  [[nodiscard]] Time earliest_timeout() const;
  void check_consent(Time now);
  void play(Time now);

  std::shared_ptr<const Identity> identity;
  EndpointOptions options;
  EndpointSink* sink;
  EndpointState state = EndpointState::idle;
  std::uint64_t session_id;
  int version = 0;
  MediaSession::Settings media_settings;
  std::optional<IceAgent> ice;
  std::unique_ptr<Dtls> dtls;
  std::unique_ptr<MediaSession> media;
  std::unique_ptr<DataSession> data;  // if negotiated
  std::optional<sdp::Negotiated> negotiated_now;
  std::string no_ufrag;
  Time connect_by = Time::max();
  Budget media_budget;              // of audio, its reports and checks
  Budget data_budget;               // of DTLS, in which data channels are
  mutable std::optional<Time> due;  // of next_timeout(), until something changes
  std::array<std::uint64_t, kDropReasons> dropped{};
  std::uint64_t datagrams = 0;
};

}  // namespace remotemedia::rtc
