// Protocol buffers: a message is a row of fields, each a key (number * 8 + wire type) and a value;
// wire types are 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes.

#include "dsp/onnx_reader.h"

#include "remotemedia/base/check.h"

#include <limits>
#include <optional>
#include <string>

namespace remotemedia::dsp {
namespace {

using Bytes = std::span<const std::byte>;

// Field numbers of onnx.proto.
constexpr std::uint64_t kModelGraph = 7;
constexpr std::uint64_t kGraphNode = 1;
constexpr std::uint64_t kNodeOperator = 4;
constexpr std::uint64_t kNodeAttribute = 5;
constexpr std::uint64_t kAttributeName = 1;
constexpr std::uint64_t kAttributeTensor = 5;
constexpr std::uint64_t kAttributeGraph = 6;
constexpr std::uint64_t kTensorDims = 1;
constexpr std::uint64_t kTensorType = 2;
constexpr std::uint64_t kTensorName = 8;
constexpr std::uint64_t kTensorRaw = 9;

constexpr std::uint64_t kFloat32 = 1;  // TensorProto.DataType
constexpr std::size_t kMostDimensions = 8;

struct Field {
  std::uint64_t number = 0;
  std::uint64_t value = 0;  ///< of a varint
  Bytes bytes;              ///< of the wire type with a length; empty else
};

/// The fields of one message, in order.
class MessageReader {
 public:
  /// `whole` is where positions in messages count from.
  MessageReader(Bytes whole, Bytes message) : begin_(whole.data()), rest_(message) {}

  /// False at the end.
  bool next(Field& field) {
    if (rest_.empty()) return false;
    const std::uint64_t key = varint();
    field = {.number = key >> 3U, .value = 0, .bytes = {}};
    switch (key & 7U) {
      case 0:
        field.value = varint();
        return true;
      case 1:
        take(8);
        return true;
      case 2:
        field.bytes = take(varint());
        return true;
      case 5:
        take(4);
        return true;
      default:
        fail("a field of an unknown kind");
    }
  }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = std::to_integer<std::uint64_t>(take(1)[0]);
      value |= (byte & 0x7FU) << shift;
      if (byte < 0x80U) return value;
    }
    fail("a number without end");
  }

  [[nodiscard]] bool empty() const { return rest_.empty(); }

  [[noreturn]] void fail(std::string_view found) const {
    refuse("ONNX model", std::string(found) + " at byte " + std::to_string(rest_.data() - begin_),
           "a whole one");
  }

 private:
  Bytes take(std::uint64_t count) {
    if (count > rest_.size()) fail("cut off");
    const Bytes taken = rest_.first(static_cast<std::size_t>(count));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

  const std::byte* begin_;
  Bytes rest_;
};

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Reads one branch; keeps the start of the model for the positions in messages.
class BranchReader {
 public:
  BranchReader(Bytes model, std::string_view branch) : model_(model), branch_(branch) {}

  std::vector<OnnxTensor> read() {
    MessageReader fields(model_, model_);
    Field field;
    while (fields.next(field)) {
      if (field.number != kModelGraph) continue;
      if (const auto graph = find_branch(field.bytes)) return constants_of(*graph);
    }
    refuse("ONNX model", "without an If node that has a " + std::string(branch_), "Silero VAD");
  }

 private:
  /// The branch's graph in the first If node of `graph`.
  [[nodiscard]] std::optional<Bytes> find_branch(Bytes graph) const {
    MessageReader fields(model_, graph);
    Field field;
    while (fields.next(field)) {
      if (field.number != kGraphNode || operator_of(field.bytes) != "If") continue;
      return attribute(field.bytes, branch_, kAttributeGraph);
    }
    return std::nullopt;
  }

  [[nodiscard]] std::vector<OnnxTensor> constants_of(Bytes graph) const {
    std::vector<OnnxTensor> tensors;
    MessageReader fields(model_, graph);
    Field field;
    while (fields.next(field)) {
      if (field.number != kGraphNode || operator_of(field.bytes) != "Constant") continue;
      if (const auto value = attribute(field.bytes, "value", kAttributeTensor)) {
        if (auto tensor = float_tensor(*value)) tensors.push_back(std::move(*tensor));
      }
    }
    return tensors;
  }

  [[nodiscard]] std::string_view operator_of(Bytes node) const {
    MessageReader fields(model_, node);
    Field field;
    std::string_view name;
    while (fields.next(field)) {
      if (field.number == kNodeOperator) name = text_of(field.bytes);
    }
    return name;
  }

  /// Field `number` of a node's attribute called `name`.
  [[nodiscard]] std::optional<Bytes> attribute(Bytes node, std::string_view name,
                                               std::uint64_t number) const {
    MessageReader fields(model_, node);
    Field field;
    while (fields.next(field)) {
      if (field.number != kNodeAttribute) continue;
      MessageReader parts(model_, field.bytes);
      Field part;
      std::string_view found;
      std::optional<Bytes> value;
      while (parts.next(part)) {
        if (part.number == kAttributeName) found = text_of(part.bytes);
        if (part.number == number) value = part.bytes;
      }
      if (found == name && value) return value;
    }
    return std::nullopt;
  }

  /// Nothing for a tensor that is not float32 or keeps its values in another field.
  [[nodiscard]] std::optional<OnnxTensor> float_tensor(Bytes message) const {
    MessageReader fields(model_, message);
    Field field;
    OnnxTensor tensor;
    std::uint64_t type = 0;
    bool raw = false;
    while (fields.next(field)) {
      if (field.number == kTensorDims) add_dimensions(field, tensor.shape);
      if (field.number == kTensorType) type = field.value;
      if (field.number == kTensorName) tensor.name = text_of(field.bytes);
      if (field.number != kTensorRaw) continue;
      tensor.bytes = field.bytes;
      raw = true;
    }
    if (type != kFloat32 || !raw) return std::nullopt;
    if (!fills_shape(tensor)) fields.fail("a tensor whose values do not fill its shape");
    return tensor;
  }

  /// Dimensions come one per field or packed into one.
  void add_dimensions(const Field& field, std::vector<std::int64_t>& shape) const {
    MessageReader packed(model_, field.bytes);
    if (packed.empty()) add_dimension(field.value, shape, packed);
    while (!packed.empty()) add_dimension(packed.varint(), shape, packed);
  }

  static void add_dimension(std::uint64_t size, std::vector<std::int64_t>& shape,
                            const MessageReader& at) {
    if (shape.size() == kMostDimensions) at.fail("a tensor of more than 8 dimensions");
    if (size > std::numeric_limits<std::int32_t>::max()) at.fail("a dimension without bounds");
    shape.push_back(static_cast<std::int64_t>(size));
  }

  static bool fills_shape(const OnnxTensor& tensor) {
    std::uint64_t count = 1;
    for (const std::int64_t size : tensor.shape) {
      // Both factors are below 2^32: the product is exact, and bounded for the next one.
      count *= static_cast<std::uint64_t>(size);
      if (count > tensor.bytes.size()) return false;
    }
    return count * sizeof(float) == tensor.bytes.size();
  }

  Bytes model_;
  std::string_view branch_;
};

}  // namespace

std::vector<OnnxTensor> read_branch_constants(std::span<const std::byte> model,
                                              std::string_view branch) {
  return BranchReader(model, branch).read();
}

}  // namespace remotemedia::dsp
