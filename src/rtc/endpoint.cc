#include "remotemedia/rtc/endpoint.h"

#include "rtc/endpoint_impl.h"
#include "rtc/stun.h"

namespace remotemedia::rtc {
namespace {

/// A call that may change when the endpoint has to be called next.
class Change {
 public:
  explicit Change(std::optional<Time>& due) : due_(due) {}
  ~Change() { due_.reset(); }
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

 private:
  std::optional<Time>& due_;
};

}  // namespace

const char* to_string(EndpointState state) {
  static constexpr std::array<const char*, 6> kNames = {"idle",      "checking",    "handshaking",
                                                        "connected", "interrupted", "ended"};
  return kNames[static_cast<std::size_t>(state)];
}

Endpoint::Endpoint(std::shared_ptr<const Identity> identity, const EndpointOptions& options,
                   EndpointSink& sink)
    : impl_(std::make_unique<Impl>(std::move(identity), options, sink)) {}

Endpoint::~Endpoint() = default;
Endpoint::Endpoint(Endpoint&&) noexcept = default;
Endpoint& Endpoint::operator=(Endpoint&&) noexcept = default;

std::variant<std::string, Refusal> Endpoint::accept_offer(std::string_view offer, Time now) {
  const Change change(impl_->due);
  return impl_->accept_offer(offer, now);
}

std::string Endpoint::create_offer() {
  const Change change(impl_->due);
  return impl_->create_offer();
}

std::optional<Refusal> Endpoint::accept_answer(std::string_view answer, Time now) {
  const Change change(impl_->due);
  return impl_->accept_answer(answer, now);
}

void Endpoint::receive(const Address& source, std::span<std::uint8_t> datagram, Time now) {
  const Change change(impl_->due);
  impl_->receive(source, datagram, now);
}

void Endpoint::advance(Time now) { impl_->advance(now); }

Time Endpoint::next_timeout() const { return impl_->next_timeout(); }

void Endpoint::set_audio_in_pairs(bool in_pairs) {
  if (impl_->media->set_in_pairs(in_pairs)) impl_->due.reset();
}

std::size_t Endpoint::send_audio(std::span<const float> samples, Time now) {
  const Change change(impl_->due);
  return impl_->state == EndpointState::ended ? 0 : impl_->media->send_audio(samples, now);
}

bool Endpoint::send_packet(std::span<const std::uint8_t> opus, std::uint8_t level, Time at) {
  const Change change(impl_->due);
  return impl_->state != EndpointState::ended && impl_->media->send_packet(opus, level, at);
}

void Endpoint::cancel_audio() {
  const Change change(impl_->due);
  impl_->media->cancel_audio();
}

std::optional<std::uint16_t> Endpoint::open_channel(std::string_view label, Time now) {
  const Change change(impl_->due);
  return impl_->carries_data() ? impl_->data->open(label, now) : std::nullopt;
}

bool Endpoint::send_message(std::uint16_t channel, MessageKind kind,
                            std::span<const std::uint8_t> bytes, Time now) {
  const Change change(impl_->due);
  return impl_->carries_data() && impl_->data->send(channel, kind, bytes, now);
}

void Endpoint::take_data(Time now) {
  const Change change(impl_->due);
  if (impl_->carries_data()) impl_->data->advance(now);
}

void Endpoint::close_channel(std::uint16_t channel, Time now) {
  const Change change(impl_->due);
  if (impl_->carries_data()) impl_->data->close(channel, now);
}

void Endpoint::close(Time now) {
  const Change change(impl_->due);
  impl_->close(now);
}

EndpointState Endpoint::state() const { return impl_->state; }

bool Endpoint::peer_listens() const { return impl_->media->peer_listens(); }

bool Endpoint::verified(const Address& source) const {
  return impl_->ice && impl_->ice->verified(source);
}

const std::string& Endpoint::local_ufrag() const {
  return impl_->ice ? impl_->ice->local().ufrag : impl_->no_ufrag;
}

EndpointStatistics Endpoint::statistics() const {
  const MediaSession& media = *impl_->media;
  EndpointStatistics result;
  result.dropped = impl_->dropped;
  result.received = media.received();
  result.packets_sent = media.packets_sent();
  result.datagrams_received = impl_->datagrams;
  result.round_trip = media.round_trip();
  result.peer_loss = media.peer_loss();
  result.queued = media.queued();
  if (impl_->data) result.data = impl_->data->statistics();
  return result;
}

std::string_view addressed_ufrag(std::span<const std::uint8_t> datagram) {
  if (!stun::is_stun(datagram)) return {};
  const auto message = stun::parse(datagram);
  if (!message || message->kind != stun::Class::request) return {};
  const std::string_view name = message->username;
  return name.substr(0, name.find(':'));
}

}  // namespace remotemedia::rtc
