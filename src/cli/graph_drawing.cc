#include "cli/graph_drawing.h"

#include "cli/graph_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace remotemedia::cli {
namespace {

struct Glyphs {
  const char *node, *end, *lane, *across, *crossing, *branch, *fork, *fork_end, *join, *join_end;
};
constexpr Glyphs kUnicode{"●", "○", "│", "─", "┼", "├", "┬", "╮", "┴", "╯"};
constexpr Glyphs kAscii{"*", "o", "|", "-", "+", "|", "+", ".", "+", "'"};

/// A line of the picture: a node of the graph, its input or one of its outputs.
struct Stop {
  bool is_node = true;
  std::string label;
  std::string output;             ///< what flows on
  std::vector<std::size_t> next;  ///< stops further down
};

/// Lanes run downwards; each one is a connection on its way to a stop, or free.
class Lanes {
 public:
  explicit Lanes(const Glyphs& glyphs) : glyphs_(glyphs) {}

  /// Lanes that end at `stop`, from left to right; a new one if it has no connection.
  std::vector<std::size_t> ending_at(std::size_t stop) {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      if (lanes_[i] == stop) found.push_back(i);
    }
    if (found.empty()) found.push_back(start(stop, 0));
    return found;
  }

  /// Starts a lane in the first free place at or right of `from`.
  std::size_t start(std::size_t target, std::size_t from) {
    std::size_t place = from;
    while (place < lanes_.size() && lanes_[place]) ++place;
    if (place >= lanes_.size()) lanes_.resize(place + 1);
    lanes_[place] = target;
    return place;
  }
  void set(std::size_t lane, std::optional<std::size_t> target) { lanes_[lane] = target; }
  void trim() {
    while (!lanes_.empty() && !lanes_.back()) lanes_.pop_back();
  }

  /// All lanes, with `mark` at one of them.
  [[nodiscard]] std::string line(std::size_t marked, const char* mark) const {
    std::string text;
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      text += i == marked ? mark : lanes_[i] ? glyphs_.lane : " ";
      text += ' ';
    }
    return text;
  }
  [[nodiscard]] std::string line() const { return line(lanes_.size(), ""); }

  /// Lane `root` meets the lanes in `others`, which lie right of it.
  [[nodiscard]] std::string bridge(std::size_t root, const std::vector<std::size_t>& others,
                                   const char* inner, const char* last) const {
    std::string text;
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      const bool inside = i > root && i < others.back();
      const bool met = std::ranges::find(others, i) != others.end();
      if (i == root) {
        text += glyphs_.branch;
      } else if (met) {
        text += inside ? inner : last;
      } else if (lanes_[i]) {
        text += inside ? glyphs_.crossing : glyphs_.lane;
      } else {
        text += inside ? glyphs_.across : " ";
      }
      text += i >= root && i < others.back() ? glyphs_.across : " ";
    }
    return text;
  }

 private:
  const Glyphs& glyphs_;
  std::vector<std::optional<std::size_t>> lanes_;
};

std::string changed_parameters(const GraphNode& node) {
  std::string text;
  for (const auto& [name, value] : node.parameters.values()) {
    const auto spec =
        std::ranges::find(node.type.parameters, std::string_view(name), &ParameterSpec::name);
    const bool is_default =
        spec != node.type.parameters.end() && spec->default_value.value_or(Value()) == value;
    if (!is_default) text += fmt::format("  {}={}", name, to_json(value));
  }
  return text;
}

Stop make_stop(const GraphNode& node, const Terminal& terminal) {
  const std::string runtime = node.runtime == Runtime::python ? "  (python)" : "";
  return {.label = fmt::format("{}  {}{}{}", terminal.strong(node.id), node.type.name,
                               terminal.faint(changed_parameters(node)), runtime),
          .output = describe_format(node.output),
          .next = {}};
}

// The input first, then the nodes in order, each output right after its node.
std::vector<Stop> list_stops(const Graph& graph, const Terminal& terminal) {
  std::vector<Stop> stops;
  std::vector<std::size_t> place(graph.nodes().size());
  if (!graph.inputs().empty()) {
    stops.push_back({.is_node = false, .label = "input", .output = {}, .next = {}});
  }
  for (const std::size_t index : graph.order()) {
    place[index] = stops.size();
    stops.push_back(make_stop(graph.nodes()[index], terminal));
    if (std::ranges::find(graph.outputs(), index) == graph.outputs().end()) continue;
    stops.back().next.push_back(stops.size());
    stops.push_back({.is_node = false, .label = "output", .output = {}, .next = {}});
  }
  for (const std::size_t index : graph.inputs()) stops.front().next.push_back(place[index]);
  for (std::size_t i = 0; i < place.size(); ++i) {
    for (const Edge& edge : graph.nodes()[i].outgoing) {
      stops[place[i]].next.push_back(place[edge.to]);
    }
  }
  return stops;
}

std::string padded(const std::string& lanes, const std::string& text) {
  std::string line = "  " + lanes + " " + text;
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

// The lanes that lead on from a stop, and what flows there.
std::string draw_departure(Lanes& lanes, std::size_t lane, const Stop& stop, const Glyphs& glyphs,
                           const Terminal& terminal) {
  if (stop.next.empty()) {
    lanes.set(lane, std::nullopt);
    lanes.trim();
    return "";
  }
  lanes.set(lane, stop.next.front());
  std::vector<std::size_t> others;
  for (std::size_t i = 1; i < stop.next.size(); ++i) {
    others.push_back(lanes.start(stop.next[i], lane + 1));
  }
  const std::string drawn =
      others.empty() ? lanes.line() : lanes.bridge(lane, others, glyphs.fork, glyphs.fork_end);
  return padded(drawn, terminal.faint(stop.output));
}

}  // namespace

std::string draw_graph(const Graph& graph, const Terminal& terminal) {
  const Glyphs& glyphs = terminal.has_unicode() ? kUnicode : kAscii;
  const std::vector<Stop> stops = list_stops(graph, terminal);
  Lanes lanes(glyphs);
  std::string text;
  for (std::size_t i = 0; i < stops.size(); ++i) {
    std::vector<std::size_t> arriving = lanes.ending_at(i);
    const std::size_t lane = arriving.front();
    arriving.erase(arriving.begin());
    if (!arriving.empty()) {
      text += padded(lanes.bridge(lane, arriving, glyphs.join, glyphs.join_end), "");
      for (const std::size_t joined : arriving) lanes.set(joined, std::nullopt);
      lanes.trim();
    }
    text += padded(lanes.line(lane, stops[i].is_node ? glyphs.node : glyphs.end), stops[i].label);
    text += draw_departure(lanes, lane, stops[i], glyphs, terminal);
  }
  return text;
}

}  // namespace remotemedia::cli
