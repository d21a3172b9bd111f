#pragma once

#include "remotemedia/base/time.h"

#include <cstdint>
#include <span>

namespace remotemedia::rtc {

/// Where the samples of a received frame come from.
enum class AudioKind : std::uint8_t {
  decoded,    ///< a packet
  recovered,  ///< the copy of a lost packet that the next one carries (FEC)
  concealed,  ///< made from the past, because a packet was lost or late (PLC)
  silence,    ///< nothing: the sender is silent (DTX), muted, or gone for longer than PLC helps
};

/// 20 ms of received audio. Frames come without gaps, one after another.
struct ReceivedAudio {
  std::span<const float> samples;       ///< mono, [-1, 1]; valid during the call
  int rate = 0;                         ///< Hz
  Time time{};                          ///< from the first frame, in steps of 20 ms
  AudioKind kind = AudioKind::decoded;  ///< of most of the frame
};

/// A packet of Opus as it came.
struct ReceivedPacket {
  std::span<const std::uint8_t> opus;  ///< valid during the call
  std::uint16_t sequence = 0;          ///< one more each packet; wraps
  std::uint32_t timestamp = 0;         ///< of its first sample, in 1/48000 s; wraps
};

/// Counts since the beginning; frames have 20 ms.
struct AudioReceiverStatistics {
  std::uint64_t packets = 0;    ///< taken into the jitter buffer
  std::uint64_t lost = 0;       ///< packets that were not there in time for their place
  std::uint64_t recovered = 0;  ///< of those, decoded from FEC
  std::uint64_t concealed_ms = 0;
  std::uint64_t silence_ms = 0;
  Time longest_gap{};      ///< of silence that was not the sender's own
  std::uint64_t late = 0;  ///< packets that came after their place was played
  std::uint64_t duplicates = 0;
  std::uint64_t inserted_frames = 0;  ///< silence, to wait longer
  std::uint64_t skipped_frames = 0;   ///< near silence, to wait less
  Time target_delay{};                ///< what the jitter buffer aims at now
  Time delay{};                       ///< how long audio waits now
};

}  // namespace remotemedia::rtc
