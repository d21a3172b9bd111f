#include "graph/document_builder.h"

#include "graph/manifest_problem.h"

#include <fmt/format.h>

#include <utility>

namespace remotemedia {
namespace {

// Longer names have no meaning in a manifest; the limit bounds the pointers that we keep.
constexpr std::size_t kMaxKeyBytes = 256;
// Objects are searched linearly; this keeps hostile ones from costing quadratic time.
constexpr std::size_t kMaxMembers = 1'000;
// Deeper values report the line of their nearest recorded parent.
constexpr std::size_t kMaxRecordedPointer = 512;

}  // namespace

void DocumentBuilder::scalar(Value value, int line) {
  record(next_pointer(), line);
  place(std::move(value));
}

void DocumentBuilder::begin_array(int line) { begin(Value(Value::Array{}), line); }

void DocumentBuilder::begin_object(int line) { begin(Value(Object{}), line); }

void DocumentBuilder::begin(Value empty, int line) {
  std::string pointer = next_pointer();
  record(pointer, line);
  if (open_.size() >= static_cast<std::size_t>(kMaxDocumentDepth)) {
    refuse_manifest(fmt::format("nested deeper than {} levels", kMaxDocumentDepth), "", line);
  }
  open_.push_back({std::move(empty), std::move(pointer), {}});
}

void DocumentBuilder::key(std::string name, int line) {
  Frame& frame = open_.back();
  if (name.size() > kMaxKeyBytes) {
    refuse_manifest(
        fmt::format("a field name has {} bytes, at most {} are allowed", name.size(), kMaxKeyBytes),
        frame.pointer, line);
  }
  if (frame.value.as_object()->contains(name)) {
    refuse_manifest(fmt::format("duplicate field '{}'", name), frame.pointer, line,
                    "remove one of the two");
  }
  if (frame.value.as_object()->size() >= kMaxMembers) {
    refuse_manifest(fmt::format("an object has more than {} fields", kMaxMembers), frame.pointer,
                    line);
  }
  frame.key = std::move(name);
}

void DocumentBuilder::end() {
  Value value = std::move(open_.back().value);
  open_.pop_back();
  place(std::move(value));
}

void DocumentBuilder::place(Value value) {
  if (open_.empty()) {
    document_.root = std::move(value);
  } else if (Value::Array* array = open_.back().value.as_array()) {
    array->push_back(std::move(value));
  } else {
    open_.back().value.as_object()->set(open_.back().key, std::move(value));
  }
}

std::string DocumentBuilder::next_pointer() const {
  if (open_.empty()) return {};
  const Frame& frame = open_.back();
  if (const Value::Array* array = frame.value.as_array()) {
    return child_pointer(frame.pointer, array->size());
  }
  return child_pointer(frame.pointer, frame.key);
}

void DocumentBuilder::record(const std::string& pointer, int line) {
  if (++values_ > kMaxDocumentValues) {
    refuse_manifest(fmt::format("more than {} values", kMaxDocumentValues), "", line,
                    "split the graph");
  }
  if (pointer.size() <= kMaxRecordedPointer) document_.lines.emplace(pointer, line);
}

}  // namespace remotemedia
