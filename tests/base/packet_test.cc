#include "remotemedia/base/packet.h"

#include "remotemedia/base/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia {
namespace {

using testing::HasSubstr;

class Thing : public ForeignObject {
 public:
  [[nodiscard]] std::string type_name() const override { return "Thing"; }
  [[nodiscard]] Value to_value() const override { return 42; }
  [[nodiscard]] ForeignPtr arithmetic(char, double) const override { return nullptr; }
};

Packet packet_of(Payload payload) {
  Packet packet;
  packet.payload = std::move(payload);
  return packet;
}

std::vector<std::pair<Payload, PayloadKind>> one_of_each() {
  return {{std::monostate(), PayloadKind::none},
          {AudioBuffer::allocate(SampleFormat::f32, 1, 1, 8000), PayloadKind::audio},
          {std::string("hello"), PayloadKind::text},
          {Value(1.5), PayloadKind::json},
          {Bytes{std::byte{1}}, PayloadKind::bytes},
          {std::make_shared<const Thing>(), PayloadKind::object},
          {std::make_shared<const Packets>(), PayloadKind::list}};
}

TEST(Packet, KindFollowsThePayload) {
  std::vector<std::string> names;
  for (const auto& [payload, kind] : one_of_each()) {
    EXPECT_EQ(packet_of(payload).kind(), kind);
    names.emplace_back(to_string(kind));
  }
  EXPECT_THAT(names,
              testing::ElementsAre("none", "audio", "text", "json", "bytes", "object", "list"));
}

TEST(Packet, AccessorsGiveOnlyTheirOwnKind) {
  for (const auto& [payload, kind] : one_of_each()) {
    const Packet packet = packet_of(payload);
    EXPECT_EQ(packet.audio() != nullptr, kind == PayloadKind::audio);
    EXPECT_EQ(packet.text() != nullptr, kind == PayloadKind::text);
    EXPECT_EQ(packet.json() != nullptr, kind == PayloadKind::json);
    EXPECT_EQ(packet.object() != nullptr, kind == PayloadKind::object);
    EXPECT_EQ(packet.list() != nullptr, kind == PayloadKind::list);
  }
}

TEST(Packet, WithKeepsTheEnvelope) {
  Packet packet = packet_of(std::string("a"));
  packet.metadata.set("speaker", "x");
  packet.stream_id = 3;
  packet.generation = 4;
  packet.sequence = 5;
  packet.timestamp = Time(6);
  packet.port = 7;
  packet.form = ItemForm::mapping;
  const Packet other = packet.with(Value(1));
  EXPECT_EQ(other.kind(), PayloadKind::json);
  EXPECT_EQ(other.metadata, packet.metadata);
  EXPECT_EQ(other.stream_id, 3U);
  EXPECT_EQ(other.generation, 4U);
  EXPECT_EQ(other.sequence, 5U);
  EXPECT_EQ(other.timestamp, Time(6));
  EXPECT_EQ(other.port, 7);
  EXPECT_EQ(other.form, ItemForm::mapping);
  EXPECT_EQ(packet.kind(), PayloadKind::text);
}

TEST(RequireAudio, GivesTheBufferItself) {
  const Packet packet = packet_of(AudioBuffer::allocate(SampleFormat::f32, 1, 8, 8000));
  EXPECT_EQ(&require_audio(packet), packet.audio());
}

TEST(RequireAudio, RefusesEverythingElseAndShowsTheItemForms) {
  for (const auto& [payload, kind] : one_of_each()) {
    if (kind == PayloadKind::audio) continue;
    const Packet packet = packet_of(payload);
    try {
      require_audio(packet);
      FAIL() << to_string(kind);
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("expected an audio item, got " + describe(packet)));
      EXPECT_THAT(error.hint(), HasSubstr("(array, sample_rate)"));
    }
  }
}

TEST(RequireAudio, RefusesABareArray) {
  Packet packet = packet_of(AudioBuffer::allocate(SampleFormat::f32, 1, 8, 8000));
  packet.form = ItemForm::array;
  try {
    require_audio(packet);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("got a bare array"));
  }
}

TEST(RequireValue, ReadsJsonTextObjectsAndLists) {
  EXPECT_EQ(require_value(packet_of(Value(2.5))), Value(2.5));
  EXPECT_EQ(require_value(packet_of(std::string("hi"))), Value("hi"));
  EXPECT_EQ(require_value(packet_of(std::make_shared<const Thing>())), Value(42));
  const auto list =
      std::make_shared<const Packets>(Packets{packet_of(Value(1)), packet_of(std::string("b"))});
  EXPECT_EQ(require_value(packet_of(list)), Value(Value::Array{1, "b"}));
}

TEST(RequireValue, RefusesAudioBytesAndNothing) {
  EXPECT_THROW(require_value(packet_of(AudioBuffer())), Error);
  EXPECT_THROW(require_value(packet_of(Bytes{})), Error);
  EXPECT_THROW(require_value(Packet()), Error);
  const auto list = std::make_shared<const Packets>(1);
  EXPECT_THROW(require_value(packet_of(list)), Error) << "a list is as good as its items";
}

TEST(Describe, NamesWhatThePacketHolds) {
  EXPECT_EQ(describe(packet_of(std::make_shared<const Thing>())), "Thing");
  EXPECT_EQ(describe(packet_of(Value(Object{}))), "json (object)");
  EXPECT_EQ(describe(packet_of(std::string())), "text");
  EXPECT_EQ(describe(Packet()), "none");
}

}  // namespace
}  // namespace remotemedia
