#include "bindings/packets.h"

#include "bindings/arrays.h"
#include "bindings/late_import.h"
#include "bindings/python_object.h"
#include "bindings/values.h"
#include "remotemedia/base/check.h"

#include <nanobind/stl/string.h>

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace remotemedia::bindings {

namespace nb = nanobind;

namespace {

LateImport packet_type("remotemedia._packet", "Packet");
LateImport audio_type("remotemedia._packet", "Audio");
LateImport collected_type("remotemedia._packet", "Collected");

constexpr const char* kForms[] = {"tuple", "mapping", "array"};  // in the order of ItemForm

struct ToPython {
  nb::object operator()(std::monostate /*nothing*/) const { return nb::none(); }
  nb::object operator()(const AudioBuffer& audio) const {
    return audio_type(to_numpy(audio), audio.rate());
  }
  nb::object operator()(const std::string& text) const { return to_python(std::string_view(text)); }
  nb::object operator()(const Value& value) const { return to_python(value); }
  nb::object operator()(const Bytes& bytes) const { return nb::bytes(bytes.data(), bytes.size()); }
  nb::object operator()(const ForeignPtr& object) const {
    return nb::borrow(static_cast<const PythonObject&>(*object).get());
  }
  nb::object operator()(const PacketList& packets) const {
    nb::list list;
    for (const Packet& packet : *packets) list.append(to_python(packet));
    return collected_type(list);
  }
};

AudioBuffer to_audio(nb::handle audio) {
  long long rate = 0;
  const nb::object given = audio.attr("rate");
  if (!nb::try_cast(given, rate)) {
    refuse_type("rate is " + name_of_type(given) + " " + shown(given) + ", expected an int in Hz");
  }
  check_rate("rate", rate);
  return borrow_array(audio.attr("samples"), static_cast<int>(rate));
}

PacketList to_list(nb::handle collected) {
  auto packets = std::make_shared<Packets>();
  for (const nb::handle packet : collected.attr("packets")) packets->push_back(to_packet(packet));
  return packets;
}

Payload to_payload(nb::object payload) {
  if (payload.is_none()) return std::monostate();
  if (audio_type.is_type_of(payload)) return to_audio(payload);
  if (PyUnicode_Check(payload.ptr())) return to_text(payload, "text");
  if (collected_type.is_type_of(payload)) return to_list(payload);
  return std::make_shared<const PythonObject>(std::move(payload));
}

ItemForm to_form(nb::handle form) {
  const auto name = nb::cast<std::string>(form);
  for (std::size_t i = 0; i < std::size(kForms); ++i) {
    if (name == kForms[i]) return static_cast<ItemForm>(i);
  }
  refuse_type("form is '" + name + "', expected 'tuple', 'mapping' or 'array'");
}

/// A field of the envelope, as the type it has in C++.
template <typename Field>
Field field(nb::handle packet, const char* name) {
  const nb::object value = packet.attr(name);
  Field result{};
  if (!nb::try_cast(value, result)) {
    refuse_type(std::string(name) + " of the packet is " + name_of_type(value) + " " +
                shown(value));
  }
  return result;
}

}  // namespace

nb::object to_python(const Packet& packet) {
  // In the order of its fields: names would be made anew for each call.
  return packet_type(std::visit(ToPython{}, packet.payload), to_python(packet.metadata),
                     kForms[static_cast<std::size_t>(packet.form)], packet.ends_clip,
                     packet.timestamp.count(), packet.sequence, packet.stream_id, packet.generation,
                     packet.port);
}

Packet to_packet(nb::handle packet) {
  if (!packet_type.is_type_of(packet)) {
    refuse_type("expected a Packet, got " + name_of_type(packet) + " " + shown(packet));
  }
  Packet result;
  result.payload = to_payload(packet.attr("payload"));
  result.metadata = to_object(packet.attr("metadata"), "metadata");
  result.stream_id = field<std::uint32_t>(packet, "stream_id");
  result.generation = field<std::uint32_t>(packet, "generation");
  result.sequence = field<std::uint64_t>(packet, "sequence");
  result.timestamp = Time(field<std::int64_t>(packet, "timestamp_ns"));
  result.port = field<std::uint16_t>(packet, "port");
  result.ends_clip = field<bool>(packet, "ends_clip");
  result.form = to_form(packet.attr("form"));
  return result;
}

}  // namespace remotemedia::bindings
