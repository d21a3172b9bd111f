#pragma once

#include "remotemedia/base/packet.h"

#include <nanobind/nanobind.h>

namespace remotemedia::bindings {

/// A remotemedia._packet.Packet with the same envelope. Audio and objects are shared, not copied.
nanobind::object to_python(const Packet& packet);

/// The inverse; type error if a field holds what a packet cannot carry.
Packet to_packet(nanobind::handle packet);

}  // namespace remotemedia::bindings
