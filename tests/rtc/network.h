#pragma once

#include "graph/dice.h"
#include "remotemedia/base/time.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace remotemedia::rtc::test {

/// What a network does to what is sent through it. Shares are 0..1.
struct Network {
  double loss = 0;
  double burst = 1;      ///< packets that are lost in a row on average; 1: each by itself
  double duplicate = 0;  ///< comes twice
  double reorder = 0;    ///< held back by `held_back`, so that later packets overtake it
  Time held_back = std::chrono::milliseconds(30);
  Time delay{};
  Time jitter{};  ///< more delay, uniform from 0 to this; packets overtake each other
  Time outage_start = Time::max();
  Time outage_end = Time::max();
};

/// One direction of an emulated network, without clock or sockets; the same seed does the same.
template <typename Packet>
class Path {
 public:
  /// On the way at a time; what is sent beyond them is lost.
  static constexpr std::size_t kMaxFlying = 1'024;

  Path(const Network& network, unsigned seed) : network_(network), dice_(seed) {}

  void send(Packet packet, Time now) {
    ++sent_;
    if (is_lost(now) || flying_.size() >= kMaxFlying) {
      ++lost_;
      return;
    }
    if (happens(network_.duplicate)) launch(packet, now);
    launch(std::move(packet), now);
  }

  /// What has arrived by `now`, one by one.
  std::optional<Packet> receive(Time now) {
    if (now < next_arrival()) return std::nullopt;
    return std::move(flying_.extract(flying_.begin()).mapped());
  }

  [[nodiscard]] Time next_arrival() const {
    return flying_.empty() ? Time::max() : flying_.begin()->first;
  }
  /// From now on; 1 cuts the line.
  void set_loss(double share) { network_.loss = share; }
  void set_jitter(Time most) { network_.jitter = most; }

  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  [[nodiscard]] std::uint64_t lost() const { return lost_; }

 private:
  bool happens(double share) {
    constexpr std::size_t kSteps = 1'000'000;
    return share > 0 && static_cast<double>(dice_.below(kSteps)) < share * kSteps;
  }

  /// Gilbert's model: a good and a bad state. Their chances give the share of losses and the length
  /// of bursts; losses one by one are a burst of 1 / (1 - loss).
  bool is_lost(Time now) {
    if (now >= network_.outage_start && now < network_.outage_end) return true;
    if (network_.loss <= 0 || network_.loss >= 1) return network_.loss > 0;
    const double leave = std::min(1 / network_.burst, 1 - network_.loss);
    const double enter = leave * network_.loss / (1 - network_.loss);
    bad_ = bad_ ? !happens(leave) : happens(enter);
    return bad_;
  }

  void launch(Packet packet, Time now) {
    const auto steps = static_cast<std::size_t>(network_.jitter / kJitterStep);
    Time delay = network_.delay;
    if (steps > 0) delay += static_cast<int>(dice_.below(steps + 1)) * kJitterStep;
    if (happens(network_.reorder)) delay += network_.held_back;
    flying_.emplace(now + delay, std::move(packet));
  }

  static constexpr Time kJitterStep = std::chrono::microseconds(100);

  Network network_;
  remotemedia::test::Dice dice_;
  std::multimap<Time, Packet> flying_;
  bool bad_ = false;
  std::uint64_t sent_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace remotemedia::rtc::test
