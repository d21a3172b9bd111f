#include "bench/webrtc/load_session.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace remotemedia::bench {
namespace {

constexpr Time kGap = std::chrono::milliseconds(60);
// What arrival may differ from the sender's clock without being a gap.
constexpr Time kSilenceSlack = std::chrono::milliseconds(40);
constexpr std::size_t kMaxDelays = 10'000;
// A prime, so that sessions that follow each other speak of other things.
constexpr std::size_t kOffsetStep = 37;

rtc::EndpointOptions options_of(const UdpSocket& socket) {
  rtc::EndpointOptions options;
  options.candidates = {socket.local()};
  options.send_queue = std::chrono::milliseconds(40);  // packets go out without waiting in it
  return options;
}

std::string offer_body(rtc::Endpoint& endpoint, bool listens) {
  constexpr std::string_view kBothWays = "a=sendrecv";
  std::string sdp = endpoint.create_offer();
  if (!listens) sdp.replace(sdp.find(kBothWays), kBothWays.size(), "a=sendonly");
  return nlohmann::json({{"sdp", std::move(sdp)}, {"type", "offer"}}).dump();
}

Time time_of(std::uint32_t timestamps) {
  return Time(static_cast<std::int64_t>(timestamps) * 1'000'000 / 48);
}

}  // namespace

LoadSession::LoadSession(const LoadSetup& setup, unsigned number, bool decodes, Time now)
    : setup_(&setup),
      socket_(setup.local),
      opened_(now),
      now_(now),
      endpoint_(setup.identity, options_of(socket_), *this),
      post_(setup.target, offer_body(endpoint_, setup.listens), now),
      next_packet_(number * kOffsetStep % setup.speech.size()),
      outward_(setup.network, setup.seed * 2'000'003U + 2 * number),
      inward_(setup.network, setup.seed * 2'000'003U + 2 * number + 1) {
  if (decodes) finder_.emplace();
}

void LoadSession::end(std::string problem) {
  if (state_ == State::ended) return;
  state_ = State::ended;
  problem_ = std::move(problem);
}

void LoadSession::advance_post(Time now) {
  if (state_ != State::posting) return;
  post_.advance(now);
  if (!post_.done()) return;
  if (!post_.problem().empty()) return end("offer: " + post_.problem());
  take_answer(now);
}

void LoadSession::take_answer(Time now) {
  const auto answer = nlohmann::json::parse(post_.body(), nullptr, false);
  if (!answer.is_object() || !answer.contains("sdp") || !answer["sdp"].is_string()) {
    return end("the answer to the offer is no JSON with 'sdp'");
  }
  state_ = State::connecting;
  now_ = now;
  if (const auto refusal = endpoint_.accept_answer(answer["sdp"].get<std::string>(), now)) {
    return end("the answer is refused: " + refusal->reason);
  }
  endpoint_.advance(now);
}

void LoadSession::receive(Time now) {
  std::array<std::uint8_t, 2'048> memory;
  const auto received = socket_.receive(memory);
  if (!received) return;
  if (setup_->emulate) {
    inward_.send({received->source, {received->datagram.begin(), received->datagram.end()}}, now);
    return;
  }
  now_ = now;
  endpoint_.receive(received->source, received->datagram, now);
}

void LoadSession::advance(Time now) {
  now_ = now;
  while (auto flying = outward_.receive(now)) {
    if (!socket_.send(flying->peer, flying->bytes)) ++counts_.not_taken;
  }
  while (auto flying = inward_.receive(now)) endpoint_.receive(flying->peer, flying->bytes, now);
  endpoint_.advance(now);
}

void LoadSession::speak(Time due) {
  if (state_ != State::connected) return;
  const SpeechPacket& packet = setup_->speech[next_packet_];
  if (next_packet_ % kMarkerEvery == 0) marker_sent_ = due;
  next_packet_ = (next_packet_ + 1) % setup_->speech.size();
  if (packet.opus.empty()) return;
  if (endpoint_.send_packet(packet.opus, packet.level, due)) ++counts_.sent;
}

void LoadSession::start_measuring() {
  counts_ = {};
  heard_before_ = endpoint_.statistics().received;
  echo_delays_.clear();
}

Heard LoadSession::heard() const {
  const rtc::AudioReceiverStatistics all = endpoint_.statistics().received;
  return {.recovered = all.recovered - heard_before_.recovered,
          .concealed_ms = all.concealed_ms - heard_before_.concealed_ms,
          .longest_gap = all.longest_gap};
}

void LoadSession::close(Time now) {
  now_ = now;
  if (state_ != State::ended) state_ = State::ended;
  endpoint_.close(now);
}

void LoadSession::on_datagram(const rtc::Address& to, std::span<const std::uint8_t> bytes) {
  if (setup_->emulate && state_ != State::ended) {
    outward_.send({to, {bytes.begin(), bytes.end()}}, now_);
  } else if (!socket_.send(to, bytes)) {
    ++counts_.not_taken;
  }
}

bool LoadSession::on_packet(const rtc::ReceivedPacket& packet) {
  if (!audio_after_) audio_after_ = now_ - opened_;
  ++counts_.received;
  count_gap(packet);
  return !decodes();
}

void LoadSession::count_gap(const rtc::ReceivedPacket& packet) {
  if (!last_) {
    last_ = LastPacket{packet.sequence, packet.timestamp, now_};
    return;
  }
  const auto step =
      static_cast<std::int16_t>(packet.sequence - static_cast<std::uint16_t>(last_->sequence));
  if (step <= 0) {  // came late: it was counted as lost
    if (counts_.lost > 0) --counts_.lost;
    return;
  }
  const Time gap = now_ - last_->arrived;
  const bool silence =
      step == 1 && gap < time_of(packet.timestamp - last_->timestamp) + kSilenceSlack;
  if (gap > kGap && !silence) ++counts_.gaps;
  counts_.lost += static_cast<std::uint64_t>(step - 1);
  last_ = LastPacket{last_->sequence + step, packet.timestamp, now_};
}

void LoadSession::on_audio(const rtc::ReceivedAudio& audio) {
  if (!finder_) return;
  if (!first_audio_) first_audio_ = now_ - audio.time;
  for (const Time heard : finder_->add(audio.samples, *first_audio_ + audio.time)) {
    if (marker_sent_ && heard > *marker_sent_ && echo_delays_.size() < kMaxDelays) {
      echo_delays_.push_back(heard - *marker_sent_);
    }
  }
}

void LoadSession::on_state(rtc::EndpointState state, const char* reason) {
  if (state == rtc::EndpointState::connected && !connected_after_) {
    connected_after_ = now_ - opened_;
    state_ = State::connected;
  } else if (state == rtc::EndpointState::ended) {
    end(fmt::format("session: {}", reason));
  }
}

}  // namespace remotemedia::bench
