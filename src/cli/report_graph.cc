#include "cli/report_graph.h"

#include "cli/report_layout.h"
#include "cli/report_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace remotemedia::cli::report {
namespace {

constexpr double kPadding = 12.0;  // inside a box
constexpr double kMargin = 4.0;    // around the picture
constexpr double kLineHeight = 17.0;
constexpr double kMinBoxWidth = 104.0;
// Mean widths of a character of the fonts in the page's style, in pixels; a little wide, so that a
// text stays in its box in any system font.
constexpr double kNameWidth = 7.8;
constexpr double kTextWidth = 7.2;
constexpr double kCodeWidth = 7.1;
constexpr std::size_t kMaxLineBytes = 34;
constexpr std::size_t kMaxEndBytes = 24;  // names of what enters and leaves
constexpr std::size_t kMaxLines = 10;     // parameters of one node

using Out = std::back_insert_iterator<std::string>;

struct Line {
  const char* css;  ///< class
  std::string text;
};

struct Box {
  const char* css = "node";
  std::string tooltip;
  std::vector<Line> lines = {};
  double share = -1.0;  ///< of the nodes' time; negative = not known
};

struct Picture {
  std::vector<Box> boxes;
  std::vector<Link> links;
  std::vector<std::string> labels;  ///< of links
};

double char_width(const Line& line) {
  const std::string_view css = line.css;
  return css == "name" ? kNameWidth : css == "param" ? kCodeWidth : kTextWidth;
}

double line_width(const Line& line) {
  // Bytes that start a character.
  const auto characters = std::ranges::count_if(
      line.text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
  return static_cast<double>(characters) * char_width(line);
}

Size size_of(const Box& box) {
  double width = kMinBoxWidth - 2.0 * kPadding;
  for (const Line& line : box.lines) width = std::max(width, line_width(line));
  return {width + 2.0 * kPadding,
          static_cast<double>(box.lines.size()) * kLineHeight + 2.0 * kPadding - 4.0};
}

std::vector<std::string> set_parameters(const GraphNode& node) {
  std::vector<std::string> texts;
  for (const auto& [name, value] : node.parameters.values()) {
    const auto spec =
        std::ranges::find(node.type.parameters, std::string_view(name), &ParameterSpec::name);
    const bool is_default =
        spec != node.type.parameters.end() && spec->default_value.value_or(Value()) == value;
    if (is_default) continue;
    const String* text = value.as_string();
    texts.push_back(
        fmt::format("{} = {}", name, text != nullptr ? std::string(*text) : to_json(value)));
  }
  return texts;
}

Box node_box(const GraphNode& node) {
  Box box{.tooltip = fmt::format("{} ({})", node.id, node.type.name)};
  box.lines.push_back({"name", shortened(node.id, kMaxLineBytes)});
  box.lines.push_back({"type", shortened(node.type.name, kMaxLineBytes)});
  const std::vector<std::string> parameters = set_parameters(node);
  for (std::size_t i = 0; i < parameters.size() && i < kMaxLines; ++i) {
    box.lines.push_back({"param", shortened(parameters[i], kMaxLineBytes)});
    box.tooltip += "\n" + shortened(parameters[i], 10 * kMaxLineBytes);
  }
  if (parameters.size() > kMaxLines) {
    box.lines.push_back({"param", fmt::format("and {} more", parameters.size() - kMaxLines)});
  }
  return box;
}

Box end_box(std::string_view role, std::string_view name, std::string format) {
  Box box{.css = "end", .tooltip = fmt::format("{}: {}", role, name)};
  box.lines.push_back({"name", shortened(name, kMaxEndBytes)});
  if (!format.empty()) box.lines.push_back({"type", std::move(format)});
  return box;
}

// What the graph knows of a stream before a run.
std::string format_label(const StreamFormat& format) {
  std::vector<std::string> parts;
  if (format.rate > 0) parts.push_back(rate_text(format.rate));
  if (format.channels > 0) parts.push_back(channels_text(format.channels));
  if (format.sample_format_known) parts.push_back(sample_text(format.sample_format));
  return fmt::format("{}", fmt::join(parts, " "));
}

std::string link_label(const Graph& graph, const Edge& edge) {
  const GraphNode& from = graph.nodes()[edge.from];
  const GraphNode& to = graph.nodes()[edge.to];
  if (edge.output_port == 0 && edge.input_port == 0) return format_label(from.output);
  return shortened(fmt::format("{} → {}", from.type.outputs[edge.output_port].name,
                               to.type.inputs[edge.input_port].name),
                   kMaxLineBytes);
}

std::string result_label(const AudioResult& result) {
  if (result.items == 0) return {};
  return fmt::format("{} {} {}", rate_text(result.rate), channels_text(result.channels),
                     sample_text(result.format));
}

void connect(Picture& picture, std::size_t from, std::size_t to, std::string label) {
  picture.links.push_back(
      {.from = from, .to = to, .label_width = label.empty() ? 0.0 : line_width({"label", label})});
  picture.labels.push_back(std::move(label));
}

Picture picture_of(const Graph& graph, const InputLabel& input, const Results& results,
                   const Metrics& metrics) {
  Picture picture;
  if (!graph.inputs().empty()) {
    picture.boxes.push_back(
        end_box("input", input.name.empty() ? "input" : input.name, input.format));
  }
  double total_s = 0.0;
  for (const NodeMetrics& node : metrics.nodes) total_s += seconds(node.total);
  std::vector<std::size_t> box_of(graph.nodes().size());
  for (const std::size_t index : graph.order()) {
    box_of[index] = picture.boxes.size();
    picture.boxes.push_back(node_box(graph.nodes()[index]));
    if (total_s > 0.0 && index < metrics.nodes.size()) {
      picture.boxes.back().share = seconds(metrics.nodes[index].total) / total_s;
    }
  }
  for (const std::size_t index : graph.inputs()) connect(picture, 0, box_of[index], {});
  for (const GraphNode& node : graph.nodes()) {
    for (const Edge& edge : node.outgoing) {
      connect(picture, box_of[edge.from], box_of[edge.to], link_label(graph, edge));
    }
  }
  for (std::size_t i = 0; i < graph.outputs().size(); ++i) {
    const std::string name =
        graph.outputs().size() == 1 ? "output" : fmt::format("output {}", i + 1);
    picture.boxes.push_back(end_box("output", name, result_label(results.audio()[i])));
    connect(picture, box_of[graph.outputs()[i]], picture.boxes.size() - 1, {});
  }
  return picture;
}

void draw_link(Out out, const std::vector<Point>& points, const std::string& label) {
  fmt::format_to(out, R"svg(<path class="link" marker-end="url(#arrow)" d="M{:.1f} {:.1f})svg",
                 points[0].x, points[0].y);
  for (std::size_t i = 0; i + 1 < points.size(); i += 2) {
    const Point& a = points[i];
    const Point& b = points[i + 1];
    if (i > 0) fmt::format_to(out, "L{:.1f} {:.1f}", a.x, a.y);
    const double middle = (a.x + b.x) / 2.0;
    fmt::format_to(out, "C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}", middle, a.y, middle, b.y, b.x,
                   b.y);
  }
  fmt::format_to(out, R"("/>)");
  if (label.empty()) return;
  // Where the first curve arrives it is level; the label stands on the side it does not come from.
  const double side = points[0].y < points[1].y - 1.0 ? 14.0 : -6.0;
  fmt::format_to(out, R"(<text class="label" x="{:.1f}" y="{:.1f}">{}</text>)", points[1].x - 14.0,
                 points[1].y + side, escaped(label));
}

void draw_box(Out out, const Box& box, const Point& at, const Size& size) {
  fmt::format_to(out,
                 R"svg(<g class="{}" transform="translate({:.1f} {:.1f})"><title>{}</title>)svg",
                 box.css, at.x, at.y, escaped(box.tooltip));
  fmt::format_to(out, R"(<rect width="{:.1f}" height="{:.1f}" rx="7"/>)", size.width, size.height);
  double y = kPadding + 10.0;
  for (const Line& line : box.lines) {
    fmt::format_to(out, R"(<text class="{}" x="{}" y="{}">{}</text>)", line.css, kPadding, y,
                   escaped(line.text));
    y += kLineHeight;
  }
  if (box.share > 0.0) {
    // Within the round corners.
    fmt::format_to(out,
                   R"(<rect class="share" x="7" y="{:.1f}" width="{:.1f}" height="3" rx="1.5"/>)",
                   size.height - 5.0, std::max(2.0, (size.width - 14.0) * box.share));
  }
  fmt::format_to(out, "</g>\n");
}

}  // namespace

std::string graph_picture(const Graph& graph, const InputLabel& input, const Results& results,
                          const Metrics& metrics) {
  if (graph.nodes().size() > kMaxDrawnNodes) {
    return fmt::format(
        "<p>The graph has {}, too many for a picture. <code>remotemedia graph</code> "
        "prints it for Graphviz and Mermaid.</p>\n",
        counted(graph.nodes().size(), "node"));
  }
  const Picture picture = picture_of(graph, input, results, metrics);
  std::vector<Size> sizes;
  for (const Box& box : picture.boxes) sizes.push_back(size_of(box));
  const Layout layout = lay_out(sizes, picture.links);
  const double width = layout.size.width + 2.0 * kMargin;
  const double height = layout.size.height + 2.0 * kMargin;

  std::string svg;
  Out out(svg);
  // A picture a little wider than the page shrinks to it, a wider one is scrolled.
  constexpr double kSmallest = 0.75;
  fmt::format_to(
      out,
      R"(<div class="scroll" tabindex="0" role="region" aria-label="Picture of the graph">)"
      R"(<svg class="graph" style="width:{0:.0f}px;min-width:{1:.0f}px" role="img" )"
      R"(viewBox="{2} {2} {0:.1f} {3:.1f}" aria-label="Graph of {4}, from left to right">)",
      width, width * kSmallest, -kMargin, height, counted(graph.nodes().size(), "node"));
  fmt::format_to(out,
                 R"(<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" )"
                 R"(markerHeight="8" orient="auto"><path d="M0 .5 7.5 4 0 7.5z"/></marker></defs>)"
                 "\n");
  for (std::size_t i = 0; i < picture.links.size(); ++i) {
    draw_link(out, layout.links[i], picture.labels[i]);
  }
  for (std::size_t i = 0; i < picture.boxes.size(); ++i) {
    draw_box(out, picture.boxes[i], layout.boxes[i], sizes[i]);
  }
  svg += "</svg></div>\n";
  return svg;
}

}  // namespace remotemedia::cli::report
