#include "remotemedia/base/nearest.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace remotemedia {
namespace {

const std::vector<std::string> kNames = {"target_sample_rate", "quality", "mono"};

TEST(Nearest, FindsTheNameWithFewestEdits) {
  EXPECT_EQ(nearest("target_sampel_rate", kNames), "target_sample_rate");
  EXPECT_EQ(nearest("qualty", kNames), "quality");
  EXPECT_EQ(nearest("mnoo", kNames), "mono");
}

TEST(Nearest, IgnoresCase) {
  EXPECT_EQ(nearest("QUALITY", kNames), "quality");
  const std::vector<std::string> types = {"VADNode"};
  EXPECT_EQ(nearest("vadnode", types), "VADNode");
}

TEST(Nearest, GivesNothingWhenNothingIsClose) {
  EXPECT_EQ(nearest("banana", kNames), "");
  EXPECT_EQ(nearest("", kNames), "");
  EXPECT_EQ(nearest("mono", {}), "");
}

TEST(Nearest, AllowsAThirdOfTheLengthAndTwoEditsForShortNames) {
  const std::vector<std::string> known = {"abcdefghi"};
  EXPECT_EQ(nearest("abcdefxyz", known), "abcdefghi");  // 3 of 9
  EXPECT_EQ(nearest("abcdexxyz", known), "");           // 4 of 9
  EXPECT_EQ(nearest("mo", kNames), "mono");
  const std::vector<std::string> two = {"ab"};
  EXPECT_EQ(nearest("xy", two), "") << "replacing every letter is no similarity";
}

TEST(Nearest, TakesTheFirstOfEquallyCloseNames) {
  const std::vector<std::string> known = {"node_b", "node_a"};
  EXPECT_EQ(nearest("node_c", known), "node_b");
}

TEST(Nearest, NamesFromHostileInputCostNothing) {
  EXPECT_EQ(nearest(std::string(1'000'000, 'a'), kNames), "");
}

TEST(DidYouMean, OffersTheNearestNameElseTheList) {
  EXPECT_EQ(did_you_mean("qualty", kNames), "did you mean 'quality'?");
  EXPECT_EQ(did_you_mean("banana", kNames), "known: target_sample_rate, quality, mono");
  EXPECT_EQ(did_you_mean("banana", {}), "");
}

TEST(DidYouMean, ListsAtMostThirtyNames) {
  std::vector<std::string> many;
  for (int i = 0; i < 31; ++i) many.push_back("candidate" + std::to_string(100 + i));
  const std::string text = did_you_mean("banana", many);
  EXPECT_TRUE(text.ends_with("candidate129, ...")) << text;
}

}  // namespace
}  // namespace remotemedia
