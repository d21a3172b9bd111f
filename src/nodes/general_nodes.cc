// Nodes for items of any kind, and the types that only Python can run.

#include "nodes/node_types.h"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia::nodes {
namespace {

class PassThroughNode final : public NodeExecutor {
 public:
  explicit PassThroughNode(const Parameters&) {}
  void process(Packet packet, Emitter& out) override { out.emit(std::move(packet)); }
};

class BufferNode final : public NodeExecutor {
 public:
  explicit BufferNode(const Parameters& parameters)
      : size_(static_cast<std::size_t>(parameters.integer("buffer_size"))) {}

  void process(Packet packet, Emitter& out) override {
    held_.push_back(std::move(packet));
    if (held_.size() >= size_) flush(out);
  }

  void flush(Emitter& out) override {
    if (held_.empty()) return;
    Packet packet = held_.front().with({});
    packet.metadata = {};
    packet.ends_clip = false;  // lists are made across clips
    packet.payload =
        std::allocate_shared<const Packets>(BlockAllocator<Packets>(), std::exchange(held_, {}));
    out.emit(std::move(packet));
  }

 private:
  std::size_t size_;
  Packets held_;
};

}  // namespace

NodeType pass_through_type() {
  return {.name = "PassThroughNode",
          .summary = "Passes every item on unchanged.",
          .category = "general",
          .aliases = {"PassThrough"},
          .repeatable = true,
          .make = make_node<PassThroughNode>};
}

NodeType buffer_type() {
  return {.name = "BufferNode",
          .summary = "Collects items and gives them as a list; the rest comes at the end.",
          .category = "general",
          .parameters = {{.name = "buffer_size",
                          .type = ParameterType::integer,
                          .description = "Items per list.",
                          .default_value = 10,
                          .minimum = 1,
                          .maximum = 1'000'000,
                          .unit = "items"}},
          .outputs = {{.name = "default", .kinds = {PayloadKind::list}}},
          .continuous = false,
          .make = make_node<BufferNode>,
          .resolve = [](const Parameters&, const StreamFormat&) {
            return StreamFormat{.kind = PayloadKind::list};
          }};
}

NodeType text_transform_type() {
  return {.name = "TextTransformNode",
          .summary = "Applies a Python function to text, or to the text at the front of a tuple.",
          .category = "general",
          .parameters = {{.name = "transform_func",
                          .type = ParameterType::any,
                          .description = "Function from text to text."}},
          .continuous = false,
          .repeatable = true};
}

NodeType text_processor_type() {
  // Python only: case and title rules of Unicode come with Python, and differ in every C library.
  return {.name = "TextProcessorNode",
          .summary = "Applies the operations named in {text, operations} and gives all results.",
          .category = "general",
          .continuous = false,
          .repeatable = true};
}

}  // namespace remotemedia::nodes
