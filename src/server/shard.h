#pragma once

#include "server/pace.h"
#include "server/peer.h"
#include "server/task_queue.h"
#include "server/udp_socket.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace remotemedia::server {

struct AddressHash {
  std::size_t operator()(const rtc::Address& address) const noexcept {
    const std::string_view bytes(reinterpret_cast<const char*>(address.bytes.data()),
                                 address.bytes.size());
    return std::hash<std::string_view>{}(bytes)*31 + address.port;
  }
};

struct ShardStatistics {
  std::uint64_t datagrams_received = 0;
  std::uint64_t datagrams_sent = 0;
  std::uint64_t datagrams_unsent = 0;
  std::uint64_t datagrams_unknown = 0;  ///< of nobody here: dropped without an answer
  std::array<std::uint64_t, rtc::kDropReasons> dropped{};
  std::uint64_t audio_packets = 0;
  std::uint64_t concealed_ms = 0;
  LatencySummary processing{};  ///< of 20 ms of input each
  Time processing_total{};
};

/// One thread, one UDP port, the peers that it carries. Its time goes in the ticks of a Pace.
class Shard {
 public:
  /// What the shard tells the server, on its own thread.
  struct Events {
    std::function<void(const std::string& id, const std::string& reason,
                       std::unique_ptr<PeerPipeline>)>
        ended;
    std::function<void(const std::string& id, const Value& message)> message;
    std::function<void(const std::string& id, std::unique_ptr<PeerPipeline> failed)> restart;
  };

  /// I/O error if the port is in use.
  Shard(const rtc::Address& address, Events events);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  /// Starts the thread, which is number `index` of `count` shards.
  void start(std::size_t index, std::size_t count);
  /// Ends the thread; peers end without a word. Repeatable.
  void stop();

  [[nodiscard]] std::uint16_t port() const { return socket_.port(); }
  /// Runs it on the shard's thread, in order. Any thread.
  void post(std::function<void()> task) { tasks_.post(std::move(task)); }

  // On the shard's thread:
  void add(std::unique_ptr<Peer> peer);
  /// Does something with a peer, and then what follows of it; false if it is not here.
  bool with(const std::string& id, const std::function<void(Peer&, Time now)>& use);
  void for_each(const std::function<void(Peer&, Time now)>& use);
  [[nodiscard]] ShardStatistics statistics() const;

 private:
  void run();
  void wait();
  void take_datagrams();
  void advance_due();
  Peer* receiver_of(const rtc::Address& source, std::string_view ufrag);
  void take(const rtc::Address& source, std::span<std::uint8_t> datagram);
  void remember_source(Peer& peer, const rtc::Address& source);
  void remember_ufrag(Peer& peer);
  void settle(Peer& peer);
  void remove(Peer& peer);

  Events events_;
  TaskQueue tasks_;
  UdpSocket socket_;
  Pace pace_;
  std::unordered_map<std::string, std::unique_ptr<Peer>> peers_;
  std::unordered_map<std::string, Peer*> by_ufrag_;
  std::unordered_map<rtc::Address, Peer*, AddressHash> by_source_;
  std::set<std::pair<Time, Peer*>> due_;  ///< all peers, by when they are to be advanced
  ShardStatistics ended_;  ///< of peers that are gone, and of datagrams that had no receiver
  LatencyHistogram processing_of_ended_;
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

}  // namespace remotemedia::server
