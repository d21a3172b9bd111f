#pragma once

#include "remotemedia/base/packet.h"

#include <functional>

namespace remotemedia::server {

struct SpeechChange {
  bool starts = false;
  double time_s = 0;  ///< of the incoming audio
};

/// Finds in the metadata of a graph's audio when speech starts and ends: from a node's
/// `speech_events`, or else from changes of `is_speech`.
class SpeechTracker {
 public:
  void observe(const Packet& packet, const std::function<void(SpeechChange)>& report);

 private:
  void observe_events(const Value::Array& events, const std::function<void(SpeechChange)>& report);

  bool speaking_ = false;
};

}  // namespace remotemedia::server
