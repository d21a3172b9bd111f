#pragma once

#include "rtc/sctp.h"

#include <atomic>
#include <bitset>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace remotemedia::rtc {

/// What an endpoint asks of its association.
struct SctpRequest {
  enum class Kind : std::uint8_t { receive, send, reset };
  Kind kind = Kind::receive;
  std::uint16_t stream = 0;  ///< to send on, or to reset
  std::uint32_t protocol = 0;
  dcep::Delivery delivery = {};
  std::vector<std::uint8_t> bytes = {};
};

/// What an association gives: a method of SctpOutput to be called.
struct SctpEvent {
  enum class Kind : std::uint8_t { packet, up, message, too_long, reset_by_peer, reset_done, lost };
  Kind kind = Kind::packet;
  std::uint16_t stream = 0;  ///< of `up`: how many there are to send on
  std::uint32_t protocol = 0;
  std::vector<std::uint8_t> bytes = {};
};

class SctpLine;

/// Lines with something for the worker to do. Any thread.
class SctpLines {
 public:
  explicit SctpLines(std::function<void()> wake) : wake_(std::move(wake)) {}

  void add(std::shared_ptr<SctpLine> line);
  [[nodiscard]] std::vector<std::shared_ptr<SctpLine>> take();
  /// The worker goes: lines are dropped, and nobody is woken.
  void close();

 private:
  std::function<void()> wake_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<SctpLine>> waiting_;
  bool closed_ = false;
};

/// Between an endpoint's thread and the worker's, of one association: requests one way, events the
/// other, both bounded.
class SctpLine : public std::enable_shared_from_this<SctpLine> {
 public:
  static constexpr std::size_t kMaxPackets = 256;  ///< each way; of more, the newest go
  /// That usrsctp has no room for yet, and kSctpQueue bytes of them.
  static constexpr std::size_t kMaxMessages = 1'024;

  /// `on_waiting` is called on the worker's thread when events wait, until `hang_up`.
  SctpLine(const SctpSettings& settings, std::shared_ptr<SctpLines> lines,
           std::function<void()> on_waiting);

  // The endpoint's side:
  /// To be called once, first: shows the line to the worker, which begins the association.
  void begin();
  /// False if there is no room. A reset of a stream that waits for its reset is one with it.
  [[nodiscard]] bool ask(SctpRequest request);
  [[nodiscard]] std::vector<SctpEvent> take();
  /// Ends the association. Nothing is called afterwards.
  void hang_up();

  // The worker's side:
  /// nullopt: hung up.
  [[nodiscard]] std::optional<std::vector<SctpRequest>> take_requests();
  /// usrsctp has taken a message or reset a stream.
  void note_done(const SctpRequest& request);
  void tell(std::vector<SctpEvent> events);
  /// Packets that usrsctp has given and its box had no room for, until now.
  void note_dropped(std::uint64_t packets) {
    dropped_before_.store(packets, std::memory_order_relaxed);
  }

  [[nodiscard]] const SctpSettings& settings() const { return settings_; }
  /// Packets to the peer that found no room.
  [[nodiscard]] std::uint64_t dropped() const {
    return dropped_.load(std::memory_order_relaxed) +
           dropped_before_.load(std::memory_order_relaxed);
  }

 private:
  void show();
  [[nodiscard]] bool take_room(const SctpRequest& request);

  const SctpSettings settings_;
  const std::shared_ptr<SctpLines> lines_;
  std::mutex mutex_;
  // All under the lock:
  std::function<void()> on_waiting_;  // empty: hung up
  std::vector<SctpRequest> requests_;
  std::vector<SctpEvent> events_;
  std::size_t packets_in_ = 0;   // of requests_
  std::size_t packets_out_ = 0;  // of events_
  std::size_t messages_ = 0;     // of requests_, and those that wait for room
  std::size_t message_bytes_ = 0;
  std::bitset<kSctpStreams> resetting_;  // whose last request is a reset that waits
  bool shown_ = false;                   // the worker knows that there is something
  // A hint, as the lock orders what it tells of, and lone counts:
  std::atomic<bool> has_events_{false};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> dropped_before_{0};  // events were made of packets
};

/// An association that a worker carries. Its methods ask and do not wait; `receive` and `advance`
/// give what has come of it.
std::unique_ptr<SctpTransport> make_remote_sctp(const std::shared_ptr<SctpLines>& lines,
                                                const SctpSettings& settings, SctpOutput& output);

}  // namespace remotemedia::rtc
