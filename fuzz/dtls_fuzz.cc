// Records that are lost, changed, repeated or made up, before and after the handshake: a side is
// connected only with the certificate that it expects, and gives only data that the other sent.

#include "fuzz/expect.h"
#include "rtc/dtls.h"
#include "rtc/openssl_clock.h"
#include "rtc/openssl_random.h"
#include "rtc/outbox.h"

#include <cstddef>
#include <cstdint>
#include <fuzzer/FuzzedDataProvider.h>
#include <vector>

namespace remotemedia::fuzz {
namespace {

using rtc::Dtls;
using rtc::test::Datagram;

constexpr std::uint8_t kData = 0xA5;

struct Side : rtc::RecordInput {
  Side(const std::shared_ptr<const rtc::Identity>& identity, Dtls::Role role)
      : dtls(identity, role, {identity->content().fingerprint}, box) {}
  std::optional<rtc::Drop> on_record(rtc::Bytes record, Time) override {
    for (const std::uint8_t byte : record) expect(byte == kData, "data is what the peer sent");
    return std::nullopt;
  }
  rtc::test::Outbox box;
  Dtls dtls;
};

class Conversation {
 public:
  Conversation() {
    rtc::test::set_openssl_clock(now_);
    client_.dtls.start(now_);
  }

  void act(FuzzedDataProvider& choose) {
    Side& from = choose.ConsumeBool() ? client_ : server_;
    Side& to = &from == &client_ ? server_ : client_;
    switch (choose.ConsumeIntegralInRange(0, 5)) {
      case 0:
        from.box.take();  // lost
        break;
      case 1:
        change(choose, from);
        break;
      case 2:
        to.dtls.receive(choose.ConsumeBytes<std::uint8_t>(choose.ConsumeIntegral<std::uint8_t>()),
                        now_, to);
        break;
      case 3:
        from.dtls.send(Datagram(choose.ConsumeIntegralInRange<std::size_t>(1, 1'132), kData));
        break;
      case 4:
        wait(std::chrono::milliseconds(choose.ConsumeIntegralInRange(0, 5'000)));
        break;
      default:
        deliver(from, to);
    }
  }

  void deliver(Side& from, Side& to) {
    for (const Datagram& datagram : from.box.take()) to.dtls.receive(datagram, now_, to);
  }

 private:
  static void change(FuzzedDataProvider& choose, Side& from) {
    if (from.box.sent.empty()) return;
    Datagram& last = from.box.sent.back();
    const auto at = choose.ConsumeIntegralInRange<std::size_t>(0, last.size() - 1);
    last[at] = choose.ConsumeIntegral<std::uint8_t>();
    if (choose.ConsumeBool()) last.resize(at);
    if (last.empty()) from.box.sent.pop_back();
  }

  void wait(Time time) {
    now_ += time;
    rtc::test::set_openssl_clock(now_);
    client_.dtls.advance(now_);
    server_.dtls.advance(now_);
  }

  static std::shared_ptr<const rtc::Identity> identity() {
    static const auto kIdentity = rtc::Identity::generate(1'700'000'000);
    return kIdentity;
  }

  Time now_{};
  Side server_{identity(), Dtls::Role::server};
  Side client_{identity(), Dtls::Role::client};
};

}  // namespace
}  // namespace remotemedia::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  remotemedia::rtc::test::seed_openssl_random(1);
  FuzzedDataProvider choose(data, size);
  remotemedia::fuzz::Conversation conversation;
  for (int i = 0; i < 64 && choose.remaining_bytes() > 0; ++i) conversation.act(choose);
  return 0;
}
