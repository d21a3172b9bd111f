// Any bytes are a STUN message or none, and integrity is never found where the key is not known.

#include "fuzz/expect.h"
#include "rtc/stun.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace stun = remotemedia::rtc::stun;
  const remotemedia::rtc::Bytes bytes(data, size);
  const auto message = stun::parse(bytes);
  if (!message) return 0;
  remotemedia::fuzz::expect(!stun::has_integrity(bytes, *message, "a key that nobody else knows"),
                            "integrity needs the key");
  remotemedia::fuzz::expect(message->username.size() <= 513, "a user name is bounded");
  if (message->mapped) {
    stun::Writer again(stun::Class::success, message->transaction);
    const auto read = stun::parse(again.mapped(*message->mapped).finish("key"));
    remotemedia::fuzz::expect(read && read->mapped == message->mapped, "addresses are written");
  }
  return 0;
}
