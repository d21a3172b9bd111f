#include "rtc/dtls.h"

#include "graph/dice.h"
#include "rtc/openssl_clock.h"
#include "rtc/outbox.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace remotemedia::rtc::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using DtlsState = Dtls::State;

std::shared_ptr<const Identity> identity() {
  static const auto kIdentity = Identity::generate(1'700'000'000);
  return kIdentity;
}

/// Keeps the data of each record.
struct Records : RecordInput {
  std::optional<Drop> on_record(Bytes record, Time) override {
    taken.emplace_back(record.begin(), record.end());
    return std::nullopt;
  }
  std::vector<Datagram> taken;
};

struct Pair {
  explicit Pair(Sha256 expected = identity()->content().fingerprint)
      : server(identity(), Dtls::Role::server, {expected}, server_box),
        client(identity(), Dtls::Role::client, {identity()->content().fingerprint}, client_box) {
    set_openssl_clock(now);
  }

  /// Passes on what both have sent, unless `lost` says so, until nothing is left.
  template <typename Lost>
  void exchange(Lost lost) {
    while (!client_box.sent.empty() || !server_box.sent.empty()) {
      for (const Datagram& datagram : client_box.take()) {
        largest = std::max(largest, datagram.size());
        if (!lost()) server.receive(datagram, now, server_data);
      }
      for (const Datagram& datagram : server_box.take()) {
        largest = std::max(largest, datagram.size());
        if (!lost()) client.receive(datagram, now, client_data);
      }
    }
  }
  void exchange() {
    exchange([] { return false; });
  }
  void advance_to(Time time) {
    now = time;
    set_openssl_clock(now);
    client.advance(now);
    server.advance(now);
  }

  Records server_data;
  Records client_data;
  Outbox server_box;
  Outbox client_box;
  Time now{};
  std::size_t largest = 0;
  Dtls server;
  Dtls client;
};

bool same_keys(const Pair& pair) {
  const auto a = pair.server.export_keys();
  const auto b = pair.client.export_keys();
  return a && b && a->ours == b->theirs && a->theirs == b->ours && a->ours != a->theirs;
}

TEST(Dtls, BothSidesConnectAndAgreeOnKeys) {
  Pair pair;
  EXPECT_FALSE(pair.server.export_keys());
  pair.client.start(pair.now);
  pair.exchange();
  EXPECT_EQ(pair.server.state(), DtlsState::connected);
  EXPECT_EQ(pair.client.state(), DtlsState::connected);
  EXPECT_TRUE(same_keys(pair));
  EXPECT_EQ(pair.server.export_keys()->profile, SrtpProfile::aead_aes_128_gcm);
  EXPECT_LE(pair.largest, kMaxDatagram);
  EXPECT_EQ(pair.server.next_timeout(), Time::max());
}

TEST(Dtls, AHandshakeCompletesUnderLoss) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    Pair pair;
    remotemedia::test::Dice dice(seed);
    pair.client.start(pair.now);
    for (int round = 0; round < 40; ++round) {
      pair.exchange([&] { return dice.one_in(3); });
      const Time next = std::min(pair.server.next_timeout(), pair.client.next_timeout());
      if (next == Time::max()) break;
      ASSERT_LE(next - pair.now, seconds(4) + milliseconds(20));
      pair.advance_to(next);
    }
    EXPECT_EQ(pair.server.state(), DtlsState::connected) << "seed " << seed;
    EXPECT_EQ(pair.client.state(), DtlsState::connected) << "seed " << seed;
    EXPECT_TRUE(same_keys(pair));
  }
}

TEST(Dtls, WithoutAnswerItGivesUpWithinAMinute) {
  Pair pair;
  pair.client.start(pair.now);
  EXPECT_EQ(pair.client.next_timeout(), milliseconds(100));
  while (pair.client.state() == DtlsState::handshaking && pair.now < seconds(120)) {
    pair.advance_to(pair.client.next_timeout());
  }
  EXPECT_EQ(pair.client.state(), DtlsState::failed);
  EXPECT_LT(pair.now, seconds(60));
}

/// The hello of one record as two records, each a datagram.
std::array<Datagram, 2> in_two(const Datagram& hello) {
  constexpr std::size_t kRecord = 13;
  constexpr std::size_t kHandshake = 12;
  constexpr std::size_t kFirst = 60;
  const std::size_t length = hello.size() - kRecord - kHandshake;
  std::array<Datagram, 2> parts;
  for (std::size_t i = 0; i < 2; ++i) {
    const std::size_t offset = i * kFirst;
    const std::size_t size = i == 0 ? kFirst : length - kFirst;
    Datagram& part = parts[i];
    part.assign(hello.begin(), hello.begin() + kRecord + kHandshake);
    part[10] = static_cast<std::uint8_t>(part[10] + i);  // the record's sequence number
    part[11] = static_cast<std::uint8_t>((size + kHandshake) >> 8);
    part[12] = static_cast<std::uint8_t>(size + kHandshake);
    part[kRecord + 7] = static_cast<std::uint8_t>(offset >> 8);
    part[kRecord + 8] = static_cast<std::uint8_t>(offset);
    part[kRecord + 10] = static_cast<std::uint8_t>(size >> 8);
    part[kRecord + 11] = static_cast<std::uint8_t>(size);
    const auto body = hello.begin() + static_cast<std::ptrdiff_t>(kRecord + kHandshake + offset);
    part.insert(part.end(), body, body + static_cast<std::ptrdiff_t>(size));
  }
  return parts;
}

TEST(Dtls, TakesAHelloInTwoDatagramsInAnyOrder) {
  for (const bool reversed : {false, true}) {
    Pair pair;
    pair.client.start(pair.now);
    auto parts = in_two(pair.client_box.take().at(0));
    if (reversed) std::swap(parts[0], parts[1]);
    pair.server.receive(parts[0], pair.now, pair.server_data);
    EXPECT_TRUE(pair.server_box.sent.empty());
    pair.server.receive(parts[1], pair.now, pair.server_data);
    EXPECT_FALSE(pair.server_box.sent.empty()) << reversed;
  }
}

TEST(Dtls, AnotherCertificateThanTheDescribedOneIsRefused) {
  Pair pair(Sha256{1, 2, 3});
  pair.client.start(pair.now);
  pair.exchange();
  EXPECT_EQ(pair.server.state(), DtlsState::failed);
  EXPECT_STRNE(pair.server.problem(), "");
  EXPECT_FALSE(pair.server.export_keys());
}

TEST(Dtls, ForgedHellosDoNotEndASession) {
  Pair pair;
  pair.client.start(pair.now);
  const Datagram hello = pair.client_box.take().at(0);
  Datagram forged = hello;
  forged[59] = 255;  // a session id that is longer than the hello
  for (int i = 0; i < Dtls::kMaxRestarts; ++i) {
    EXPECT_EQ(pair.server.receive(forged, pair.now, pair.server_data), Drop::dtls_rejected);
  }
  pair.server_box.take();
  pair.server.receive(hello, pair.now, pair.server_data);
  pair.exchange();
  EXPECT_EQ(pair.server.state(), DtlsState::connected);
}

TEST(Dtls, GarbageAndCutRecordsHaveNoEffect) {
  Pair pair;
  pair.client.start(pair.now);
  const Datagram hello = pair.client_box.take().at(0);
  for (std::size_t size = 1; size < hello.size(); ++size) {
    pair.server.receive(Bytes(hello).first(size), pair.now, pair.server_data);
  }
  pair.server.receive(Datagram(100, 0x16), pair.now, pair.server_data);
  EXPECT_TRUE(pair.server_box.sent.empty());
  pair.server.receive(hello, pair.now, pair.server_data);
  pair.exchange();
  EXPECT_EQ(pair.server.state(), DtlsState::connected);
  for (std::size_t size = 1; size < hello.size(); size += 7) {
    pair.server.receive(Bytes(hello).first(size), pair.now, pair.server_data);
  }
  EXPECT_EQ(pair.server.state(), DtlsState::connected);
}

TEST(Dtls, AClosedSideTellsTheOther) {
  Pair pair;
  pair.client.start(pair.now);
  pair.exchange();
  pair.client.close();
  pair.exchange();
  EXPECT_EQ(pair.server.state(), DtlsState::closed);
  EXPECT_EQ(pair.server.receive(Datagram(20, 0x16), pair.now, pair.server_data), Drop::after_end);
}

}  // namespace
}  // namespace remotemedia::rtc::test
