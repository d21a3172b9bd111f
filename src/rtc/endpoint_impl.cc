#include "rtc/endpoint_impl.h"

#include "remotemedia/base/check.h"
#include "rtc/srtp_ciphers.h"

#include <algorithm>

namespace remotemedia::rtc {
namespace {

MediaSession::Settings media_settings_of(const EndpointOptions& options) {
  MediaSession::Settings settings;
  settings.receive_rate = options.receive_rate;
  settings.sending = {.rate = options.send_rate,
                      .bitrate = options.bitrate,
                      .complexity = options.complexity,
                      .capacity = options.send_queue};
  settings.ssrc = random_u32() | 1U;
  settings.cname = random_text(16);
  return settings;
}

bool is_live(EndpointState state) {
  return state != EndpointState::idle && state != EndpointState::ended;
}

// RFC 7983, and RFC 5761 for RTCP.
bool is_dtls(Bytes datagram) { return datagram[0] >= 20 && datagram[0] < 64; }
bool is_rtp(Bytes datagram) { return datagram[0] >= 128 && datagram[0] < 192; }
bool is_rtcp(Bytes datagram) {
  return datagram.size() > 1 && datagram[1] >= 192 && datagram[1] <= 223;
}

}  // namespace

Endpoint::Impl::Impl(std::shared_ptr<const Identity> its_identity,
                     const EndpointOptions& its_options, EndpointSink& its_sink)
    : identity(std::move(its_identity)),
      options(its_options),
      sink(&its_sink),
      session_id((static_cast<std::uint64_t>(random_u32()) << 32 | random_u32()) >> 1),
      media_settings(media_settings_of(options)) {
  if (identity == nullptr) refuse("Endpoint: identity", "null", "one of Identity::generate()");
  if (options.max_datagrams_per_s < 1) {
    refuse("Endpoint: max_datagrams_per_s", options.max_datagrams_per_s, "1 or more");
  }
  prepare_libsrtp();  // Srtp would, too, when media wait for it
  media = std::make_unique<MediaSession>(media_settings, *this, *sink);
}

sdp::Local Endpoint::Impl::local(int its_version) const {
  return {.session_id = session_id,
          .version = its_version,
          .ice_ufrag = ice->local().ufrag,
          .ice_pwd = ice->local().pwd,
          .fingerprint = identity->content().fingerprint,
          .candidates = options.candidates,
          .ssrc = media_settings.ssrc,
          .cname = media_settings.cname,
          .receive_rate = options.receive_rate,
          .data = options.data_channels};
}

std::variant<std::string, Refusal> Endpoint::Impl::accept_offer(std::string_view text, Time now) {
  const auto parsed = sdp::parse(text);
  if (const auto* refusal = std::get_if<Refusal>(&parsed)) return *refusal;
  const auto& offer = std::get<sdp::Description>(parsed);
  const auto taken = sdp::take_offer(offer, options.data_channels);
  if (const auto* refusal = std::get_if<Refusal>(&taken)) return *refusal;
  const auto& negotiated = std::get<sdp::Negotiated>(taken);
  if (state == EndpointState::ended) {
    return Refusal{RefusalKind::unsupported, "the session has ended, offer a new one"};
  }
  if (state != EndpointState::idle) {
    if (auto refusal = continue_with(negotiated, now)) return *std::move(refusal);
  } else {
    ice.emplace(IceAgent::Role::lite, *this);
    ice->set_remote({negotiated.ice_ufrag, negotiated.ice_pwd}, {}, now);
    begin(negotiated, Dtls::Role::server, now);
  }
  return sdp::write_answer(offer, negotiated, local(++version));
}

/// A later offer: another direction, an ICE restart, or data channels.
std::optional<Refusal> Endpoint::Impl::continue_with(const sdp::Negotiated& next, Time now) {
  const sdp::Negotiated& before = *negotiated_now;
  if (next.section != before.section || next.mid != before.mid ||
      next.fingerprints != before.fingerprints) {
    return Refusal{RefusalKind::unsupported,
                   "the audio section or its certificate changed, expected the same as before"};
  }
  if (next.data && before.data &&
      (next.data->section != before.data->section || next.data->port != before.data->port)) {
    return Refusal{RefusalKind::unsupported,
                   "the section of data channels changed, expected the same as before"};
  }
  if (next.ice_ufrag != before.ice_ufrag) {
    ice->restart();
    ice->set_remote({next.ice_ufrag, next.ice_pwd}, {}, now);
  }
  negotiated_now = next;
  media->set_negotiated(next);
  follow_data(next.data, now);
  return std::nullopt;
}

std::string Endpoint::Impl::create_offer() {
  if (state != EndpointState::idle) {
    refuse("Endpoint: state", to_string(state), "idle", "make an endpoint for each offer");
  }
  if (!ice) ice.emplace(IceAgent::Role::controlling, *this);
  return sdp::write_offer(local(++version));
}

std::optional<Refusal> Endpoint::Impl::accept_answer(std::string_view text, Time now) {
  if (state != EndpointState::idle || !ice) {
    return Refusal{RefusalKind::unsupported, "there is an answer already, or no offer"};
  }
  const auto parsed = sdp::parse(text);
  if (const auto* refusal = std::get_if<Refusal>(&parsed)) return *refusal;
  const auto taken = sdp::take_answer(std::get<sdp::Description>(parsed), options.data_channels);
  if (const auto* refusal = std::get_if<Refusal>(&taken)) return *refusal;
  auto negotiated = std::get<sdp::Negotiated>(taken);
  ice->set_remote({negotiated.ice_ufrag, negotiated.ice_pwd}, negotiated.candidates, now);
  const bool is_client = negotiated.setup == sdp::Setup::passive;
  begin(negotiated, is_client ? Dtls::Role::client : Dtls::Role::server, now);
  return std::nullopt;
}

void Endpoint::Impl::begin(const sdp::Negotiated& negotiated, Dtls::Role role, Time now) {
  negotiated_now = negotiated;
  media->set_negotiated(negotiated);
  dtls = std::make_unique<Dtls>(identity, role, negotiated.fingerprints, *this);
  connect_by = now + options.connect_timeout;
  follow_data(negotiated.data, now);
  enter(EndpointState::checking);
}

void Endpoint::Impl::send(Bytes datagram) {
  if (ice && ice->selected()) sink->on_datagram(*ice->selected(), datagram);
}

void Endpoint::Impl::send_to(const Address& to, Bytes datagram) { sink->on_datagram(to, datagram); }

std::optional<Drop> Endpoint::Impl::on_record(Bytes record, Time now) {
  return data ? data->receive(record, now) : Drop::application_data;
}

void Endpoint::Impl::on_data_packet(Bytes packet) {
  if (media->sending()) dtls->send(packet);  // without consent it is lost, and sent again later
}

/// Begins data channels where they are new, and ends them where they are offered no more.
void Endpoint::Impl::follow_data(const std::optional<sdp::DataSection>& section, Time now) {
  if (!section) return data.reset();
  if (!data) {
    const DataSession::Settings settings{.odd_streams = dtls->role() == Dtls::Role::server,
                                         .peer_port = section->port,
                                         .max_sent_message = section->max_message,
                                         .sctp = options.sctp};
    data = std::make_unique<DataSession>(settings, *this, *sink);
  }
  if (dtls->state() == Dtls::State::connected) data->begin(now);
}

bool Endpoint::Impl::carries_data() const {
  return data && (state == EndpointState::connected || state == EndpointState::interrupted);
}

void Endpoint::Impl::enter(EndpointState next, const char* reason) {
  if (state == next) return;
  state = next;
  sink->on_state(next, reason);
}

void Endpoint::Impl::count(const std::optional<Drop>& drop) {
  if (drop) ++dropped[static_cast<std::size_t>(*drop)];
}

bool Endpoint::Impl::Budget::takes_one(int most, Time now) {
  if (now - second_start >= std::chrono::seconds(1)) {
    second_start = now;
    in_second = 0;
  }
  return ++in_second <= most;
}

void Endpoint::Impl::receive(const Address& source, std::span<std::uint8_t> datagram, Time now) {
  advance(now);  // what was due before the datagram comes before it
  ++datagrams;
  count(take(source, datagram, now));
}

std::optional<Drop> Endpoint::Impl::take(const Address& source, std::span<std::uint8_t> datagram,
                                         Time now) {
  if (!is_live(state)) return Drop::after_end;
  if (datagram.empty() || datagram.size() > kMaxInput) return Drop::unknown_protocol;
  Budget& budget = is_dtls(datagram) ? data_budget : media_budget;
  if (!budget.takes_one(options.max_datagrams_per_s, now)) return Drop::too_fast;
  if (stun::is_stun(datagram)) return take_stun(source, datagram, now);
  if (is_dtls(datagram)) return take_dtls(source, datagram, now);
  if (is_rtp(datagram)) return take_media(source, datagram, now);
  return Drop::unknown_protocol;
}

std::optional<Drop> Endpoint::Impl::take_stun(const Address& source, Bytes datagram, Time now) {
  const auto drop = ice->receive(source, datagram, now);
  if (drop) return drop;
  if (state == EndpointState::checking) {
    enter(EndpointState::handshaking);
    dtls->start(now);
  } else if (state == EndpointState::interrupted) {
    media->set_sending(true);
    enter(EndpointState::connected);
  }
  return std::nullopt;
}

std::optional<Drop> Endpoint::Impl::take_dtls(const Address& source, Bytes datagram, Time now) {
  if (!ice->verified(source)) return Drop::unverified_source;
  // The answer has to go where the hello came from: clients nominate late.
  if (state == EndpointState::handshaking) ice->follow(source);
  const auto drop = dtls->receive(datagram, now, *this);
  follow_dtls(now);
  return drop;
}

void Endpoint::Impl::follow_dtls(Time now) {
  if (dtls->state() == Dtls::State::failed) return end(dtls->problem());
  if (dtls->state() == Dtls::State::closed) return end("the peer closed the session");
  if (dtls->state() != Dtls::State::connected || media->has_keys()) return;
  const auto keys = dtls->export_keys();
  if (!keys) return end("DTLS gave no keys");
  media->set_keys(*keys, now);
  connect_by = Time::max();
  enter(EndpointState::connected);
  if (data) data->begin(now);
}

std::optional<Drop> Endpoint::Impl::take_media(const Address& source,
                                               std::span<std::uint8_t> datagram, Time now) {
  if (!ice->verified(source)) return Drop::unverified_source;
  const auto drop =
      is_rtcp(datagram) ? media->receive_rtcp(datagram, now) : media->receive_rtp(datagram, now);
  if (!drop) ice->follow(source);
  return drop;
}

void Endpoint::Impl::check_consent(Time now) {
  if (now >= connect_by) {
    return end(state == EndpointState::checking ? "no authenticated check came in time"
                                                : "the handshake took too long");
  }
  if (state != EndpointState::connected && state != EndpointState::interrupted) return;
  const Time silence = now - *ice->last_consent();
  if (silence >= options.consent_timeout + options.grace) return end("the peer is gone");
  if (silence >= options.consent_timeout) media->set_sending(false);
  if (silence >= options.consent_stale) enter(EndpointState::interrupted, "no check from the peer");
}

void Endpoint::Impl::play(Time now) {
  if (!media->frames_are_due(now)) return;
  AudioReceiver::Frame memory;
  while (const auto frame = media->next_frame(now, memory)) sink->on_audio(*frame);
}

void Endpoint::Impl::advance(Time now) {
  if (!is_live(state) || now < next_timeout()) return;
  do_what_is_due(now);
  due.reset();
}

void Endpoint::Impl::do_what_is_due(Time now) {
  ice->advance(now);
  dtls->advance(now);
  follow_dtls(now);
  if (!is_live(state)) return;
  media->advance(now);
  if (data) data->advance(now);
  play(now);
  check_consent(now);
}

Time Endpoint::Impl::next_timeout() const {
  if (!is_live(state)) return Time::max();
  if (!due) due = earliest_timeout();
  return *due;
}

Time Endpoint::Impl::earliest_timeout() const {
  Time time =
      std::min({connect_by, ice->next_timeout(), dtls->next_timeout(), media->next_timeout()});
  if (data) time = std::min(time, data->next_timeout());
  if (state == EndpointState::connected) {
    time = std::min(time, *ice->last_consent() + options.consent_stale);
  } else if (state == EndpointState::interrupted) {
    const Time stop = *ice->last_consent() + options.consent_timeout;
    time = std::min(time, media->sending() ? stop : stop + options.grace);
  }
  return time;
}

void Endpoint::Impl::close(Time now) {
  if (!is_live(state)) return;
  media->say_goodbye(now);
  dtls->close();
  end("closed");
}

void Endpoint::Impl::end(const char* reason) {
  if (data) data->stop();
  enter(EndpointState::ended, reason);
}

}  // namespace remotemedia::rtc
