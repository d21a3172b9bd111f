// Layered drawing after Sugiyama, Tagawa and Toda (1981): columns by longest path, order within
// them by the mean place of the neighbours, then heights that pull neighbours level.

#include "cli/report_layout.h"

#include <algorithm>
#include <numeric>

namespace remotemedia::cli::report {
namespace {

constexpr double kRowGap = 22.0;
constexpr double kMinColumnGap = 56.0;
constexpr double kLabelRoom = 26.0;  // around a label: the curve bends and the arrow ends there
constexpr double kPortGap = 12.0;    // between links on one side of a box
constexpr int kSweeps = 8;
// More would cost more time than a picture this dense could be worth.
constexpr std::size_t kMaxWaypoints = 5'000;

// A box, or the place where a link passes a column.
struct Cell {
  std::size_t column = 0;
  double height = 0.0;
  double y = 0.0;      // of the middle
  double order = 0.0;  // place in the column while it is sorted
  std::vector<std::size_t> left = {};
  std::vector<std::size_t> right = {};
};

using Column = std::vector<std::size_t>;

class Drawing {
 public:
  Drawing(std::span<const Size> boxes, std::span<const Link> links) : boxes_(boxes), links_(links) {
    place_in_columns();
    add_waypoints();
    for (std::size_t i = 0; i < cells_.size(); ++i) columns_[cells_[i].column].push_back(i);
    for (int i = 0; i < kSweeps; ++i) sort_columns(i % 2 == 0);
    stack_columns();
    for (int i = 0; i < kSweeps; ++i) level_columns(i % 2 == 0);
    level_columns(true);
  }

  [[nodiscard]] Layout result() const {
    Layout layout{.boxes = std::vector<Point>(boxes_.size()),
                  .links = std::vector<std::vector<Point>>(links_.size())};
    const std::vector<double> lefts = column_lefts();
    double top = 0.0;
    double bottom = 0.0;
    for (const Cell& cell : cells_) {
      top = std::min(top, cell.y - cell.height / 2.0);
      bottom = std::max(bottom, cell.y + cell.height / 2.0);
    }
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      layout.boxes[i] = {lefts[cells_[i].column], cells_[i].y - boxes_[i].height / 2.0 - top};
    }
    for (std::size_t i = 0; i < links_.size(); ++i) layout.links[i] = route(i, layout, lefts, top);
    layout.size = {columns_.empty() ? 0.0 : lefts.back() + widths_.back(), bottom - top};
    return layout;
  }

 private:
  void place_in_columns() {
    cells_.resize(boxes_.size());
    std::vector<std::vector<std::size_t>> targets(boxes_.size());
    for (const Link& link : links_) targets[link.from].push_back(link.to);
    std::size_t count = boxes_.empty() ? 0 : 1;
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      cells_[i].height = boxes_[i].height;
      for (const std::size_t to : targets[i]) {
        cells_[to].column = std::max(cells_[to].column, cells_[i].column + 1);
        count = std::max(count, cells_[to].column + 1);
      }
    }
    columns_.resize(count);
    widths_.resize(count, 0.0);
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      double& width = widths_[cells_[i].column];
      width = std::max(width, boxes_[i].width);
    }
  }

  void add_waypoints() {
    waypoints_.resize(links_.size());
    for (std::size_t i = 0; i < links_.size(); ++i) {
      std::size_t previous = links_[i].from;
      const std::size_t end = cells_[links_[i].to].column;
      for (std::size_t column = cells_[previous].column + 1; column < end; ++column) {
        if (cells_.size() - boxes_.size() >= kMaxWaypoints) break;
        cells_.push_back({.column = column});
        join(previous, cells_.size() - 1);
        previous = cells_.size() - 1;
        waypoints_[i].push_back(previous);
      }
      join(previous, links_[i].to);
    }
  }

  void join(std::size_t left, std::size_t right) {
    cells_[left].right.push_back(right);
    cells_[right].left.push_back(left);
  }

  [[nodiscard]] static const std::vector<std::size_t>& neighbours(const Cell& cell, bool forward) {
    return forward ? cell.left : cell.right;
  }

  // Visits the columns in the direction in which neighbours are already settled.
  template <typename Visit>
  void for_each_column(bool forward, Visit visit) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      visit(columns_[forward ? i : columns_.size() - 1 - i]);
    }
  }

  void sort_columns(bool forward) {
    for_each_column(forward, [&](Column& column) {
      for (std::size_t i = 0; i < column.size(); ++i) {
        Cell& cell = cells_[column[i]];
        const auto& others = neighbours(cell, forward);
        double sum = 0.0;
        for (const std::size_t other : others) sum += cells_[other].order;
        cell.order =
            others.empty() ? static_cast<double>(i) : sum / static_cast<double>(others.size());
      }
      std::ranges::stable_sort(column, {}, [&](std::size_t i) { return cells_[i].order; });
      for (std::size_t i = 0; i < column.size(); ++i) {
        cells_[column[i]].order = static_cast<double>(i);
      }
    });
  }

  [[nodiscard]] double distance(std::size_t above, std::size_t below) const {
    return (cells_[above].height + cells_[below].height) / 2.0 + kRowGap;
  }

  void stack_columns() {
    for (const Column& column : columns_) {
      double y = 0.0;
      for (std::size_t i = 0; i < column.size(); ++i) {
        if (i > 0) y += distance(column[i - 1], column[i]);
        cells_[column[i]].y = y;
      }
      for (const std::size_t i : column) cells_[i].y -= y / 2.0;
    }
  }

  // Moves each cell to the mean height of its neighbours, then apart where they would overlap.
  void level_columns(bool forward) {
    for_each_column(forward, [&](Column& column) {
      std::vector<double> wanted(column.size());
      for (std::size_t i = 0; i < column.size(); ++i) {
        const auto& others = neighbours(cells_[column[i]], forward);
        double sum = 0.0;
        for (const std::size_t other : others) sum += cells_[other].y;
        wanted[i] = others.empty() ? cells_[column[i]].y : sum / static_cast<double>(others.size());
      }
      move_apart(column, wanted);
    });
  }

  // Cells that would overlap form groups, each around the mean of what its members want.
  void move_apart(const Column& column, const std::vector<double>& wanted) {
    struct Group {
      std::size_t first = 0;
      std::size_t count = 0;
      double sum = 0.0;  // of what the members want of the first one
    };
    std::vector<double> offsets(column.size(), 0.0);  // from the top cell, packed
    std::vector<Group> groups;
    const auto top = [](const Group& group) {
      return group.sum / static_cast<double>(group.count);
    };
    for (std::size_t i = 0; i < column.size(); ++i) {
      if (i > 0) offsets[i] = offsets[i - 1] + distance(column[i - 1], column[i]);
      groups.push_back({.first = i, .count = 1, .sum = wanted[i] - offsets[i]});
      while (groups.size() > 1 && top(groups[groups.size() - 2]) > top(groups.back())) {
        groups[groups.size() - 2].count += groups.back().count;
        groups[groups.size() - 2].sum += groups.back().sum;
        groups.pop_back();
      }
    }
    for (const Group& group : groups) {
      for (std::size_t i = group.first; i < group.first + group.count; ++i) {
        cells_[column[i]].y = top(group) + offsets[i];
      }
    }
  }

  [[nodiscard]] std::vector<double> column_lefts() const {
    std::vector<double> gaps(columns_.size(), kMinColumnGap);  // behind each column
    for (const Link& link : links_) {
      double& gap = gaps[cells_[link.from].column];
      if (link.label_width > 0.0) gap = std::max(gap, link.label_width + kLabelRoom);
    }
    std::vector<double> lefts(columns_.size(), 0.0);
    for (std::size_t i = 1; i < lefts.size(); ++i) {
      lefts[i] = lefts[i - 1] + widths_[i - 1] + gaps[i - 1];
    }
    return lefts;
  }

  // Height at which a link leaves or enters a box: links on one side are spread by where they go.
  [[nodiscard]] double port(std::size_t link, bool leaving) const {
    const auto box_of = [&](std::size_t i) { return leaving ? links_[i].from : links_[i].to; };
    const auto other_y = [&](std::size_t i) {
      const auto& via = waypoints_[i];
      if (via.empty()) return cells_[leaving ? links_[i].to : links_[i].from].y;
      return cells_[leaving ? via.front() : via.back()].y;
    };
    const std::size_t box = box_of(link);
    double rank = 0.0;
    double count = 0.0;
    for (std::size_t i = 0; i < links_.size(); ++i) {
      if (box_of(i) != box) continue;
      count += 1.0;
      const double difference = other_y(i) - other_y(link);
      if (difference < 0.0 || (difference == 0.0 && i < link)) rank += 1.0;
    }
    const double gap = std::min(kPortGap, boxes_[box].height / (count + 1.0));
    return cells_[box].y + (rank - (count - 1.0) / 2.0) * gap;
  }

  [[nodiscard]] std::vector<Point> route(std::size_t link, const Layout& layout,
                                         const std::vector<double>& lefts, double top) const {
    const auto& [from, to, label] = links_[link];
    std::vector<Point> points{{layout.boxes[from].x + boxes_[from].width, port(link, true) - top}};
    for (const std::size_t waypoint : waypoints_[link]) {
      const Cell& cell = cells_[waypoint];
      points.push_back({lefts[cell.column], cell.y - top});
      points.push_back({lefts[cell.column] + widths_[cell.column], cell.y - top});
    }
    points.push_back({layout.boxes[to].x, port(link, false) - top});
    return points;
  }

  std::span<const Size> boxes_;
  std::span<const Link> links_;
  std::vector<Cell> cells_;  ///< the boxes, then the waypoints
  std::vector<Column> columns_;
  std::vector<double> widths_;                       ///< of columns
  std::vector<std::vector<std::size_t>> waypoints_;  ///< of links, from left to right
};

}  // namespace

Layout lay_out(std::span<const Size> boxes, std::span<const Link> links) {
  return Drawing(boxes, links).result();
}

}  // namespace remotemedia::cli::report
