#include "rtc/jitter_buffer.h"

#include <algorithm>
#include <numeric>

namespace remotemedia::rtc {

JitterBuffer::JitterBuffer() { std::iota(order_.begin(), order_.end(), std::uint8_t{0}); }

std::optional<Drop> JitterBuffer::insert(std::int64_t sequence, std::int64_t timestamp,
                                         Bytes payload) {
  const auto end = order_.begin() + static_cast<std::ptrdiff_t>(count_);
  const auto sequence_of = [this](std::uint8_t place) { return packets_[place].sequence; };
  auto at = std::ranges::lower_bound(order_.begin(), end, sequence, {}, sequence_of);
  if (at != end && sequence_of(*at) == sequence) return Drop::audio_duplicate;
  std::optional<Drop> drop;
  if (count_ == kCapacity) {
    if (at == order_.begin()) return Drop::audio_overflow;
    pop();
    --at;
    drop = Drop::audio_overflow;
  }
  Packet& packet = packets_[order_[count_]];
  packet.sequence = sequence;
  packet.timestamp = timestamp;
  packet.payload.assign(payload.begin(), payload.end());
  const auto place = order_.begin() + static_cast<std::ptrdiff_t>(count_);
  std::rotate(at, place, place + 1);
  ++count_;
  return drop;
}

void JitterBuffer::pop() {
  std::rotate(order_.begin(), order_.begin() + 1,
              order_.begin() + static_cast<std::ptrdiff_t>(count_));
  --count_;
}

}  // namespace remotemedia::rtc
