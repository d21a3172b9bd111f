#include "remotemedia/base/packet.h"

#include "remotemedia/base/check.h"

#include <fmt/format.h>

namespace remotemedia {

const char* to_string(PayloadKind kind) {
  static constexpr const char* kNames[] = {"none",  "audio",  "text", "json",
                                           "bytes", "object", "list"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string describe(const Packet& packet) {
  if (const ForeignPtr* object = packet.object()) return (*object)->type_name();
  if (const Value* value = packet.json()) return fmt::format("json ({})", value->kind());
  return to_string(packet.kind());
}

const AudioBuffer& require_audio(const Packet& packet) {
  const AudioBuffer* audio = packet.audio();
  if (audio != nullptr && packet.form != ItemForm::array) return *audio;
  refuse_type(fmt::format("expected an audio item, got {}",
                          audio != nullptr ? "a bare array" : describe(packet)),
              "pass (array, sample_rate), (array, sample_rate, metadata) or "
              "{\"audio_data\": array, \"sample_rate\": rate}");
}

Value require_value(const Packet& packet) {
  if (const Value* value = packet.json()) return *value;
  if (const std::string* text = packet.text()) return *text;
  if (const ForeignPtr* object = packet.object()) return (*object)->to_value();
  if (const PacketList* list = packet.list()) {
    Value::Array values;
    for (const Packet& item : **list) values.push_back(require_value(item));
    return values;
  }
  refuse_type(fmt::format("expected a number, text, list or object, got {}", describe(packet)));
}

}  // namespace remotemedia
