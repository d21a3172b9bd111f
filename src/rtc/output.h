#pragma once

#include "remotemedia/rtc/address.h"
#include "rtc/bytes.h"

namespace remotemedia::rtc {

/// Where the parts of an endpoint put datagrams. Bytes are valid during the call.
class DatagramOutput {
 public:
  virtual ~DatagramOutput() = default;
  /// To the address that ICE has selected; dropped while there is none.
  virtual void send(Bytes datagram) = 0;
  virtual void send_to(const Address& to, Bytes datagram) = 0;
};

}  // namespace remotemedia::rtc
