#include "graph/packet_bytes.h"
#include "remotemedia/graph/recording.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <string>
#include <utility>

namespace remotemedia {
namespace {

using Difference = std::optional<PacketDifference>;

bool same_bits(const Value& a, const Value& b) {
  std::string left;
  std::string right;
  append_value(a, left);
  append_value(b, right);
  return left == right;
}

Difference compare(std::string field, const Value& recorded, const Value& replayed) {
  if (same_bits(recorded, replayed)) return std::nullopt;
  return PacketDifference{std::move(field), std::nullopt, std::nullopt, recorded, replayed};
}

/// Of a number that may be larger than any JSON integer.
Difference compare_counts(std::string field, std::uint64_t recorded, std::uint64_t replayed) {
  if (recorded == replayed) return std::nullopt;
  return PacketDifference{std::move(field), std::nullopt, std::nullopt, std::to_string(recorded),
                          std::to_string(replayed)};
}

template <typename Sample>
Difference compare_samples(const AudioBuffer& recorded, const AudioBuffer& replayed) {
  const auto differ = [](Sample a, Sample b) {
    if constexpr (sizeof(Sample) == sizeof(std::uint16_t)) {
      return a != b;
    } else {  // NaN has bits too, and -0 others than 0
      return std::bit_cast<std::uint32_t>(a) != std::bit_cast<std::uint32_t>(b);
    }
  };
  Difference first;
  for (int c = 0; c < recorded.channels(); ++c) {
    const auto left = recorded.channel<Sample>(c);
    const auto right = replayed.channel<Sample>(c);
    const auto [a, b] =
        std::ranges::mismatch(left, right, [&](Sample x, Sample y) { return !differ(x, y); });
    if (a == left.end()) continue;
    const auto frame = static_cast<std::uint64_t>(a - left.begin());
    if (first && *first->frame <= frame) continue;
    const auto value = [](Sample sample) {
      if constexpr (std::is_same_v<Sample, float>) return Value(static_cast<double>(sample));
      if constexpr (!std::is_same_v<Sample, float>) return Value(static_cast<int>(sample));
    };
    first = PacketDifference{"samples", frame, c, value(*a), value(*b)};
  }
  return first;
}

Difference compare_audio(const AudioBuffer& recorded, const AudioBuffer& replayed) {
  Difference first =
      compare("sample_format", to_string(recorded.format()), to_string(replayed.format()));
  if (!first) first = compare("sample_rate", recorded.rate(), replayed.rate());
  if (!first) first = compare("channels", recorded.channels(), replayed.channels());
  if (!first) first = compare("frames", recorded.frames(), replayed.frames());
  if (!first) {
    first = compare("one_dimensional", recorded.one_dimensional, replayed.one_dimensional);
  }
  if (first) return first;
  switch (recorded.format()) {
    case SampleFormat::i16:
      return compare_samples<std::int16_t>(recorded, replayed);
    case SampleFormat::i32:
      return compare_samples<std::int32_t>(recorded, replayed);
    default:
      return compare_samples<float>(recorded, replayed);
  }
}

Difference compare_lists(const Packets& recorded, const Packets& replayed) {
  if (Difference sizes = compare("items", recorded.size(), replayed.size())) return sizes;
  for (std::size_t i = 0; i < recorded.size(); ++i) {
    Difference first = first_difference(recorded[i], replayed[i]);
    if (!first) continue;
    first->field = "items[" + std::to_string(i) + "]." + first->field;
    return first;
  }
  return std::nullopt;
}

Difference compare_bytes(const Bytes& recorded, const Bytes& replayed) {
  if (Difference sizes = compare("bytes", recorded.size(), replayed.size())) return sizes;
  const auto [a, b] = std::ranges::mismatch(recorded, replayed);
  if (a == recorded.end()) return std::nullopt;
  return compare("bytes[" + std::to_string(a - recorded.begin()) + "]", static_cast<int>(*a),
                 static_cast<int>(*b));
}

/// Of payloads of one kind.
Difference compare_payloads(const Packet& recorded, const Packet& replayed) {
  if (recorded.audio() != nullptr) return compare_audio(*recorded.audio(), *replayed.audio());
  if (recorded.text() != nullptr) return compare("text", *recorded.text(), *replayed.text());
  if (recorded.json() != nullptr) return compare("json", *recorded.json(), *replayed.json());
  if (recorded.list() != nullptr) return compare_lists(**recorded.list(), **replayed.list());
  if (const auto* bytes = std::get_if<Bytes>(&recorded.payload)) {
    return compare_bytes(*bytes, std::get<Bytes>(replayed.payload));
  }
  return std::nullopt;
}

Difference compare_metadata(const Object& recorded, const Object& replayed) {
  const auto value_in = [](const Object& metadata, std::string_view name) {
    const Value* found = metadata.find(name);
    return found == nullptr ? Value() : *found;
  };
  for (const auto& [name, value] : recorded) {
    const std::string field = "metadata." + std::string(name);
    if (!replayed.contains(name)) {
      return PacketDifference{field, std::nullopt, std::nullopt, value, {}};
    }
    if (Difference first = compare(field, value, value_in(replayed, name))) return first;
  }
  for (const auto& [name, value] : replayed) {
    if (recorded.contains(name)) continue;
    return PacketDifference{"metadata." + std::string(name), std::nullopt, std::nullopt, {}, value};
  }
  return std::nullopt;
}

Difference compare_envelopes(const Packet& recorded, const Packet& replayed) {
  Difference first =
      compare("timestamp_ns", recorded.timestamp.count(), replayed.timestamp.count());
  if (!first) first = compare("ends_clip", recorded.ends_clip, replayed.ends_clip);
  if (!first) {
    first = compare("form", static_cast<int>(recorded.form), static_cast<int>(replayed.form));
  }
  if (!first) first = compare_counts("stream_id", recorded.stream_id, replayed.stream_id);
  if (!first) first = compare_counts("generation", recorded.generation, replayed.generation);
  if (!first) first = compare_counts("sequence", recorded.sequence, replayed.sequence);
  if (!first) first = compare("port", int{recorded.port}, int{replayed.port});
  return first;
}

}  // namespace

std::optional<PacketDifference> first_difference(const Packet& recorded, const Packet& replayed) {
  Difference first = compare("kind", to_string(recorded.kind()), to_string(replayed.kind()));
  if (!first) first = compare_payloads(recorded, replayed);
  if (!first) first = compare_metadata(recorded.metadata, replayed.metadata);
  if (!first) first = compare_envelopes(recorded, replayed);
  return first;
}

}  // namespace remotemedia
