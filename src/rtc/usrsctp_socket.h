#pragma once

#include "rtc/sctp.h"

#include <cstdint>
#include <usrsctp.h>

namespace remotemedia::rtc {

/// A socket of usrsctp with all its settings, which has begun an association: from kSctpPort to a
/// port of the peer, both at the address `id`. Null if there is no memory for it. Under the lock.
struct socket* open_usrsctp_socket(std::uintptr_t id, std::uint16_t peer_port);

}  // namespace remotemedia::rtc
