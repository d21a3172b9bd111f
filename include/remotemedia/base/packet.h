#pragma once

#include "remotemedia/base/audio_buffer.h"
#include "remotemedia/base/blocks.h"
#include "remotemedia/base/time.h"
#include "remotemedia/base/value.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace remotemedia {

enum class PayloadKind : std::uint8_t { none, audio, text, json, bytes, object, list };

/// "none", "audio", "text", "json", "bytes", "object" or "list".
const char* to_string(PayloadKind kind);

/// A value of an embedding language (a Python object), which native nodes pass on untouched. The
/// few operations below let a native node read it or compute with it without knowing the language.
class ForeignObject {
 public:
  virtual ~ForeignObject() = default;
  /// Type as its language names it, for messages.
  [[nodiscard]] virtual std::string type_name() const = 0;
  /// The value as JSON; type error if it has none.
  [[nodiscard]] virtual Value to_value() const = 0;
  /// The element-wise result of `value <op> operand` for numeric arrays, where op is one of + - * /
  /// % and ^ (power); nullptr if the object is no numeric array.
  [[nodiscard]] virtual std::shared_ptr<const ForeignObject> arithmetic(char op,
                                                                        double operand) const = 0;
};

using Bytes = std::vector<std::byte>;
using ForeignPtr = std::shared_ptr<const ForeignObject>;
struct Packet;
using Packets = std::vector<Packet, BlockAllocator<Packet>>;
/// Several packets as one, e.g. what a BufferNode collected.
using PacketList = std::shared_ptr<const Packets>;
/// In the order of PayloadKind.
using Payload =
    std::variant<std::monostate, AudioBuffer, std::string, Value, Bytes, ForeignPtr, PacketList>;

/// How an audio item is written in Python: (array, rate[, metadata]), {"audio_data": ...}, or as
/// the bare array that ExtractAudioDataNode gives and no audio node takes. An item is answered in
/// its form.
enum class ItemForm : std::uint8_t { tuple, mapping, array };

/// One item of data with its envelope. Copying shares audio and objects.
struct Packet {
  Payload payload;
  Object metadata;
  /// Numbers the streams of a session, from 0.
  std::uint32_t stream_id = 0;
  /// Cancelling a session raises its generation; packets of an older one are dropped.
  std::uint32_t generation = 0;
  /// Counts the packets a source or node emitted on this stream.
  std::uint64_t sequence = 0;
  /// Media time of the first frame (audio) or of the event.
  Time timestamp{0};
  /// Index of the input port it arrives at.
  std::uint16_t port = 0;
  /// Nothing of this clip follows: what a node holds back of it leaves with this packet, so that a
  /// whole clip stays one packet, and the next one is a clip of its own.
  bool ends_clip = false;
  ItemForm form = ItemForm::tuple;

  [[nodiscard]] PayloadKind kind() const { return static_cast<PayloadKind>(payload.index()); }
  [[nodiscard]] const AudioBuffer* audio() const { return std::get_if<AudioBuffer>(&payload); }
  [[nodiscard]] const std::string* text() const { return std::get_if<std::string>(&payload); }
  [[nodiscard]] const Value* json() const { return std::get_if<Value>(&payload); }
  [[nodiscard]] const ForeignPtr* object() const { return std::get_if<ForeignPtr>(&payload); }
  [[nodiscard]] const PacketList* list() const { return std::get_if<PacketList>(&payload); }

  /// The same envelope around another payload.
  [[nodiscard]] Packet with(Payload other) const {
    return {.payload = std::move(other),
            .metadata = metadata,
            .stream_id = stream_id,
            .generation = generation,
            .sequence = sequence,
            .timestamp = timestamp,
            .port = port,
            .ends_clip = ends_clip,
            .form = form};
  }
};

/// The audio of a packet; type error, with a hint for the usual mistakes, if it holds none.
const AudioBuffer& require_audio(const Packet& packet);
/// The value of a json, text, object or list packet; type error if it has none.
Value require_value(const Packet& packet);
/// What the packet holds, for messages: "text", "a list", ...
std::string describe(const Packet& packet);

}  // namespace remotemedia
