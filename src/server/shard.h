#pragma once

#include "server/peer.h"
#include "server/udp_socket.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
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

/// One thread, one UDP port, the peers that it carries.
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

  void start();
  /// Ends the thread; peers end without a word. Repeatable.
  void stop();

  [[nodiscard]] std::uint16_t port() const { return socket_.port(); }
  /// Runs it on the shard's thread, in order. Any thread.
  void post(std::function<void()> task) { boost::asio::post(context_, std::move(task)); }

  // On the shard's thread:
  void add(std::unique_ptr<Peer> peer);
  /// Does something with a peer, and then what follows of it; false if it is not here.
  bool with(const std::string& id, const std::function<void(Peer&, Time now)>& use);
  void for_each(const std::function<void(Peer&, Time now)>& use);
  [[nodiscard]] ShardStatistics statistics() const;

 private:
  struct Due {
    Time time;
    std::uint64_t number;
    bool operator>(const Due& other) const { return time > other.time; }
  };

  void wait_for_datagrams();
  void take_datagrams();
  Peer* receiver_of(const rtc::Address& source, std::span<const std::uint8_t> datagram);
  void take(const rtc::Address& source, std::span<std::uint8_t> datagram, Time now);
  void remember_source(Peer& peer, const rtc::Address& source);
  void remember_ufrag(Peer& peer);
  void settle(Peer& peer);
  void remove(Peer& peer);
  void arm();
  void on_timer();

  Events events_;
  boost::asio::io_context context_{1};
  UdpSocket socket_;
  boost::asio::posix::stream_descriptor readable_;
  boost::asio::steady_timer timer_;
  Time armed_ = Time::max();
  std::unordered_map<std::uint64_t, std::unique_ptr<Peer>> peers_;
  std::unordered_map<std::string, Peer*> by_id_;
  std::unordered_map<std::string, Peer*> by_ufrag_;
  std::unordered_map<rtc::Address, Peer*, AddressHash> by_source_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::uint64_t last_number_ = 0;
  ShardStatistics ended_;  ///< of peers that are gone, and of datagrams that had no receiver
  LatencyHistogram processing_of_ended_;
  std::thread thread_;
};

}  // namespace remotemedia::server
