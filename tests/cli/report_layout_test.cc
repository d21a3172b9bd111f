#include "cli/report_layout.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace remotemedia::cli::report {
namespace {

constexpr Size kBox{100.0, 40.0};

bool overlap(const Layout& layout, std::size_t a, std::size_t b) {
  const Point& p = layout.boxes[a];
  const Point& q = layout.boxes[b];
  return p.x < q.x + kBox.width && q.x < p.x + kBox.width && p.y < q.y + kBox.height &&
         q.y < p.y + kBox.height;
}

void expect_sound(const Layout& layout, const std::vector<Link>& links) {
  for (std::size_t a = 0; a < layout.boxes.size(); ++a) {
    EXPECT_GE(layout.boxes[a].x, 0.0);
    EXPECT_GE(layout.boxes[a].y, 0.0);
    EXPECT_LE(layout.boxes[a].x + kBox.width, layout.size.width);
    EXPECT_LE(layout.boxes[a].y + kBox.height, layout.size.height + 1e-9);
    for (std::size_t b = 0; b < a; ++b) EXPECT_FALSE(overlap(layout, a, b)) << a << " " << b;
  }
  for (std::size_t i = 0; i < links.size(); ++i) {
    const std::vector<Point>& path = layout.links[i];
    ASSERT_EQ(path.size() % 2, 0U);
    EXPECT_DOUBLE_EQ(path.front().x, layout.boxes[links[i].from].x + kBox.width);
    EXPECT_DOUBLE_EQ(path.back().x, layout.boxes[links[i].to].x);
    for (std::size_t k = 1; k < path.size(); ++k) EXPECT_GE(path[k].x, path[k - 1].x);
  }
}

TEST(Layout, KeepsAChainOnOneLine) {
  const std::vector<Size> boxes(5, kBox);
  std::vector<Link> links;
  for (std::size_t i = 0; i < 4; ++i) links.push_back({.from = i, .to = i + 1});
  const Layout layout = lay_out(boxes, links);
  expect_sound(layout, links);
  for (const Point& box : layout.boxes) EXPECT_DOUBLE_EQ(box.y, layout.boxes[0].y);
  EXPECT_DOUBLE_EQ(layout.size.height, kBox.height);
}

TEST(Layout, SpreadsBranchesAroundWhereTheyPartAndMeet) {
  const std::vector<Size> boxes(5, kBox);
  const std::vector<Link> links{{.from = 0, .to = 1}, {.from = 0, .to = 2}, {.from = 0, .to = 3},
                                {.from = 1, .to = 4}, {.from = 2, .to = 4}, {.from = 3, .to = 4}};
  const Layout layout = lay_out(boxes, links);
  expect_sound(layout, links);
  EXPECT_DOUBLE_EQ(layout.boxes[0].y, layout.boxes[4].y);
  EXPECT_DOUBLE_EQ(layout.boxes[2].y, layout.boxes[0].y);
  EXPECT_EQ(layout.boxes[1].x, layout.boxes[3].x);
}

TEST(Layout, KeepsALongBranchStraightBesideAShortOne) {
  const std::vector<Size> boxes(5, kBox);
  const std::vector<Link> links{
      {.from = 0, .to = 1}, {.from = 1, .to = 2}, {.from = 2, .to = 3}, {.from = 0, .to = 4}};
  const Layout layout = lay_out(boxes, links);
  expect_sound(layout, links);
  EXPECT_DOUBLE_EQ(layout.boxes[2].y, layout.boxes[1].y);
  EXPECT_DOUBLE_EQ(layout.boxes[3].y, layout.boxes[1].y);
  EXPECT_NE(layout.boxes[4].y, layout.boxes[1].y);
}

TEST(Layout, LeadsALinkAroundTheBoxesThatItPasses) {
  const std::vector<Size> boxes(4, kBox);
  const std::vector<Link> links{
      {.from = 0, .to = 1}, {.from = 1, .to = 2}, {.from = 2, .to = 3}, {.from = 0, .to = 3}};
  const Layout layout = lay_out(boxes, links);
  expect_sound(layout, links);
  const std::vector<Point>& around = layout.links[3];
  ASSERT_EQ(around.size(), 6U);
  for (const std::size_t passed : {1U, 2U}) {
    const Point& box = layout.boxes[passed];
    const Point& in = around[2 * passed - 1];
    EXPECT_EQ(in.y, around[2 * passed].y);
    EXPECT_TRUE(in.y < box.y || in.y > box.y + kBox.height) << passed;
  }
}

TEST(Layout, LeavesRoomForTheLabelsOfLinks) {
  const std::vector<Size> boxes(2, kBox);
  const std::vector<Link> links{{.from = 0, .to = 1, .label_width = 150.0}};
  const Layout layout = lay_out(boxes, links);
  EXPECT_GT(layout.boxes[1].x - layout.boxes[0].x - kBox.width, 150.0);
}

TEST(Layout, IsSoundForAnyGraph) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    const std::vector<Size> boxes(30, kBox);
    std::uniform_int_distribution<std::size_t> box(0, boxes.size() - 1);
    std::vector<Link> links;
    for (int i = 0; i < 60; ++i) {
      const std::size_t a = box(random);
      const std::size_t b = box(random);
      if (a != b) links.push_back({.from = std::min(a, b), .to = std::max(a, b)});
    }
    SCOPED_TRACE(seed);
    expect_sound(lay_out(boxes, links), links);
  }
}

TEST(Layout, OfADenseGraphStaysCheap) {
  const std::vector<Size> boxes(200, kBox);
  std::vector<Link> links;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    for (std::size_t k = i + 1; k < boxes.size() && k < i + 21; ++k) {
      links.push_back({.from = i, .to = k});
    }
  }
  const Layout layout = lay_out(boxes, links);
  EXPECT_EQ(layout.links.size(), links.size());
  EXPECT_GT(layout.size.width, 200 * kBox.width);
}

TEST(Layout, OfNothingIsEmpty) {
  const Layout layout = lay_out({}, {});
  EXPECT_EQ(layout.size.width, 0.0);
  EXPECT_TRUE(layout.boxes.empty());
}

}  // namespace
}  // namespace remotemedia::cli::report
