// Every native node, in a session with metrics, with its live input and the tripwire.

#include "realtime/live_session.h"
#include "remotemedia/dsp/format.h"

#include <cstdlib>
#include <filesystem>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace remotemedia::test {
namespace {

struct Row {
  const char* type;
  Object parameters;
  Input input;
  const char* what;  ///< of the input
  bool gives_results = true;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.type << ": " << row.what; }

/// As a microphone of 16 bits gives it.
Input as_i16(const Input& input) {
  return [input](std::size_t index) {
    Packet packet = input(index);
    packet.payload = dsp::convert_format(*packet.audio(), SampleFormat::i16).audio;
    return packet;
  };
}

/// As an ExtractAudioDataNode gives it.
Input as_array(const Input& input) {
  return [input](std::size_t index) {
    Packet packet = input(index);
    packet.form = ItemForm::array;
    return packet;
  };
}

/// With what a detector would say; speech and silence by turns, `speech_ms` of each.
Input marked(const Input& input, int milliseconds, int speech_ms) {
  return [=](std::size_t index) {
    Packet packet = input(index);
    const std::size_t turn =
        index * static_cast<std::size_t>(milliseconds) / static_cast<std::size_t>(speech_ms);
    packet.metadata.set("is_speech", turn % 2 == 0);
    return packet;
  };
}

Input texts() {
  return [](std::size_t index) {
    return Packet{}.with("sentence number " + std::to_string(index) + " of a long conversation");
  };
}

Input values(std::vector<Value> several) {
  return [several = std::move(several)](std::size_t index) {
    return Packet{}.with(several[index % several.size()]);
  };
}

Value calculation(const char* operation) {
  return Object{{"operation", operation}, {"args", Value::Array{7, 2.5}}};
}

constexpr int kWide = 16'000;
constexpr int kFull = 48'000;

std::vector<Row> rows() {
  const std::vector<Value> numbers{3, 2.5, Value::Array{1, 2.5, Value::Array{3, 4}}};
  const Object brief{{"min_speech_duration_s", 0.1},
                     {"silence_duration_s", 0.1},
                     {"pre_speech_buffer_s", 0.1},
                     {"max_silence_gap_s", 0.2}};
  return {
      {"AddNode", {{"addend", 2}}, values(numbers), "numbers and lists"},
      {"AddNode", {{"addend", 0.5}}, as_array(blocks(kFull, 2, 20)), "arrays"},
      {"AudioBuffer", {{"buffer_size_samples", 512}}, blocks(kWide, 1, 10), "10 ms"},
      {"AudioBuffer", {{"buffer_size_samples", 480}}, blocks(kFull, 2, 20), "20 ms"},
      {"AudioResampleNode", {}, blocks(kFull, 1, 10), "48 kHz, 10 ms"},
      {"AudioResampleNode", {}, as_i16(blocks(kFull, 2, 20)), "48 kHz stereo i16, 20 ms"},
      {"AudioResampleNode",
       {{"quality", "very_high"}, {"mono", true}},
       blocks(44'100, 2, 20),
       "44.1 kHz stereo, 20 ms"},
      {"AudioResampleNode", {{"quality", "low"}}, blocks(8'000, 1, 10), "8 kHz, 10 ms"},
      {"AudioResampleNode", {{"target_sample_rate", 48'000}}, blocks(kWide, 1, 20), "to 48 kHz"},
      {"AudioTransform", {}, blocks(kFull, 1, 10), "mono to stereo"},
      {"AudioTransform", {{"output_channels", 1}}, blocks(kFull, 2, 20), "stereo to mono"},
      {"AudioTransform", {{"output_channels", 2}}, blocks(kFull, 3, 20), "three channels to two"},
      {"BufferNode", {{"buffer_size", 10}}, texts(), "text"},
      {"BufferNode", {{"buffer_size", 4}}, blocks(kFull, 1, 20), "20 ms"},
      {"CalculatorNode", {}, values({calculation("add"), calculation("modulo")}), "requests"},
      {"CalculatorNode", {{"operation", "power"}, {"operand", 2}}, values(numbers), "numbers"},
      {"CalculatorNode", {{"operation", "divide"}, {"operand", 2}}, texts(), "text"},
      {"ExtractAudioDataNode", {}, blocks(kFull, 2, 20), "stereo, 20 ms"},
      {"FormatConverterNode", {{"target_format", "i16"}}, blocks(kWide, 1, 10), "10 ms"},
      {"FormatConverterNode",
       {{"target_format", "i16"}, {"dither", true}},
       blocks(kFull, 2, 20),
       "dither, stereo, 20 ms"},
      {"FormatConverterNode", {{"target_format", "f32"}}, as_i16(blocks(kFull, 2, 20)), "from i16"},
      {"FormatConverterNode", {{"target_format", "i32"}}, blocks(kFull, 2, 20), "to i32"},
      {"MultiplyNode", {{"factor", 2.5}}, values(numbers), "numbers and lists"},
      {"MultiplyNode", {}, as_array(blocks(kFull, 1, 20)), "arrays"},
      {"PassThroughNode", {}, blocks(kFull, 2, 20), "20 ms"},
      {"PassThroughNode", {}, texts(), "text"},
      {"PassThroughNode", {}, values({calculation("subtract")}), "json"},
      {"SileroVADNode", {}, blocks(kWide, 1, 10), "16 kHz, 10 ms"},
      {"SileroVADNode", {}, blocks(8'000, 1, 20), "8 kHz, 20 ms"},
      {"VADNode", {}, blocks(kWide, 1, 10), "16 kHz, 10 ms"},
      {"VADNode", {{"frame_duration_ms", 10}}, blocks(kFull, 2, 20), "48 kHz stereo, 20 ms"},
      {"VADNode", {}, as_i16(blocks(kFull, 2, 20)), "48 kHz stereo i16, 20 ms"},
      // Utterances of 0.5 s. The clip of one that is longer than 64 KiB comes from a store that all
      // threads share: see the last test.
      {"VADTriggeredBuffer", brief, marked(blocks(kWide, 1, 10), 10, 300), "utterances"},
      {"VADTriggeredBuffer",
       {{"max_silence_gap_s", 0.2}},
       marked(blocks(kWide, 1, 20), 20, 300),
       "too short utterances",
       false},
  };
}

bool is_real_time(const NodeType& type) { return type.make != nullptr && !type.offloaded; }

constexpr const char* kSilero = "SileroVADNode";
constexpr const char* kNoModel = "there is no silero_vad.onnx in " REMOTEMEDIA_TEST_MODELS;

/// Lets SileroVADNode find the model of the build; false if that has none.
bool find_silero_model() {
  ::setenv("REMOTEMEDIA_MODELS", REMOTEMEDIA_TEST_MODELS, 1);
  return std::filesystem::exists(REMOTEMEDIA_TEST_MODELS "/silero_vad.onnx");
}

TEST(NativeNodes, HaveARowEach) {
  std::set<std::string> expected;
  for (const NodeType* type : builtin_nodes().types()) {
    if (is_real_time(*type)) expected.insert(type->name);
  }
  std::set<std::string> present;
  for (const Row& row : rows()) present.insert(row.type);
  EXPECT_EQ(present, expected) << "each native type that is not offloaded needs a row above";
}

class NativeNode : public testing::TestWithParam<Row> {};

TEST_P(NativeNode, NeitherAllocatesNorLocksNorEntersTheSystem) {
  const Row& row = GetParam();
  if (std::string_view(row.type) == kSilero && !find_silero_model()) GTEST_SKIP() << kNoModel;
  LiveSession session(chain({{row.type, row.parameters}}));
  EXPECT_EQ(session.run(row.input) > 0, row.gives_results);
}

INSTANTIATE_TEST_SUITE_P(Of, NativeNode, testing::ValuesIn(rows()), [](const auto& of) {
  return std::string(of.param.type) + "_" + std::to_string(of.index);
});

// What a session of the server does with speech, with a policy around its last node.
class SpeechPipeline : public testing::TestWithParam<std::tuple<std::string, int>> {};

TEST_P(SpeechPipeline, NeitherAllocatesNorLocksNorEntersTheSystem) {
  const auto& [detector, milliseconds] = GetParam();
  if (detector == kSilero && !find_silero_model()) GTEST_SKIP() << kNoModel;
  Manifest manifest = chain({{"AudioResampleNode", {}},
                             {detector, {}},
                             {"FormatConverterNode", {{"target_format", "i16"}}}});
  manifest.nodes.back().policy.on_error = OnError::skip;
  LiveSession session(manifest);
  EXPECT_EQ(session.run(blocks(kFull, 1, milliseconds)), LiveSession::kMeasured);
}

INSTANTIATE_TEST_SUITE_P(With, SpeechPipeline,
                         testing::Combine(testing::Values(std::string("VADNode"), kSilero),
                                          testing::Values(10, 20)));

// What stays outside of the promise: clips longer than live blocks. If this no longer dies, move
// its row to the others.
TEST(NativeNodesDeathTest, TakeAnUtteranceOfMoreThan64KiBFromASharedStore) {
  const Object parameters{{"silence_duration_s", 0.1}};
  const Input input = marked(blocks(kWide, 1, 20), 20, 2'000);
  EXPECT_DEATH(LiveSession(chain({{"VADTriggeredBuffer", parameters}})).run(input),
               "in VADTriggeredBuffer 'n0'");
}

}  // namespace
}  // namespace remotemedia::test
