#include "rtc/data_session.h"

#include "rtc/sctp_line.h"

#include <algorithm>

namespace remotemedia::rtc {
namespace {

// Payload protocol identifiers (RFC 8831, 8). A message of no bytes is one zero byte.
constexpr std::uint32_t kDcep = 50;
constexpr std::uint32_t kText = 51;
constexpr std::uint32_t kBinary = 53;
constexpr std::uint32_t kEmptyText = 56;
constexpr std::uint32_t kEmptyBinary = 57;

std::uint32_t protocol_of(MessageKind kind, bool empty) {
  if (kind == MessageKind::text) return empty ? kEmptyText : kText;
  return empty ? kEmptyBinary : kBinary;
}

}  // namespace

DataSession::DataSession(const Settings& settings, DataOutput& output, EndpointSink& sink)
    : settings_(settings), output_(&output), sink_(&sink) {
  settings_.max_sent_message = std::min(settings_.max_sent_message, kMaxDataMessage);
}

void DataSession::begin(Time now) {
  if (sctp_ != nullptr || stopped_) return;
  now_ = now;
  const SctpSettings settings{.peer_port = settings_.peer_port};
  sctp_ = settings_.sctp == nullptr ? make_usrsctp_transport(settings, *this, now)
                                    : make_remote_sctp(settings_.sctp->lines(), settings, *this);
  if (sctp_ == nullptr) stopped_ = true;
}

void DataSession::stop() {
  counts_ = statistics();
  counts_.channels = 0;
  stopped_ = true;
  sctp_.reset();
  channels_ = {};
}

std::optional<Drop> DataSession::receive(Bytes packet, Time now) {
  begin(now);  // the peer may be ahead of what we know of DTLS
  if (sctp_ == nullptr) return Drop::after_end;
  now_ = now;
  const auto drop = sctp_->receive(packet, now);
  send_what_is_due();
  return drop;
}

void DataSession::advance(Time now) {
  if (sctp_ == nullptr) return;
  now_ = now;
  sctp_->advance(now);
  send_what_is_due();
}

Time DataSession::next_timeout() const {
  return sctp_ == nullptr ? Time::max() : sctp_->next_timeout();
}

DataStatistics DataSession::statistics() const {
  DataStatistics result = counts_;
  if (sctp_ == nullptr) return result;
  result.packets_dropped = sctp_->packets_dropped();
  result.channels =
      static_cast<std::size_t>(std::ranges::count(channels_, State::open, &Channel::state));
  return result;
}

DataSession::Channel* DataSession::find(std::uint16_t stream) {
  const auto found = std::ranges::find(channels_, stream, &Channel::stream);
  return found == channels_.end() ? nullptr : &*found;
}

void DataSession::erase(std::uint16_t stream) {
  std::erase_if(channels_, [stream](const Channel& channel) { return channel.stream == stream; });
}

std::optional<std::uint16_t> DataSession::open(std::string_view label, Time now) {
  if (stopped_ || label.size() > dcep::kMaxLabel || channels_.size() == kMaxChannels) return {};
  now_ = now;
  const std::uint16_t streams =
      sctp_ == nullptr || sctp_->streams() == 0 ? kSctpStreams : sctp_->streams();
  for (std::uint16_t stream = settings_.odd_streams ? 1 : 0; stream < streams; stream += 2) {
    if (find(stream) != nullptr) continue;
    Channel& channel = channels_.emplace_back();
    channel.stream = stream;
    channel.ours = true;
    channel.due = true;
    channel.label = label;
    send_control(channel);
    return stream;
  }
  return std::nullopt;
}

bool DataSession::send(std::uint16_t channel, MessageKind kind, Bytes bytes, Time now) {
  const Channel* found = find(channel);
  if (found == nullptr || found->state != State::open || found->due ||
      bytes.size() > settings_.max_sent_message) {
    return false;
  }
  now_ = now;
  static constexpr std::uint8_t kNothing = 0;
  SctpMessage message;
  message.stream = channel;
  message.protocol = protocol_of(kind, bytes.empty());
  message.bytes = bytes.empty() ? Bytes(&kNothing, 1) : bytes;
  message.delivery = found->delivery;
  if (!sctp_->send(message, now)) return false;
  ++counts_.messages_sent;
  counts_.bytes_sent += bytes.size();
  return true;
}

void DataSession::close(std::uint16_t channel, Time now) {
  Channel* found = find(channel);
  if (found == nullptr || (found->state != State::open && found->state != State::opening)) return;
  now_ = now;
  if (found->ours && found->due) return erase(channel);  // nobody has heard of it
  found->state = State::closing;
  found->due = false;
  sctp_->reset(channel, now);
}

/// OPEN or ACK: the first on the stream. What there is no room for now is sent later.
void DataSession::send_control(Channel& channel) {
  if (!channel.due || sctp_ == nullptr) return;
  dcep::Message control;
  if (channel.ours) {
    control.kind = dcep::Message::Kind::open;
    control.label = channel.label;
  }
  const auto bytes = dcep::write(control);
  channel.due = !sctp_->send(
      {.stream = channel.stream, .protocol = kDcep, .bytes = bytes, .delivery = {}}, now_);
}

void DataSession::send_what_is_due() {
  for (Channel& channel : channels_) send_control(channel);
}

void DataSession::on_sctp_up() {
  // The peer may take fewer streams than we hoped for.
  for (std::size_t i = channels_.size(); i-- > 0;) {
    if (channels_[i].stream < sctp_->streams()) continue;
    const std::uint16_t stream = channels_[i].stream;
    erase(stream);
    sink_->on_channel_closed(stream);
  }
}

void DataSession::on_sctp_message(const SctpMessage& message) {
  const auto drop = message.protocol == kDcep ? take_control(message.stream, message.bytes)
                                              : take_message(message);
  if (drop) output_->on_data_drop(*drop);
}

std::optional<Drop> DataSession::take_control(std::uint16_t stream, Bytes bytes) {
  const auto message = dcep::parse(bytes);
  if (!message) return message.drop();
  return message->kind == dcep::Message::Kind::open ? take_open(stream, *message)
                                                    : take_ack(stream);
}

std::optional<Drop> DataSession::take_open(std::uint16_t stream, const dcep::Message& message) {
  const bool odd = stream % 2 == 1;
  Channel* known = find(stream);
  // Closed by both: that the peer uses the number again says that it knows.
  if (known != nullptr && known->state == State::closed) {
    erase(stream);
    known = nullptr;
  }
  if (odd == settings_.odd_streams || known != nullptr || stream >= sctp_->streams()) {
    return Drop::data_malformed;
  }
  if (channels_.size() == kMaxChannels) {
    sctp_->reset(stream, now_);  // so that the peer knows
    return Drop::data_too_many_channels;
  }
  Channel& channel = channels_.emplace_back();
  channel.stream = stream;
  channel.state = State::open;
  channel.due = true;
  channel.delivery = message.delivery;
  send_control(channel);
  sink_->on_channel_open(stream, message.label);
  return std::nullopt;
}

std::optional<Drop> DataSession::take_ack(std::uint16_t stream) {
  Channel* channel = find(stream);
  if (channel == nullptr || !channel->ours) return Drop::data_malformed;
  if (channel->state != State::opening) return std::nullopt;
  channel->state = State::open;
  sink_->on_channel_open(stream, channel->label);
  return std::nullopt;
}

std::optional<Drop> DataSession::take_message(const SctpMessage& message) {
  DataMessage given;
  given.channel = message.stream;
  given.bytes = message.bytes;
  switch (message.protocol) {
    case kText:
    case kEmptyText:
      given.kind = MessageKind::text;
      break;
    case kBinary:
    case kEmptyBinary:
      given.kind = MessageKind::binary;
      break;
    default:
      return Drop::data_unknown_protocol;
  }
  if (message.protocol == kEmptyText || message.protocol == kEmptyBinary) given.bytes = {};
  const Channel* channel = find(message.stream);
  if (channel == nullptr || channel->state == State::closed) return Drop::data_no_channel;
  if (channel->state == State::closing) return std::nullopt;       // sent before the peer knew
  if (channel->state == State::opening) take_ack(message.stream);  // ACK was overtaken
  ++counts_.messages_received;
  counts_.bytes_received += given.bytes.size();
  sink_->on_message(given);
  return std::nullopt;
}

void DataSession::on_sctp_too_long(std::uint16_t stream) {
  output_->on_data_drop(Drop::data_too_long);
  close(stream, now_);  // what follows would make no sense without it
}

void DataSession::on_sctp_reset_by_peer(std::uint16_t stream) {
  Channel* channel = find(stream);
  if (channel == nullptr || channel->state == State::closed) return;
  const State before = channel->state;
  if (before != State::closing) sctp_->reset(stream, now_);
  channel->state = State::closed;
  channel->due = false;
  if (channel->reset_done) erase(stream);
  sink_->on_channel_closed(stream);
}

void DataSession::on_sctp_reset_done(std::uint16_t stream) {
  Channel* channel = find(stream);
  if (channel == nullptr) return;
  channel->reset_done = true;
  if (channel->state == State::closed) erase(stream);
}

void DataSession::on_sctp_lost() {
  for (const Channel& channel : channels_) {
    if (channel.state != State::closed) sink_->on_channel_closed(channel.stream);
  }
  channels_.clear();
  stopped_ = true;
}

}  // namespace remotemedia::rtc
