#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace remotemedia::cli::report {

struct Point {
  double x = 0.0;
  double y = 0.0;
};

struct Size {
  double width = 0.0;
  double height = 0.0;
};

/// Leads from a box to one with a higher index.
struct Link {
  std::size_t from = 0;
  std::size_t to = 0;
  double label_width = 0.0;  ///< that the first gap has to hold
};

/// Where everything stands in a picture that flows from left to right.
struct Layout {
  Size size = {};
  std::vector<Point> boxes;               ///< top left corners
  std::vector<std::vector<Point>> links;  ///< an even number of points: curves between 1st and 2nd,
                                          ///< 3rd and 4th, ..., straight lines between the others
};

/// Puts each box one column behind the last one that leads to it, orders each column so that links
/// cross little, and keeps chains straight. Links around a column get a place of their own in it.
Layout lay_out(std::span<const Size> boxes, std::span<const Link> links);

}  // namespace remotemedia::cli::report
