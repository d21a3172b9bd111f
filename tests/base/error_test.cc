#include "remotemedia/base/error.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace remotemedia {
namespace {

TEST(Error, MessageEndsWithTheHint) {
  const ConfigError with("rate is 0", "pass the rate in Hz");
  EXPECT_STREQ(with.what(), "rate is 0; pass the rate in Hz");
  EXPECT_EQ(with.hint(), "pass the rate in Hz");
  const ConfigError without("rate is 0");
  EXPECT_STREQ(without.what(), "rate is 0");
  EXPECT_EQ(without.hint(), "");
}

TEST(Error, EachKindHasACodeOfItsOwn) {
  std::vector<std::unique_ptr<Error>> kinds;
  kinds.push_back(std::make_unique<ConfigError>("x"));
  kinds.push_back(std::make_unique<ManifestError>("x", "", 0));
  kinds.push_back(std::make_unique<NodeError>("id", "Type", "process", "x"));
  kinds.push_back(std::make_unique<IoError>("x", "path"));
  kinds.push_back(std::make_unique<WrongTypeError>("x"));
  std::set<std::string> codes;
  for (const auto& kind : kinds) codes.insert(kind->code());
  EXPECT_EQ(codes, (std::set<std::string>{"RM1000", "RM2000", "RM3000", "RM4000", "RM5000"}));
}

TEST(Error, ManifestErrorCarriesPointerAndLine) {
  const ManifestError error("the value is wrong", "/nodes/3/id", 12, "rename it");
  EXPECT_STREQ(error.what(), "Manifest error: the value is wrong; rename it");
  EXPECT_EQ(error.pointer(), "/nodes/3/id");
  EXPECT_EQ(error.line(), 12);
}

TEST(Error, NodeErrorNamesNodeTypeAndStage) {
  const NodeError error("vad", "VADNode", "flush", "it broke", "mend it");
  EXPECT_STREQ(error.what(),
               "Execution error: node 'vad' (VADNode) failed in flush: it broke; mend it");
  EXPECT_EQ(error.node_id(), "vad");
  EXPECT_EQ(error.node_type(), "VADNode");
  EXPECT_EQ(error.stage(), "flush");
}

TEST(Error, IoErrorKeepsThePath) {
  const IoError error("no such file", "/tmp/a.wav");
  EXPECT_STREQ(error.what(), "I/O error: no such file");
  EXPECT_EQ(error.path(), "/tmp/a.wav");
}

TEST(Error, IsAStandardRuntimeError) {
  EXPECT_THROW(throw WrongTypeError("expected audio"), std::runtime_error);
}

}  // namespace
}  // namespace remotemedia
