#pragma once

#include "remotemedia/base/packet.h"

#include <optional>
#include <string>
#include <string_view>

namespace remotemedia {

/// Deepest nesting of values, and of lists of packets; bounds what untrusted bytes can make us
/// recurse.
inline constexpr int kMaxNesting = 100;

/// Appends the packet, bit for bit with its envelope. Type error if it holds an object of an
/// embedding language, configuration error if it is nested deeper than kMaxNesting.
void append_packet(const Packet& packet, std::string& out);
/// Appends a value; the bytes are equal where all bits of the values are. Configuration error if it
/// is nested deeper than kMaxNesting.
void append_value(const Value& value, std::string& out);

/// The packet or value that makes up all of the bytes; nothing if they are not one.
std::optional<Packet> packet_of(std::string_view bytes);
std::optional<Value> value_of(std::string_view bytes);

}  // namespace remotemedia
