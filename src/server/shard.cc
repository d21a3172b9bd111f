#include "server/shard.h"

#include "server/clock.h"

#include <algorithm>

namespace remotemedia::server {
namespace {

/// Peers that are due within it wake the thread once, not once each.
constexpr Time kTick = std::chrono::milliseconds(1);
/// So many batches, then timers have their turn.
constexpr int kBatchesPerTurn = 8;
/// As many as an endpoint verifies.
constexpr std::size_t kSourcesPerPeer = 8;
/// The present one and, after a restart of ICE, the one before.
constexpr std::size_t kUfragsPerPeer = 2;

Time next_tick(Time time) { return (time / kTick + 1) * kTick; }

void add_figures(const Peer& peer, ShardStatistics& sum) {
  const rtc::EndpointStatistics figures = peer.endpoint().statistics();
  for (std::size_t i = 0; i < figures.dropped.size(); ++i) sum.dropped[i] += figures.dropped[i];
  sum.audio_packets += figures.received.packets;
  sum.concealed_ms += figures.received.concealed_ms;
  sum.processing_total += peer.processing_total();
}

}  // namespace

Shard::Shard(const rtc::Address& address, Events events)
    : events_(std::move(events)),
      socket_(address),
      readable_(context_, dup(socket_.descriptor())),
      timer_(context_) {}

Shard::~Shard() { stop(); }

void Shard::start() {
  wait_for_datagrams();
  thread_ = std::thread([this] { context_.run(); });
}

void Shard::stop() {
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

void Shard::wait_for_datagrams() {
  readable_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [this](const boost::system::error_code& error) {
                         if (error) return;
                         take_datagrams();
                         wait_for_datagrams();
                       });
}

void Shard::take_datagrams() {
  const Time now = steady_now();
  const auto take_one = [&](const rtc::Address& source, std::span<std::uint8_t> datagram) {
    take(source, datagram, now);
  };
  for (int i = 0; i < kBatchesPerTurn && socket_.receive(take_one) > 0; ++i) {
  }
  socket_.flush();
}

/// A check names its endpoint, whoever used its address before; anything else comes from an address
/// that has passed a check.
Peer* Shard::receiver_of(const rtc::Address& source, std::span<const std::uint8_t> datagram) {
  if (const std::string_view ufrag = rtc::addressed_ufrag(datagram); !ufrag.empty()) {
    const auto found = by_ufrag_.find(std::string(ufrag));
    return found == by_ufrag_.end() ? nullptr : found->second;
  }
  const auto found = by_source_.find(source);
  return found == by_source_.end() ? nullptr : found->second;
}

void Shard::take(const rtc::Address& source, std::span<std::uint8_t> datagram, Time now) {
  Peer* peer = receiver_of(source, datagram);
  if (peer == nullptr) {
    ++ended_.datagrams_unknown;
    return;
  }
  peer->receive(source, datagram, now);
  remember_source(*peer, source);
  settle(*peer);
}

void Shard::remember_source(Peer& peer, const rtc::Address& source) {
  const auto found = by_source_.find(source);
  if ((found != by_source_.end() && found->second == &peer) || !peer.endpoint().verified(source)) {
    return;
  }
  if (found != by_source_.end()) std::erase(found->second->sources, source);
  by_source_[source] = &peer;
  peer.sources.push_back(source);
  if (peer.sources.size() > kSourcesPerPeer) {
    by_source_.erase(peer.sources.front());
    peer.sources.erase(peer.sources.begin());
  }
}

void Shard::remember_ufrag(Peer& peer) {
  const std::string& ufrag = peer.endpoint().local_ufrag();
  if (!peer.ufrags.empty() && peer.ufrags.back() == ufrag) return;
  by_ufrag_[ufrag] = &peer;
  peer.ufrags.push_back(ufrag);
  if (peer.ufrags.size() > kUfragsPerPeer) {
    by_ufrag_.erase(peer.ufrags.front());
    peer.ufrags.erase(peer.ufrags.begin());
  }
}

void Shard::add(std::unique_ptr<Peer> peer) {
  peer->number = ++last_number_;
  peer->set_host(
      {.datagram = [this](const rtc::Address& to,
                          std::span<const std::uint8_t> bytes) { socket_.send(to, bytes); },
       .message = events_.message,
       .restart = events_.restart});
  Peer& added = *peer;
  by_id_[added.id()] = &added;
  peers_.emplace(added.number, std::move(peer));
  settle(added);
}

bool Shard::with(const std::string& id, const std::function<void(Peer&, Time now)>& use) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return false;
  Peer& peer = *found->second;
  use(peer, steady_now());
  settle(peer);
  socket_.flush();
  return true;
}

void Shard::for_each(const std::function<void(Peer&, Time now)>& use) {
  const Time now = steady_now();
  std::vector<Peer*> all;
  for (const auto& [number, peer] : peers_) all.push_back(peer.get());
  for (Peer* peer : all) {
    use(*peer, now);
    settle(*peer);
  }
  socket_.flush();
}

/// What a change of a peer means to the shard. The peer may be gone afterwards.
void Shard::settle(Peer& peer) {
  if (peer.ended()) return remove(peer);
  remember_ufrag(peer);
  const Time next = peer.next_timeout();
  if (next >= peer.scheduled) return;
  peer.scheduled = next;
  due_.push({next, peer.number});
  arm();
}

void Shard::remove(Peer& peer) {
  for (const rtc::Address& source : peer.sources) by_source_.erase(source);
  for (const std::string& ufrag : peer.ufrags) by_ufrag_.erase(ufrag);
  add_figures(peer, ended_);
  processing_of_ended_.merge(peer.processing());
  by_id_.erase(peer.id());
  const auto gone = peers_.extract(peer.number);
  events_.ended(peer.id(), peer.end_reason(), peer.take_pipeline());
}

void Shard::arm() {
  if (due_.empty() || due_.top().time >= armed_) return;
  armed_ = due_.top().time;
  timer_.expires_at(std::chrono::steady_clock::time_point(next_tick(armed_)));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) on_timer();
  });
}

void Shard::on_timer() {
  armed_ = Time::max();
  const Time now = steady_now();
  while (!due_.empty() && due_.top().time <= now) {
    const std::uint64_t number = due_.top().number;
    due_.pop();
    const auto found = peers_.find(number);
    if (found == peers_.end()) continue;
    Peer& peer = *found->second;
    peer.scheduled = Time::max();
    peer.advance(now);
    settle(peer);
  }
  socket_.flush();
  arm();
}

ShardStatistics Shard::statistics() const {
  ShardStatistics sum = ended_;
  const auto processing = std::make_unique<LatencyHistogram>();
  processing->merge(processing_of_ended_);
  for (const auto& [number, peer] : peers_) {
    add_figures(*peer, sum);
    processing->merge(peer->processing());
  }
  sum.processing = processing->summary();
  sum.datagrams_received = socket_.received();
  sum.datagrams_sent = socket_.sent();
  sum.datagrams_unsent = socket_.unsent();
  return sum;
}

}  // namespace remotemedia::server
