#include "server/shard.h"

#include "remotemedia/base/thread_scheduling.h"
#include "server/clock.h"

#include <algorithm>
#include <poll.h>

namespace remotemedia::server {
namespace {

/// So many batches, then timers have their turn.
constexpr int kBatchesPerTurn = 8;
/// As many as an endpoint verifies.
constexpr std::size_t kSourcesPerPeer = 8;
/// The present one and, after a restart of ICE, the one before.
constexpr std::size_t kUfragsPerPeer = 2;

timespec timespec_of(Time time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  return {.tv_sec = whole.count(), .tv_nsec = (time - whole).count()};
}

void add_figures(const Peer& peer, ShardStatistics& sum) {
  const rtc::EndpointStatistics figures = peer.endpoint().statistics();
  for (std::size_t i = 0; i < figures.dropped.size(); ++i) sum.dropped[i] += figures.dropped[i];
  sum.audio_packets += figures.received.packets;
  sum.concealed_ms += figures.received.concealed_ms;
  sum.processing_total += peer.processing_total();
}

}  // namespace

Shard::Shard(const rtc::Address& address, Events events)
    : events_(std::move(events)), socket_(address) {}

Shard::~Shard() { stop(); }

void Shard::start(std::size_t index, std::size_t count) {
  thread_ = std::thread([this, index, count] {
    raise_thread_priority();
    keep_thread_on_processor(index, count);
    run();
  });
}

void Shard::stop() {
  stopped_.store(true, std::memory_order_relaxed);
  post([] {});
  if (thread_.joinable()) thread_.join();
}

void Shard::run() {
  while (!stopped_.load(std::memory_order_relaxed)) {
    pace_.begin_turn(steady_now());
    tasks_.run();
    take_datagrams();
    advance_due();
    socket_.flush();
    // The end may have come in this turn, whose tasks took what would wake it.
    if (!stopped_.load(std::memory_order_relaxed)) wait();
  }
}

void Shard::wait() {
  const Pace::Wait wait = pace_.wait(due_.empty() ? Time::max() : due_.begin()->first);
  std::array<pollfd, 2> sources{{{.fd = tasks_.descriptor(), .events = POLLIN, .revents = 0},
                                 {.fd = socket_.descriptor(), .events = POLLIN, .revents = 0}}};
  const timespec left = timespec_of(std::max(wait.until - steady_now(), Time{}));
  ppoll(sources.data(), wait.for_input ? 2 : 0, wait.until == Time::max() ? nullptr : &left,
        nullptr);
}

void Shard::take_datagrams() {
  const auto take_one = [this](const rtc::Address& source, std::span<std::uint8_t> datagram) {
    take(source, datagram);
  };
  std::size_t taken = 0;
  for (int i = 0; i < kBatchesPerTurn; ++i) {
    const std::size_t batch = socket_.receive(take_one);
    taken += batch;
    if (batch < UdpSocket::kBatch) break;
  }
  pace_.note_datagrams(taken);
}

/// A check names its endpoint, whoever used its address before; anything else comes from an address
/// that has passed a check.
Peer* Shard::receiver_of(const rtc::Address& source, std::string_view ufrag) {
  if (!ufrag.empty()) {
    const auto found = by_ufrag_.find(std::string(ufrag));
    return found == by_ufrag_.end() ? nullptr : found->second;
  }
  const auto found = by_source_.find(source);
  return found == by_source_.end() ? nullptr : found->second;
}

void Shard::take(const rtc::Address& source, std::span<std::uint8_t> datagram) {
  const std::string_view ufrag = rtc::addressed_ufrag(datagram);
  const bool is_check = !ufrag.empty();
  Peer* peer = receiver_of(source, ufrag);
  if (peer == nullptr) {
    ++ended_.datagrams_unknown;
    return;
  }
  peer->receive(source, datagram, pace_.now());
  if (is_check) remember_source(*peer, source);
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
  peer->set_host(
      {.datagram = [this](const rtc::Address& to,
                          std::span<const std::uint8_t> bytes) { socket_.send(to, bytes); },
       .message = events_.message,
       .restart = events_.restart,
       .data_waiting =
           [this](const std::string& id) {
             post(
                 [this, id] { with(id, [](Peer& waiting, Time now) { waiting.take_data(now); }); });
           }});
  Peer& added = *peer;
  peers_.emplace(added.id(), std::move(peer));
  remember_ufrag(added);
  settle(added);
}

bool Shard::with(const std::string& id, const std::function<void(Peer&, Time now)>& use) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return false;
  Peer& peer = *found->second;
  use(peer, pace_.now());
  remember_ufrag(peer);
  settle(peer);
  return true;
}

void Shard::for_each(const std::function<void(Peer&, Time now)>& use) {
  std::vector<Peer*> all;
  for (const auto& [id, peer] : peers_) all.push_back(peer.get());
  for (Peer* peer : all) {
    use(*peer, pace_.now());
    settle(*peer);
  }
}

/// What a change of a peer means to the shard. The peer may be gone afterwards.
void Shard::settle(Peer& peer) {
  if (peer.ended()) return remove(peer);
  peer.set_crowded(pace_.crowded());
  const Time next = peer.next_timeout();
  if (next == peer.scheduled) return;
  auto place = due_.extract({peer.scheduled, &peer});
  peer.scheduled = next;
  if (place.empty()) {
    due_.emplace(next, &peer);
  } else {
    place.value().first = next;
    due_.insert(std::move(place));
  }
}

void Shard::remove(Peer& peer) {
  for (const rtc::Address& source : peer.sources) by_source_.erase(source);
  for (const std::string& ufrag : peer.ufrags) by_ufrag_.erase(ufrag);
  due_.erase({peer.scheduled, &peer});
  add_figures(peer, ended_);
  processing_of_ended_.merge(peer.processing());
  const auto gone = peers_.extract(peer.id());
  events_.ended(peer.id(), peer.end_reason(), peer.take_pipeline());
}

void Shard::advance_due() {
  while (!due_.empty() && due_.begin()->first <= pace_.now()) {
    Peer& peer = *due_.begin()->second;
    peer.advance(pace_.now());
    settle(peer);
  }
}

ShardStatistics Shard::statistics() const {
  ShardStatistics sum = ended_;
  const auto processing = std::make_unique<LatencyHistogram>();
  processing->merge(processing_of_ended_);
  for (const auto& [id, peer] : peers_) {
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
