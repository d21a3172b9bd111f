#pragma once

#include "remotemedia/graph/graph.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace remotemedia {

/// Merges the metadata of consecutive blocks of one stream by the rules of the node types in the
/// graph (MetadataField::merge); fields that no type declares keep their last value.
class MetadataJoiner {
 public:
  explicit MetadataJoiner(const Graph& graph);
  /// By the rules of all types, for a node that joins blocks itself.
  explicit MetadataJoiner(const NodeRegistry& registry);
  void add(const Object& metadata);
  /// For audio that follows later on a block whose metadata have left already: the same metadata,
  /// without what would be counted twice (sums are 0, lists that grow are empty).
  [[nodiscard]] Object continued(const Object& metadata) const;
  /// The fields that a type declares.
  [[nodiscard]] Object declared(const Object& metadata) const;
  /// For a clip that becomes part of a stream in which it begins at `begin_s`: the same metadata,
  /// with the times that count from the clip's start counting from the stream's.
  [[nodiscard]] Object shifted(const Object& metadata, double begin_s) const;
  [[nodiscard]] const Object& result() const { return result_; }
  /// The result; the next block starts afresh.
  [[nodiscard]] Object take() { return std::exchange(result_, {}); }

 private:
  struct Rule {
    MetadataMerge merge = MetadataMerge::last;
    bool counts_from_clip = false;
  };
  void add_rules(const NodeType& type);

  std::map<std::string, Rule, std::less<>> rules_;
  Object result_;
};

/// Joins the blocks of a continuous graph's output into the item that the whole clip would have
/// given.
class PacketJoiner {
 public:
  explicit PacketJoiner(const Graph& graph) : metadata_(graph) {}
  /// Audio of one format, rate and channel count; configuration error if those change midway.
  void add(const Packet& packet);
  [[nodiscard]] bool empty() const { return blocks_.empty(); }
  /// The joined packet, empty if there was none; the envelope is the first block's, but
  /// it ends the clip if the last one did.
  [[nodiscard]] Packet take();

 private:
  MetadataJoiner metadata_;
  std::vector<Packet> blocks_;
};

}  // namespace remotemedia
