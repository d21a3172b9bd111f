#include "cli/table.h"

#include <algorithm>

namespace remotemedia::cli {
namespace {

constexpr std::size_t kGap = 2;
/// Wrapping to less than this reads worse than a line that is too long.
constexpr std::size_t kMinWrap = 24;

}  // namespace

std::vector<std::size_t> Table::widths() const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) widths.push_back(text_width(column.title));
  for (const std::vector<std::string>& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], text_width(row[i]));
  }
  return widths;
}

std::string Table::line(const std::vector<std::string>& cells,
                        const std::vector<std::size_t>& widths, std::size_t indent,
                        std::size_t screen) const {
  std::string text(indent, ' ');
  std::size_t position = indent;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string padding(widths[i] - text_width(cells[i]), ' ');
    if (columns_[i].align == Align::right) {
      text += padding + cells[i];
    } else if (i + 1 == cells.size()) {
      const std::size_t room = screen > position + kMinWrap ? screen - position : 0;
      text += wrapped(cells[i], room, position);
    } else {
      text += cells[i] + padding;
    }
    if (i + 1 < cells.size()) text += std::string(kGap, ' ');
    position += widths[i] + kGap;
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::string Table::text(const Terminal& terminal, std::size_t indent) const {
  const std::vector<std::size_t> wide = widths();
  const std::size_t screen = terminal.columns();
  std::vector<std::string> titles;
  for (const Column& column : columns_) titles.push_back(column.title);
  std::string result;
  if (std::ranges::any_of(titles, [](const std::string& title) { return !title.empty(); })) {
    result = terminal.faint(line(titles, wide, indent, 0)) + "\n";
  }
  for (const std::vector<std::string>& row : rows_)
    result += line(row, wide, indent, screen) + "\n";
  return result;
}

}  // namespace remotemedia::cli
