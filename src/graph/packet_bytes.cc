#include "graph/packet_bytes.h"

#include "remotemedia/base/check.h"

#include <bit>
#include <cstring>
#include <memory>
#include <utility>

namespace remotemedia {
namespace {

static_assert(std::endian::native == std::endian::little, "recordings are little-endian");

enum class Tag : std::uint8_t { null, no, yes, integer, number, string, array, object };

template <typename Number>
void append_number(Number number, std::string& out) {
  char bytes[sizeof(Number)];
  std::memcpy(bytes, &number, sizeof(Number));
  out.append(bytes, sizeof(Number));
}

void append_string(std::string_view text, std::string& out) {
  append_number(std::uint64_t{text.size()}, out);
  out.append(text);
}

void check_nesting(int depth) {
  if (depth > kMaxNesting) {
    refuse("recording: nesting of a packet", depth, "at most " + std::to_string(kMaxNesting));
  }
}

void append_value(const Value& value, std::string& out, int depth);

void append_object(const Object& object, std::string& out, int depth) {
  append_number(std::uint64_t{object.size()}, out);
  for (const auto& [name, member] : object) {
    append_string(name, out);
    append_value(member, out, depth + 1);
  }
}

void append_value(const Value& value, std::string& out, int depth) {
  check_nesting(depth);
  const auto tag = [&](Tag kind) { append_number(kind, out); };
  if (const bool* flag = value.as_bool()) {
    tag(*flag ? Tag::yes : Tag::no);
  } else if (const std::int64_t* integer = value.as_int()) {
    tag(Tag::integer);
    append_number(*integer, out);
  } else if (const double* number = value.as_double()) {
    tag(Tag::number);
    append_number(*number, out);
  } else if (const String* text = value.as_string()) {
    tag(Tag::string);
    append_string(*text, out);
  } else if (const Value::Array* entries = value.as_array()) {
    tag(Tag::array);
    append_number(std::uint64_t{entries->size()}, out);
    for (const Value& entry : *entries) append_value(entry, out, depth + 1);
  } else if (const Object* object = value.as_object()) {
    tag(Tag::object);
    append_object(*object, out, depth);
  } else {
    tag(Tag::null);
  }
}

void append_audio(const AudioBuffer& audio, std::string& out) {
  check_rate("recording: rate", audio.rate());
  check_channels("recording: channels", audio.channels());
  append_number(audio.format(), out);
  append_number(audio.one_dimensional, out);
  append_number(std::int32_t{audio.channels()}, out);
  append_number(std::int32_t{audio.rate()}, out);
  append_number(std::uint64_t{audio.frames()}, out);
  const std::size_t sample = bytes_per_sample(audio.format());
  for (std::size_t c = 0; c < static_cast<std::size_t>(audio.channels()); ++c) {
    if (audio.empty()) break;
    const auto* first =
        static_cast<const char*>(audio.data()) + c * audio.channel_stride() * sample;
    out.append(first, audio.frames() * sample);
  }
}

void append_packet(const Packet& packet, std::string& out, int depth);

void append_payload(const Packet& packet, std::string& out, int depth) {
  if (const AudioBuffer* audio = packet.audio()) {
    append_audio(*audio, out);
  } else if (const std::string* text = packet.text()) {
    append_string(*text, out);
  } else if (const Value* value = packet.json()) {
    append_value(*value, out, depth + 1);
  } else if (const auto* bytes = std::get_if<Bytes>(&packet.payload)) {
    append_string({reinterpret_cast<const char*>(bytes->data()), bytes->size()}, out);
  } else if (const ForeignPtr* object = packet.object()) {
    refuse_type("recording: the packet holds " + (*object)->type_name(),
                "only audio, text, JSON and bytes can be recorded");
  } else if (const PacketList* list = packet.list()) {
    append_number(std::uint64_t{(*list)->size()}, out);
    for (const Packet& part : **list) append_packet(part, out, depth + 1);
  }
}

void append_packet(const Packet& packet, std::string& out, int depth) {
  check_nesting(depth);
  append_number(packet.kind(), out);
  append_number(packet.form, out);
  append_number(packet.ends_clip, out);
  append_number(packet.port, out);
  append_number(packet.stream_id, out);
  append_number(packet.generation, out);
  append_number(packet.sequence, out);
  append_number(std::int64_t{packet.timestamp.count()}, out);
  append_object(packet.metadata, out, depth);
  append_payload(packet, out, depth);
}

/// Takes numbers and texts off untrusted bytes. After a failure all are empty.
class Parser {
 public:
  explicit Parser(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool succeeded() const { return ok_ && rest_.empty(); }

  Value value(int depth) {
    if (depth > kMaxNesting) fail();
    switch (choice<Tag>(static_cast<std::uint8_t>(Tag::object))) {
      case Tag::no:
        return false;
      case Tag::yes:
        return true;
      case Tag::integer:
        return number<std::int64_t>();
      case Tag::number:
        return number<double>();
      case Tag::string:
        return std::string(string());
      case Tag::array:
        return array(depth);
      case Tag::object:
        return object(depth);
      default:
        return {};
    }
  }

  Packet packet(int depth) {
    if (depth > kMaxNesting) fail();
    Packet packet;
    const auto kind = choice<PayloadKind>(static_cast<std::uint8_t>(PayloadKind::list));
    packet.form = choice<ItemForm>(static_cast<std::uint8_t>(ItemForm::array));
    packet.ends_clip = flag();
    packet.port = number<std::uint16_t>();
    packet.stream_id = number<std::uint32_t>();
    packet.generation = number<std::uint32_t>();
    packet.sequence = number<std::uint64_t>();
    packet.timestamp = Time(number<std::int64_t>());
    packet.metadata = object(depth);
    if (ok_) packet.payload = payload(kind, depth);
    return packet;
  }

 private:
  void fail() {
    ok_ = false;
    rest_ = {};
  }

  std::string_view bytes(std::uint64_t size) {
    if (size > rest_.size()) {
      fail();
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  template <typename Number>
  Number number() {
    Number result{};
    const std::string_view taken = bytes(sizeof(Number));
    if (ok_) std::memcpy(&result, taken.data(), sizeof(Number));
    return result;
  }

  template <typename Choice>
  Choice choice(std::uint8_t last) {
    const auto number_of = number<std::uint8_t>();
    if (number_of > last) fail();
    return ok_ ? static_cast<Choice>(number_of) : Choice{};
  }

  bool flag() { return choice<std::uint8_t>(1) == 1; }

  std::string_view string() { return bytes(number<std::uint64_t>()); }

  // Every entry takes at least a byte, so that a count without entries ends at once.
  Value::Array array(int depth) {
    Value::Array entries;
    for (auto count = number<std::uint64_t>(); count > 0 && ok_; --count) {
      entries.push_back(value(depth + 1));
    }
    return entries;
  }

  Object object(int depth) {
    Object result;
    for (auto count = number<std::uint64_t>(); count > 0 && ok_; --count) {
      const std::string_view name = string();
      if (result.contains(name)) fail();
      result.set(name, value(depth + 1));
    }
    return result;
  }

  Payload payload(PayloadKind kind, int depth) {
    switch (kind) {
      case PayloadKind::audio:
        return audio();
      case PayloadKind::text:
        return std::string(string());
      case PayloadKind::json:
        return value(depth + 1);
      case PayloadKind::bytes: {
        const std::string_view taken = string();
        const auto* first = reinterpret_cast<const std::byte*>(taken.data());
        return Bytes(first, first + taken.size());
      }
      case PayloadKind::list: {
        Packets parts;
        for (auto count = number<std::uint64_t>(); count > 0 && ok_; --count) {
          parts.push_back(packet(depth + 1));
        }
        return std::make_shared<const Packets>(std::move(parts));
      }
      case PayloadKind::object:
        fail();
        return {};
      default:
        return {};
    }
  }

  AudioBuffer audio() {
    const auto format = choice<SampleFormat>(static_cast<std::uint8_t>(SampleFormat::i32));
    const bool one_dimensional = flag();
    const auto channels = number<std::int32_t>();
    const auto rate = number<std::int32_t>();
    const auto frames = number<std::uint64_t>();
    const std::size_t sample = bytes_per_sample(format);
    if (channels < 1 || channels > kMaxChannels || rate < kMinRate || rate > kMaxRate ||
        (one_dimensional && channels != 1) ||
        frames > rest_.size() / (sample * static_cast<std::size_t>(channels))) {
      fail();
      return {};
    }
    AudioBuffer audio = AudioBuffer::allocate(format, channels, frames, rate);
    for (int c = 0; c < channels && frames > 0; ++c) {
      const std::string_view taken = bytes(frames * sample);
      std::memcpy(plane_of(audio, c), taken.data(), taken.size());
    }
    audio.one_dimensional = one_dimensional;
    return audio;
  }

  static void* plane_of(AudioBuffer& audio, int channel) {
    switch (audio.format()) {
      case SampleFormat::i16:
        return audio.mutable_channel<std::int16_t>(channel).data();
      case SampleFormat::i32:
        return audio.mutable_channel<std::int32_t>(channel).data();
      default:
        return audio.mutable_channel<float>(channel).data();
    }
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

void append_packet(const Packet& packet, std::string& out) { append_packet(packet, out, 0); }

void append_value(const Value& value, std::string& out) { append_value(value, out, 0); }

std::optional<Packet> packet_of(std::string_view bytes) {
  Parser parser(bytes);
  Packet packet = parser.packet(0);
  if (!parser.succeeded()) return std::nullopt;
  return packet;
}

std::optional<Value> value_of(std::string_view bytes) {
  Parser parser(bytes);
  Value value = parser.value(0);
  if (!parser.succeeded()) return std::nullopt;
  return value;
}

}  // namespace remotemedia
