#include "server/speech_tracker.h"

namespace remotemedia::server {

void SpeechTracker::observe(const Packet& packet, const std::function<void(SpeechChange)>& report) {
  const Value* events = packet.metadata.find("speech_events");
  if (events != nullptr && events->as_array() != nullptr) {
    return observe_events(*events->as_array(), report);
  }
  const Value* flag = packet.metadata.find("is_speech");
  if (flag == nullptr || flag->as_bool() == nullptr || *flag->as_bool() == speaking_) return;
  speaking_ = *flag->as_bool();
  report({speaking_, seconds(packet.timestamp)});
}

void SpeechTracker::observe_events(const Value::Array& events,
                                   const std::function<void(SpeechChange)>& report) {
  for (const Value& event : events) {
    const Object* fields = event.as_object();
    if (fields == nullptr) continue;
    const Value* kind = fields->find("event");
    const Value* time_s = fields->find("time_s");
    if (kind == nullptr || kind->as_string() == nullptr || time_s == nullptr) continue;
    report({*kind->as_string() == "start", time_s->number()});
  }
}

}  // namespace remotemedia::server
