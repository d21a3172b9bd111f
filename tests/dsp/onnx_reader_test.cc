#include "dsp/onnx_reader.h"

#include "dsp/onnx_bytes.h"
#include "remotemedia/base/error.h"
#include "remotemedia/dsp/silero_vad.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace remotemedia::dsp {
namespace {

using namespace test;

const float kSix[] = {1, 2, 3, 4, 5, 6};

std::string small_model() {
  const std::string values = float_bytes(kSix);
  const std::string then_graph = bytes_field(1, bytes_field(4, "Conv")) +
                                 constant_node(tensor("a", {2, 3}, values)) +
                                 constant_node(number_field(2, 7) + bytes_field(8, "sizes") +
                                               bytes_field(9, std::string(8, '\1')));
  const std::string else_graph = constant_node(tensor("b", {6}, values));
  return model_of(branch("else_branch", else_graph) + branch("then_branch", then_graph));
}

std::string refusal_of(const std::string& model, std::string_view name = "then_branch") {
  try {
    read_branch_constants(as_bytes(model), name);
    return "not refused";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(OnnxReader, GivesTheFloatsOfOneBranch) {
  const std::string model = small_model();
  const auto tensors = read_branch_constants(as_bytes(model), "then_branch");
  ASSERT_EQ(tensors.size(), 1U);
  EXPECT_EQ(tensors[0].name, "a");
  EXPECT_THAT(tensors[0].shape, testing::ElementsAre(2, 3));
  ASSERT_EQ(tensors[0].bytes.size(), sizeof kSix);
  EXPECT_EQ(std::memcmp(tensors[0].bytes.data(), kSix, sizeof kSix), 0);
  EXPECT_EQ(read_branch_constants(as_bytes(model), "else_branch")[0].name, "b");
}

TEST(OnnxReader, TakesPackedDimensionsAndStepsOverWhatItDoesNotKnow) {
  const std::string fixed = varint(20 * 8 + 5) + "abcd" + varint(21 * 8 + 1) + "abcdefgh";
  const std::string packed = fixed + bytes_field(1, varint(3) + varint(2)) + number_field(2, 1) +
                             bytes_field(9, float_bytes(kSix)) + bytes_field(8, "c");
  const std::string model = model_of(branch("then_branch", fixed + constant_node(packed)));
  const auto tensors = read_branch_constants(as_bytes(model), "then_branch");
  ASSERT_EQ(tensors.size(), 1U);
  EXPECT_THAT(tensors[0].shape, testing::ElementsAre(3, 2));
}

TEST(OnnxReader, RefusesAModelThatIsCutOffAnywhere) {
  const std::string model = small_model();
  for (std::size_t size = 0; size < model.size(); ++size) {
    const std::string cut = model.substr(0, size);
    EXPECT_THAT(refusal_of(cut), testing::StartsWith("ONNX model is ")) << size;
  }
}

TEST(OnnxReader, RefusesWhatIsNoModel) {
  EXPECT_THAT(refusal_of(""), testing::HasSubstr("without an If node that has a then_branch"));
  EXPECT_THAT(refusal_of(small_model(), "other"), testing::HasSubstr("has a other"));
  EXPECT_THAT(refusal_of("\x0b"), testing::HasSubstr("a field of an unknown kind at byte 1"));
  EXPECT_THAT(refusal_of(std::string(11, '\xff')), testing::HasSubstr("a number without end"));
  EXPECT_THAT(refusal_of(varint(7 * 8 + 2) + varint(~std::uint64_t{0})),
              testing::HasSubstr("cut off at byte 11"));
}

TEST(OnnxReader, RefusesValuesThatDoNotFillTheirShape) {
  const std::string values = float_bytes(kSix);
  const std::uint64_t large = 0x7FFFFFFF;
  for (const auto& shape : std::vector<std::vector<std::uint64_t>>{
           {}, {2}, {2, 3, 2}, {large, large, large, large}, {0}, {6, 0}}) {
    const std::string model =
        model_of(branch("then_branch", constant_node(tensor("a", shape, values))));
    EXPECT_THAT(refusal_of(model), testing::HasSubstr("values do not fill its shape"));
  }
  const auto model_with = [&](const std::vector<std::uint64_t>& shape) {
    return model_of(branch("then_branch", constant_node(tensor("a", shape, values))));
  };
  EXPECT_THAT(refusal_of(model_with({~std::uint64_t{0}})), testing::HasSubstr("without bounds"));
  EXPECT_THAT(refusal_of(model_with({1, 1, 1, 1, 1, 1, 1, 1, 6})),
              testing::HasSubstr("more than 8 dimensions"));
}

TEST(SileroModel, RefusesAnotherModel) {
  const auto refusal = [](const std::string& model) -> std::string {
    try {
      SileroModel::parse(as_bytes(model));
      return "not refused";
    } catch (const Error& error) {
      return error.what();
    }
  };
  EXPECT_THAT(refusal(small_model()), testing::HasSubstr("without stft.forward_basis_buffer"));
  const std::string basis =
      constant_node(tensor("stft.forward_basis_buffer", {2, 3}, float_bytes(kSix)));
  EXPECT_THAT(refusal(model_of(branch("then_branch", basis))),
              testing::HasSubstr("stft.forward_basis_buffer is (2, 3), expected (258, 1, 256)"));
}

}  // namespace
}  // namespace remotemedia::dsp
