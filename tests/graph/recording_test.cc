#include "remotemedia/graph/recording.h"

#include "remotemedia/base/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia {
namespace {

using testing::HasSubstr;

template <typename Sample>
AudioBuffer audio_of(int rate, const std::vector<std::vector<Sample>>& channels) {
  AudioBuffer audio = AudioBuffer::allocate(
      sample_format_of<Sample>, static_cast<int>(channels.size()), channels[0].size(), rate);
  for (std::size_t c = 0; c < channels.size(); ++c) {
    std::ranges::copy(channels[c], audio.mutable_channel<Sample>(static_cast<int>(c)).begin());
  }
  return audio;
}

Packet packet_of(Payload payload, Object metadata = {}) {
  Packet packet;
  packet.payload = std::move(payload);
  packet.metadata = std::move(metadata);
  return packet;
}

Bytes bytes_of(std::string_view text) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

/// One packet of each kind, with values of each kind in the metadata and in the envelope.
std::vector<Packet> all_kinds() {
  const float nan = std::bit_cast<float>(0x7fc12345U);
  const double infinity = std::numeric_limits<double>::infinity();
  std::vector<Packet> packets;
  packets.push_back(packet_of(audio_of<float>(8'000, {{1, -0.0F, nan}, {0.1F, 2, 3}}),
                              {{"int", std::numeric_limits<std::int64_t>::min()},
                               {"number", -0.0},
                               {"huge", infinity},
                               {"none", nullptr},
                               {"flags", Value::Array{true, false}},
                               {"inner", Object{{"text", std::string("a\0b\xff", 4)}}}}));
  AudioBuffer flat = audio_of<std::int16_t>(192'000, {{-32'768, 32'767}});
  flat.one_dimensional = true;
  packets.push_back(packet_of(flat));
  packets.push_back(packet_of(audio_of<std::int32_t>(44'100, {{1 << 30}, {-5}})));
  packets.push_back(packet_of(AudioBuffer::allocate(SampleFormat::f32, 3, 0, 16'000)));
  packets.push_back(packet_of(std::string("words")));
  packets.push_back(packet_of(Value(Object{{"a", Value::Array{1, 1.0, "x"}}})));
  packets.push_back(packet_of(bytes_of({"\0\1\2", 3})));
  packets.push_back(packet_of(std::monostate{}));
  packets.push_back(packet_of(std::make_shared<const Packets>(packets.begin(), packets.end())));
  Packet& last = packets.back();
  last.stream_id = 4'000'000'000U;
  last.generation = 3;
  last.sequence = ~std::uint64_t{0};
  last.timestamp = Time(-5);
  last.port = 65'535;
  last.ends_clip = true;
  last.form = ItemForm::array;
  return packets;
}

const RecordingInfo kInfo{.library = "0.0.1",
                          .simd = "SSE4",
                          .outputs = {"a", "b"},
                          .manifest = Object{{"version", "v1"}}};

/// A recording in which every input comes out on both outputs.
std::string recording_of(const std::vector<Packet>& packets) {
  std::string bytes;
  RecordingWriter writer(kInfo, [&](std::string_view part) { bytes += part; });
  for (const Packet& packet : packets) {
    writer.input(packet);
    writer.output(0, packet);
    writer.output(1, packet);
  }
  writer.finish();
  writer.close();
  return bytes;
}

RecordingReader reader_of(std::string bytes) {
  const auto source = [bytes = std::move(bytes), at = std::size_t{0}](char* data,
                                                                      std::size_t size) mutable {
    const std::size_t count = std::min(size, bytes.size() - at);
    std::memcpy(data, bytes.data() + at, count);
    at += count;
    return count;
  };
  return {source, "x.rmrec"};
}

void expect_same(const Packet& actual, const Packet& expected) {
  const auto difference = first_difference(expected, actual);
  EXPECT_FALSE(difference) << difference->field;
}

std::vector<Packet> inputs_of(const std::string& bytes) {
  RecordingReader reader = reader_of(bytes);
  std::vector<Packet> inputs;
  while (auto input = reader.next_input()) {
    if (!input->is_finish) inputs.push_back(std::move(input->packet));
  }
  return inputs;
}

std::string refusal_of(const std::string& bytes) {
  try {
    inputs_of(bytes);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Recording, KeepsEveryKindOfPacketBitForBit) {
  const std::vector<Packet> packets = all_kinds();
  const std::string bytes = recording_of(packets);
  const std::vector<Packet> inputs = inputs_of(bytes);
  ASSERT_EQ(inputs.size(), packets.size());
  for (std::size_t i = 0; i < packets.size(); ++i) expect_same(inputs[i], packets[i]);
  RecordingReader reader = reader_of(bytes);
  EXPECT_EQ(reader.info().outputs, kInfo.outputs);
  EXPECT_EQ(reader.info().library, "0.0.1");
  EXPECT_EQ(reader.info().simd, "SSE4");
  EXPECT_EQ(reader.info().manifest, kInfo.manifest);
  for (std::size_t i = 0; i < 2 * packets.size(); ++i) {
    const auto output = reader.next_output();
    ASSERT_TRUE(output);
    EXPECT_EQ(output->output, i % 2);
    expect_same(output->packet, packets[i / 2]);
  }
  EXPECT_FALSE(reader.next_output());
  EXPECT_FALSE(reader.next_output()) << "the end stays the end";
  EXPECT_EQ(recording_of(inputs), bytes);
}

TEST(Recording, KeepsPacketsOfManyRecordsAndWritesThemInBlocks) {
  std::vector<float> samples(1'000'000);
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<float>(i);
  const Packet packet = packet_of(audio_of<float>(48'000, {samples}));
  std::size_t largest = 0;
  std::string bytes;
  RecordingWriter writer(kInfo, [&](std::string_view part) {
    largest = std::max(largest, part.size());
    bytes += part;
  });
  writer.input(packet);
  writer.close();
  EXPECT_LT(largest, 1'100'000U);
  const std::vector<Packet> inputs = inputs_of(bytes);
  ASSERT_EQ(inputs.size(), 1U);
  expect_same(inputs[0], packet);
}

TEST(Recording, KeepsAChannelOfAViewWhereverItLies) {
  const AudioBuffer audio = audio_of<float>(8'000, {{1, 2, 3, 4}, {5, 6, 7, 8}});
  const Packet packet = packet_of(audio.slice(1, 2));
  const std::vector<Packet> inputs = inputs_of(recording_of({packet}));
  expect_same(inputs[0], packet_of(audio_of<float>(8'000, {{2, 3}, {6, 7}})));
}

TEST(Recording, FindsDamageInEveryByte) {
  const std::string bytes = recording_of(all_kinds());
  ASSERT_LT(bytes.size(), 10'000U);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const unsigned flip : {1U, 0x80U, 0xffU}) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(static_cast<unsigned char>(damaged[i]) ^ flip);
      EXPECT_NE(refusal_of(damaged), "") << "byte " << i;
    }
  }
}

TEST(Recording, FindsWhatIsCutOffAddedOrMoved) {
  const std::string bytes = recording_of(all_kinds());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_NE(refusal_of(bytes.substr(0, size)), "") << size;
  }
  EXPECT_NE(refusal_of(bytes + '\0'), "");
  const std::vector<Packet> one{packet_of(std::string("same"))};
  // Two equal records: one of them may not go.
  const std::string twice = recording_of({one[0], one[0]});
  const std::string once = recording_of(one);
  const std::size_t added = twice.size() - once.size();
  const std::size_t tail = 2 * (6 + 4);  // finish and end
  EXPECT_NE(
      refusal_of(twice.substr(0, twice.size() - tail - added) + twice.substr(twice.size() - tail)),
      "");
}

TEST(Recording, RefusesForeignFilesAndLaterVersionsByName) {
  EXPECT_THAT(refusal_of("RIFF....WAVE"), HasSubstr("x.rmrec is another kind of file"));
  EXPECT_THAT(refusal_of(""), HasSubstr("expected a recording"));
  std::string later = recording_of({});
  later[8] = 2;
  EXPECT_THAT(refusal_of(later), HasSubstr("x.rmrec is of format version 2, expected 1"));
  EXPECT_THAT(refusal_of(recording_of({}).substr(0, 40)), HasSubstr("cut off at byte"));
}

TEST(Recording, RefusesWhatItCannotKeep) {
  class Thing final : public ForeignObject {
   public:
    [[nodiscard]] std::string type_name() const override { return "a thing"; }
    [[nodiscard]] Value to_value() const override { return {}; }
    [[nodiscard]] ForeignPtr arithmetic(char /*op*/, double /*operand*/) const override {
      return nullptr;
    }
  };
  try {
    recording_of({packet_of(ForeignPtr(std::make_shared<Thing>()))});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("the packet holds a thing"));
  }
  Value deep;
  for (int i = 0; i < 200; ++i) deep = Value::Array{deep};
  EXPECT_THROW(recording_of({packet_of(deep)}), Error);
}

PacketDifference difference(const Packet& recorded, const Packet& replayed) {
  const auto found = first_difference(recorded, replayed);
  EXPECT_TRUE(found);
  return found.value_or(PacketDifference{});
}

TEST(FirstDifference, SaysWhichSampleDiffersAndHow) {
  const Packet recorded = packet_of(audio_of<float>(8'000, {{1, 2, 3}, {4, 5, 6}}));
  const Packet replayed = packet_of(audio_of<float>(8'000, {{1, 2, 9}, {4, 8, 6}}));
  const PacketDifference found = difference(recorded, replayed);
  EXPECT_EQ(found.field, "samples");
  EXPECT_EQ(found.frame, 1U) << "in time, not in memory";
  EXPECT_EQ(found.channel, 1);
  EXPECT_EQ(found.recorded, Value(5.0));
  EXPECT_EQ(found.replayed, Value(8.0));
}

TEST(FirstDifference, ComparesBits) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Packet zero = packet_of(audio_of<float>(8'000, {{nan, 0.0F}}));
  EXPECT_FALSE(first_difference(zero, zero));
  EXPECT_EQ(difference(zero, packet_of(audio_of<float>(8'000, {{nan, -0.0F}}))).frame, 1U);
  const Packet whole = packet_of(std::monostate{}, {{"x", 1}});
  EXPECT_EQ(difference(whole, packet_of(std::monostate{}, {{"x", 1.0}})).field, "metadata.x");
}

TEST(FirstDifference, NamesTheFieldOfEverythingElse) {
  const Packet base = packet_of(std::string("a"), {{"x", 1}, {"y", 2}});
  const auto field = [&](auto change) {
    Packet other = base;
    change(other);
    return difference(base, other).field;
  };
  EXPECT_EQ(field([](Packet& p) { p.payload = Value("a"); }), "kind");
  EXPECT_EQ(field([](Packet& p) { p.payload = std::string("b"); }), "text");
  EXPECT_EQ(field([](Packet& p) { p.metadata.erase("y"); }), "metadata.y");
  EXPECT_EQ(field([](Packet& p) { p.metadata.set("z", 3); }), "metadata.z");
  EXPECT_EQ(field([](Packet& p) { p.timestamp = Time(1); }), "timestamp_ns");
  EXPECT_EQ(field([](Packet& p) { p.ends_clip = true; }), "ends_clip");
  EXPECT_EQ(field([](Packet& p) { p.form = ItemForm::mapping; }), "form");
  EXPECT_EQ(field([](Packet& p) { p.stream_id = 1; }), "stream_id");
  EXPECT_EQ(field([](Packet& p) { p.generation = 1; }), "generation");
  EXPECT_EQ(field([](Packet& p) { p.sequence = 1; }), "sequence");
  EXPECT_EQ(field([](Packet& p) { p.port = 1; }), "port");
  const Packet audio = packet_of(audio_of<float>(8'000, {{1, 2}}));
  const auto of_audio = [&](AudioBuffer other) {
    return difference(audio, packet_of(std::move(other))).field;
  };
  EXPECT_EQ(of_audio(audio_of<float>(8'000, {{1}})), "frames");
  EXPECT_EQ(of_audio(audio_of<float>(16'000, {{1, 2}})), "sample_rate");
  EXPECT_EQ(of_audio(audio_of<float>(8'000, {{1, 2}, {1, 2}})), "channels");
  EXPECT_EQ(of_audio(audio_of<std::int32_t>(8'000, {{1, 2}})), "sample_format");
  const auto list = [](Packets parts) {
    return packet_of(std::make_shared<const Packets>(std::move(parts)));
  };
  EXPECT_EQ(difference(list({base, base}), list({base, packet_of(std::string("b"))})).field,
            "items[1].text");
  EXPECT_EQ(difference(list({base}), list({})).field, "items");
  EXPECT_EQ(difference(packet_of(bytes_of("ab")), packet_of(bytes_of("ac"))).field, "bytes[1]");
}

}  // namespace
}  // namespace remotemedia
