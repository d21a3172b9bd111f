#include "server/peer.h"

#include "remotemedia/base/error.h"
#include "remotemedia/base/log.h"
#include "remotemedia/graph/document.h"
#include "server/clock.h"
#include "server/json.h"
#include "server/problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace remotemedia::server {
namespace {

/// How long a page has to read why its session ends.
constexpr Time kFarewell = std::chrono::milliseconds(300);

/// Fields of an audio packet, with those that nodes usually add.
constexpr std::size_t kUsualMetadata = 8;

/// Of what an error says: one that quotes its data might be longer than a message may be.
constexpr std::size_t kMaxErrorBytes = 4'096;

/// Between two letters of UTF-8.
std::string shortened(std::string text) {
  if (text.size() <= kMaxErrorBytes) return text;
  std::size_t end = kMaxErrorBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + " ...";
}

/// Of an error, for its page.
Object failure_message(const std::exception_ptr& failure) {
  Object message{{"type", "error"}, {"fatal", true}};
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    message.set("message", shortened(error.what()));
    const Object details = error.details();
    if (const Value* node = details.find("node_id")) message.set("node_id", *node);
  } catch (const std::exception& error) {
    message.set("message", shortened(error.what()));
  } catch (...) {
    message.set("message", kWithoutWords);
  }
  return message;
}

}  // namespace

Peer::Peer(PeerOptions options, std::shared_ptr<const rtc::Identity> identity,
           std::unique_ptr<PeerPipeline> pipeline, Time now)
    : options_(std::move(options)),
      pipeline_(std::move(pipeline)),
      endpoint_(std::move(identity), options_.endpoint, *this),
      outgoing_(options_.endpoint.send_rate),
      origin_{{"session_id", options_.id}, {"timestamp", 0.0}, {"source", "webrtc"}},
      started_(now),
      processing_(std::make_unique<LatencyHistogram>()) {}

Peer::~Peer() = default;

std::variant<std::string, rtc::Refusal> Peer::accept_offer(std::string_view sdp, Time now) {
  return endpoint_.accept_offer(sdp, now);
}

void Peer::receive(const rtc::Address& source, std::span<std::uint8_t> datagram, Time now) {
  endpoint_.receive(source, datagram, now);
  work(now);
}

void Peer::advance(Time now) {
  endpoint_.advance(now);
  if (options_.max_age > Time{} && now >= started_ + options_.max_age && close_at_ == Time::max()) {
    end_with("the session has reached its greatest age", now);
  }
  if (now >= report_at_) report(now);
  if (now >= close_at_) close(now);
  work(now);
}

Time Peer::next_timeout() const {
  if (ended()) return Time::max();
  const Time oldest = options_.max_age > Time{} && close_at_ == Time::max()
                          ? started_ + options_.max_age
                          : Time::max();
  return std::min({endpoint_.next_timeout(), report_at_, close_at_, oldest});
}

void Peer::set_crowded(bool crowded) {
  endpoint_.set_audio_in_pairs(crowded && listeners_.empty() && !endpoint_.peer_listens());
}

/// What the endpoint has given in its last call.
void Peer::work(Time now) {
  if (std::exchange(channel_opened_, false)) {
    send(session_message(), now);
    if (pipeline_) report_at_ = now + options_.metrics_interval;
  }
  for (const std::string& message : std::exchange(messages_, {})) take_message(message, now);
  if (!message_problem_.empty()) complain(std::exchange(message_problem_, {}), now);
  if (!frames_.empty()) run_graph(now);
  if (!waiting_messages_.empty()) send_waiting(now);
}

void Peer::run_graph(Time now) {
  auto frames = std::exchange(frames_, {});
  if (!pipeline_ || close_at_ != Time::max()) return;
  std::uint64_t unprocessed = 0;
  for (const auto& [audio, time] : frames) unprocessed += audio.frames();
  try {
    for (auto& [audio, time] : frames) {
      const std::size_t count = audio.frames();
      push(std::move(audio), time);
      unprocessed -= count;
    }
    deliver(pipeline_->take(), now);
  } catch (...) {
    missed_frames_ += unprocessed;
    fail(std::current_exception(), now);
  }
  frames.clear();
  frames_ = std::move(frames);  // keeps its memory
}

void Peer::push(AudioBuffer audio, Time time) {
  Packet packet;
  packet.payload = std::move(audio);
  packet.timestamp = time;
  packet.sequence = sequence_++;
  packet.metadata.reserve(kUsualMetadata);
  packet.metadata = origin_;
  packet.metadata.set("timestamp", seconds(time));
  const Time begin = steady_now();
  pipeline_->push(std::move(packet));
  const Time taken = steady_now() - begin;
  processing_->add(taken);
  processing_total_ += taken;
  processing_max_ = std::max(processing_max_, taken);
}

void Peer::collect(Time now) {
  if (!pipeline_ || ended()) return;
  deliver(pipeline_->take(), now);
  if (const auto failure = pipeline_->failure()) fail(failure, now);
  work(now);
}

void Peer::take_data(Time now) {
  endpoint_.take_data(now);
  work(now);
}

void Peer::deliver(const std::vector<Packet>& results, Time now) {
  for (const Packet& packet : results) deliver_one(packet, now);
}

void Peer::deliver_one(const Packet& packet, Time now) {
  switch (packet.kind()) {
    case PayloadKind::audio:
      return deliver_audio(packet, now);
    case PayloadKind::text:
      return send(
          Object{{"type", "text_response"}, {"text", *packet.text()}, {"timestamp", unix_ms()}},
          now);
    case PayloadKind::json:
      return send(*packet.json(), now);
    case PayloadKind::list:
      for (const Packet& item : **packet.list()) deliver_one(item, now);
      return;
    case PayloadKind::none:
      return;
    case PayloadKind::bytes:
    case PayloadKind::object:
      ++unknown_results_;
      return;
  }
}

void Peer::deliver_audio(const Packet& packet, Time now) {
  speech_.observe(packet, [&](SpeechChange change) { note_speech(change, now); });
  if (packet.timestamp < muted_before_) return;
  play(outgoing_.convert(*packet.audio(), packet.ends_clip), now);
}

void Peer::play(std::span<const float> samples, Time now) {
  unplayed_frames_ += samples.size() - endpoint_.send_audio(samples, now);
  if (listeners_.empty() || samples.empty()) return;
  const auto shared = std::make_shared<const std::vector<float>>(samples.begin(), samples.end());
  for (const Listener& listener : listeners_) listener.play(shared);
}

void Peer::cancel_audio() {
  endpoint_.cancel_audio();
  outgoing_.reset();
  for (const Listener& listener : listeners_) listener.cancel_audio();
}

void Peer::note_speech(SpeechChange change, Time now) {
  send(Object{{"type", "vad"},
              {"event", change.starts ? "start" : "end"},
              {"time_s", change.time_s},
              {"timestamp", unix_ms()}},
       now);
  page_hears_speech_ = change.starts;
  if (!options_.barge_in || !change.starts) return;
  cancel_audio();
  muted_before_ = Time(static_cast<std::int64_t>(change.time_s * 1e9));
}

void Peer::fail(const std::exception_ptr& error, Time now) {
  if (close_at_ != Time::max()) return;
  Object message = failure_message(error);
  const std::string reason = text_of(message, "message");
  const bool goes_on = restart(message, now);
  log(LogLevel::warning,
      "session " + options_.id + (goes_on ? " gets a graph anew: " : " ends: ") + reason);
  send(message, now);
  if (goes_on) return;
  end_reason_ = reason;
  close_at_ = now + kFarewell;
}

/// Gives the failed graph away for another one; false if the session has to end.
bool Peer::restart(Object& message, Time now) {
  std::erase_if(restarted_, [&](Time time) { return time <= now - kRestartSpan; });
  if (options_.on_failure != OnFailure::restart || restarted_.size() >= kMostRestarts) return false;
  restarted_.push_back(now);
  deliver(pipeline_->take(), now);  // of what came before
  message.set("fatal", false);
  message.set("restarts", ++restarts_);
  if (page_hears_speech_) note_speech({false, seconds(input_end_)}, now);
  outgoing_.reset();
  speech_ = {};
  dropped_results_of_ended_ += pipeline_->dropped_results();
  host_.restart(options_.id, std::move(pipeline_));
  return true;
}

void Peer::resume(std::unique_ptr<PeerPipeline> pipeline, Time now) {
  pipeline_ = std::move(pipeline);
  collect(now);  // what it gave before it was here
}

void Peer::end_with(const std::string& message, Time now) {
  if (close_at_ != Time::max()) return;
  end_reason_ = message;
  send(Object{{"type", "error"}, {"fatal", true}, {"message", message}}, now);
  close_at_ = now + kFarewell;
}

void Peer::close(Time now) {
  endpoint_.close(now);
  work(now);
}

void Peer::on_datagram(const rtc::Address& to, std::span<const std::uint8_t> bytes) {
  if (host_.datagram) host_.datagram(to, bytes);
}

void Peer::on_audio(const rtc::ReceivedAudio& received) {
  input_end_ = received.time + frame_time(received.samples.size(), received.rate);
  if (!pipeline_) missed_frames_ += received.samples.size();
  if (!pipeline_ || !pipeline_->accepts_audio()) return;
  AudioBuffer audio =
      AudioBuffer::allocate_unset(SampleFormat::f32, 1, received.samples.size(), received.rate);
  std::memcpy(audio.mutable_channel<float>(0).data(), received.samples.data(),
              received.samples.size_bytes());
  frames_.emplace_back(std::move(audio), received.time);
}

void Peer::on_state(rtc::EndpointState state, const char* reason) {
  if (state == rtc::EndpointState::ended && end_reason_.empty()) end_reason_ = reason;
}

void Peer::on_channel_open(std::uint16_t channel, std::string_view label) {
  channels_.emplace_back(channel, label);
  if (channel_ && label != "messages") return;
  channel_ = channel;
  channel_opened_ = true;
}

void Peer::on_channel_closed(std::uint16_t channel) {
  std::erase_if(channels_, [&](const auto& open) { return open.first == channel; });
  if (channel_ == channel) channel_.reset();
  if (!channel_) report_at_ = Time::max();
}

void Peer::on_message(const rtc::DataMessage& message) {
  if (message.kind != rtc::MessageKind::text) {
    message_problem_ = "a message is binary, expected text";
  } else if (message.bytes.size() > kMaxMessageBytes) {
    message_problem_ =
        fmt::format("a message has {} bytes, at most {}", message.bytes.size(), kMaxMessageBytes);
  } else if (messages_.size() < kMaxWaitingMessages) {
    messages_.emplace_back(message.bytes.begin(), message.bytes.end());
    return;
  }
  ++dropped_messages_;
}

void Peer::on_data_waiting() {
  if (host_.data_waiting) host_.data_waiting(options_.id);
}

void Peer::remove_listener(const std::string& id) {
  std::erase_if(listeners_, [&](const Listener& listener) { return listener.id == id; });
}

}  // namespace remotemedia::server
