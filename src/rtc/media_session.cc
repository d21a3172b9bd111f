#include "rtc/media_session.h"

#include <algorithm>
#include <utility>

namespace remotemedia::rtc {
namespace {

using sdp::Direction;

// A new stream is heard when the one before has been quiet for this long.
constexpr Time kTakeover = std::chrono::milliseconds(200);
// A stream that may go to make room for another.
constexpr Time kForgotten = std::chrono::seconds(10);

bool receives(Direction direction) {
  return direction == Direction::recvonly || direction == Direction::sendrecv;
}

bool sends(Direction direction) {
  return direction == Direction::sendonly || direction == Direction::sendrecv;
}

/// A second, half of it by chance, so that sessions do not report in step.
Time report_interval() { return std::chrono::milliseconds(500 + random_u32() % 1'000); }

}  // namespace

MediaSession::MediaSession(const Settings& settings, DatagramOutput& output, EndpointSink& sink)
    : settings_(settings),
      output_(&output),
      sink_(&sink),
      receiver_(settings.receive_rate),
      sender_(settings.sending),
      // Below 2^15: the receiver's rollover counter is then known from the first packet.
      sequence_(static_cast<std::uint16_t>(random_u32() & 0x7FFFU)) {
  streams_.reserve(kMaxStreams);
}

void MediaSession::set_negotiated(const sdp::Negotiated& negotiated) {
  negotiated_ = negotiated;
  sender_.set_most_bitrate(negotiated.max_average_bitrate);
}

void MediaSession::set_keys(const SrtpKeys& keys, Time now) {
  srtp_.emplace(keys);
  next_report_ = now + report_interval();
}

/// Whether a packet of this stream may come; nothing changes before it is known to be the peer's.
bool MediaSession::admits(std::uint32_t ssrc, Time now) const {
  if (streams_.size() < kMaxStreams) return true;
  if (std::ranges::find(streams_, ssrc, &Stream::ssrc) != streams_.end()) return true;
  return now - std::ranges::min(streams_, {}, &Stream::last_packet).last_packet >= kForgotten;
}

void MediaSession::note_packet(std::uint32_t ssrc, Time now) {
  const auto known = std::ranges::find(streams_, ssrc, &Stream::ssrc);
  if (known != streams_.end()) {
    known->last_packet = now;
  } else if (streams_.size() < kMaxStreams) {
    streams_.push_back({ssrc, now});
  } else {
    *std::ranges::min_element(streams_, {}, &Stream::last_packet) = {ssrc, now};
  }
}

std::optional<Drop> MediaSession::receive_rtp(std::span<std::uint8_t> datagram, Time now) {
  if (!srtp_) return Drop::too_early;
  if (datagram.size() < kRtpHeader) return Drop::rtp_malformed;
  if (!admits(read_u32(datagram, 8), now)) return Drop::too_many_streams;
  std::size_t size = datagram.size();
  if (const auto drop = srtp_->unprotect_rtp(datagram, size)) return drop;
  // From here on the packet is the peer's.
  const auto packet = parse_rtp(datagram.first(size));
  if (!packet) return packet.drop();
  note_packet(packet->ssrc, now);
  return hear(*packet, now);
}

std::optional<Drop> MediaSession::hear(const RtpPacket& packet, Time now) {
  if (packet.payload_type != negotiated_.payload_type) return Drop::unknown_payload;
  if (!receives(negotiated_.direction)) return Drop::audio_not_wanted;
  if (packet.payload.empty()) return std::nullopt;  // padding that probes the path
  if (!reception_ || reception_->ssrc() != packet.ssrc) {
    if (reception_ && now - reception_->last_packet() < kTakeover) return Drop::too_many_streams;
    reception_.emplace(packet);
    receiver_.restart();
  }
  reception_->add(packet, now);
  if (sink_->on_packet({packet.payload, packet.sequence, packet.timestamp})) return std::nullopt;
  return receiver_.add(packet.sequence, packet.timestamp, packet.payload, now);
}

std::optional<Drop> MediaSession::receive_rtcp(std::span<std::uint8_t> datagram, Time now) {
  if (!srtp_) return Drop::too_early;
  std::size_t size = datagram.size();
  if (const auto drop = srtp_->unprotect_rtcp(datagram, size)) return drop;
  const auto compound = parse_rtcp(datagram.first(size));
  if (!compound) return compound.drop();
  if (compound->sender_info && reception_ && compound->sender == reception_->ssrc()) {
    reception_->add_sender_report(*compound->sender_info, now);
  }
  for (std::size_t i = 0; i < compound->report_count; ++i) {
    if (compound->reports[i].ssrc == settings_.ssrc) take_report(compound->reports[i], now);
  }
  return std::nullopt;
}

void MediaSession::take_report(const ReportBlock& report, Time now) {
  peer_loss_ = report.fraction_lost / 256.0;
  sender_.set_loss(peer_loss_);
  if (report.last_sr == 0) return;
  const auto middle = static_cast<std::uint32_t>(ntp_of(now) >> 16);
  const auto passed = static_cast<std::int32_t>(middle - report.last_sr - report.delay_since_sr);
  if (passed < 0) return;  // of a peer that counts wrongly
  round_trip_ = Time(static_cast<std::int64_t>(passed) * 1'000'000'000 / 65'536);
}

bool MediaSession::peer_listens() const { return sends(negotiated_.direction); }

bool MediaSession::may_send() const { return srtp_ && sending_ && peer_listens(); }

std::size_t MediaSession::send_audio(std::span<const float> samples, Time now) {
  return may_send() ? sender_.push(samples, now) : 0;
}

bool MediaSession::send_packet(Bytes opus, std::uint8_t level, Time at) {
  const bool fits = !opus.empty() && opus.size() <= AudioSender::kMaxPayload;
  return fits && may_send() && send(sender_.stamp(opus, level, at));
}

bool MediaSession::send(const AudioSender::Packet& packet) {
  RtpPacket header;
  header.payload_type = static_cast<std::uint8_t>(negotiated_.payload_type);
  header.marker = packet.marker;
  header.sequence = sequence_++;
  header.timestamp = packet.timestamp;
  header.ssrc = settings_.ssrc;
  DatagramWriter out;
  write_rtp_header(out, header,
                   {.mid_id = negotiated_.mid_extension_id,
                    .mid = negotiated_.mid,
                    .level_id = negotiated_.level_extension_id,
                    .level = packet.level});
  out.bytes(packet.payload);
  std::size_t size = out.size();
  if (out.overflowed() || !srtp_->protect_rtp(out.memory(), size)) return false;
  out.set_size(size);
  ++packets_sent_;
  octets_sent_ += static_cast<std::uint32_t>(packet.payload.size());
  output_->send(out.written());
  return true;
}

void MediaSession::send_reports(Time now, bool goodbye) {
  DatagramWriter out;
  std::optional<SenderInfo> info;
  if (std::exchange(packets_reported_, packets_sent_) != packets_sent_) {
    info = SenderInfo{ntp_of(now), sender_.timestamp_at(now),
                      static_cast<std::uint32_t>(packets_sent_), octets_sent_};
  }
  std::optional<ReportBlock> report;
  if (reception_) report = reception_->report(now);
  write_report(out, settings_.ssrc, info, report);
  write_sdes(out, settings_.ssrc, settings_.cname);
  if (goodbye) write_bye(out, settings_.ssrc);
  std::size_t size = out.size();
  if (out.overflowed() || !srtp_->protect_rtcp(out.memory(), size)) return;
  out.set_size(size);
  output_->send(out.written());
}

void MediaSession::advance(Time now) {
  while (const auto packet = sender_.next_packet(now)) {
    if (may_send()) send(*packet);
  }
  if (now < next_report_) return;
  next_report_ = now + report_interval();
  if (srtp_ && sending_) send_reports(now, false);
}

Time MediaSession::next_timeout() const {
  return std::min({receiver_.next_timeout(), sender_.next_timeout(), next_report_});
}

bool MediaSession::set_in_pairs(bool in_pairs) {
  if (receiver_.in_pairs() == in_pairs) return false;
  receiver_.set_in_pairs(in_pairs);
  return true;
}

void MediaSession::say_goodbye(Time now) {
  if (srtp_ && sending_) send_reports(now, true);
}

}  // namespace remotemedia::rtc
