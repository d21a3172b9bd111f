"""Small SVG charts that read in light and dark: the page's colours follow the reader's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final

WIDTH: Final = 720
STYLE: Final = """
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.small { font-size: 11px; fill: #59636e; }
.title { font-size: 14px; font-weight: 600; }
.grid { stroke: #d1d9e0; stroke-width: 1; }
.ours { fill: #0b62d6; } .peer { fill: #8c959f; } .line { fill: none; stroke-width: 2; }
.s0 { stroke: #0b62d6; } .s1 { stroke: #c2410c; } .s2 { stroke: #15803d; } .s3 { stroke: #7e22ce; }
.f0 { fill: #0b62d6; } .f1 { fill: #c2410c; } .f2 { fill: #15803d; } .f3 { fill: #7e22ce; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .small { fill: #9198a1; } .grid { stroke: #3d444d; }
  .ours { fill: #58a6ff; } .peer { fill: #6e7681; }
  .s0 { stroke: #58a6ff; } .s1 { stroke: #fb923c; } .s2 { stroke: #4ade80; }
  .s3 { stroke: #c084fc; }
  .f0 { fill: #58a6ff; } .f1 { fill: #fb923c; } .f2 { fill: #4ade80; } .f3 { fill: #c084fc; }
}
"""


@dataclass
class Picture:
    """Shapes so far; y grows downwards."""

    title: str
    height: float
    shapes: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, words: str, style: str = "", anchor: str = "start") -> None:
        """Write words whose baseline is at y."""
        self.shapes.append(
            f'<text x="{x:.1f}" y="{y:.1f}" class="{style}" text-anchor="{anchor}">'
            f"{escape(words)}</text>"
        )

    def rectangle(self, x: float, y: float, width: float, height: float, style: str) -> None:
        """Fill a rectangle."""
        self.shapes.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{height:.1f}" '
            f'class="{style}"/>'
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, style: str = "grid") -> None:
        """Draw a straight line."""
        self.shapes.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{style}"/>'
        )

    def curve(self, points: Sequence[tuple[float, float]], style: str) -> None:
        """Draw a line through points."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.shapes.append(f'<polyline points="{path}" class="line {style}"/>')

    def dot(self, x: float, y: float, style: str, radius: float = 5) -> None:
        """Fill a circle."""
        self.shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" class="{style}"/>')

    def svg(self) -> str:
        """Give the document."""
        size = f'viewBox="0 0 {WIDTH} {self.height:.0f}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} width="{WIDTH}" role="img">'
        body = "\n".join(self.shapes)
        return (
            f"{head}\n<title>{escape(self.title)}</title>\n<style>{STYLE}</style>\n"
            f'<text x="0" y="16" class="title">{escape(self.title)}</text>\n{body}\n</svg>\n'
        )


@dataclass(frozen=True)
class LogAxis:
    """Values from `low` to `high` on a logarithmic scale, from pixel `start` to pixel `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Give the pixel of a value; values beyond the ends stay at them."""
        share = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        return self.start + min(share, 1.0) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Give 1, 2 and 5 times powers of ten within the range, or powers alone if it is wide."""
        steps = (1, 2, 5) if self.high / self.low < 300 else (1,)
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        values = [step * 10.0**power for power in range(first, last + 1) for step in steps]
        return [value for value in values if self.low <= value <= self.high]


def log_axis(values: Sequence[float], start: float, end: float) -> LogAxis:
    """Give an axis with some air around positive values."""
    return LogAxis(min(values) / 1.5, max(values) * 1.5, start, end)


def bars(title: str, note: str, rows: Sequence[tuple[str, float, str]], ours: str) -> str:
    """Draw one horizontal bar per (name, value, label) on a logarithmic scale."""
    picture = Picture(title, 62 + 24 * len(rows))
    axis = log_axis([value for _, value, _ in rows], 190, WIDTH - 90)
    bottom = 40 + 24 * len(rows)
    picture.text(0, 33, note, "small")
    for tick in axis.ticks():
        picture.line(axis.at(tick), 40, axis.at(tick), bottom)
        picture.text(axis.at(tick), bottom + 14, f"{tick:g}", "small", "middle")
    for i, (name, value, label) in enumerate(rows):
        top = 44 + 24 * i
        picture.text(182, top + 12, name, anchor="end")
        style = "ours" if name.startswith(ours) else "peer"
        picture.rectangle(axis.start, top, axis.at(value) - axis.start, 16, style)
        picture.text(axis.at(value) + 6, top + 12, label, "small")
    return picture.svg()


def scatter(
    title: str, note: str, y_name: str, points: Sequence[tuple[str, float, float]], ours: str
) -> str:
    """Draw named points: x on a logarithmic scale, y in dB; better is right and up."""
    picture = Picture(title, 440)
    axis = log_axis([x for _, x, _ in points], 60, WIDTH - 130)
    top_db = 10 * math.ceil(max(y for _, _, y in points) / 10)
    low_db = 10 * math.floor(min(y for _, _, y in points) / 10)

    def height(value: float) -> float:
        return 66 + (top_db - value) / (top_db - low_db) * 334

    picture.text(0, 33, note, "small")
    for level in range(low_db, top_db + 1, 20):
        picture.line(axis.start, height(level), axis.end, height(level))
        picture.text(axis.start - 6, height(level) + 4, f"{level}", "small", "end")
    picture.text(0, 49, y_name, "small")
    for tick in axis.ticks():
        picture.line(axis.at(tick), 66, axis.at(tick), 400)
        picture.text(axis.at(tick), 416, f"{tick:g}x", "small", "middle")
    taken: list[tuple[float, float]] = []
    for name, x, y in sorted(points, key=lambda point: point[2], reverse=True):
        style = "ours" if name.startswith(ours) else "peer"
        picture.dot(axis.at(x), height(y), style)
        label = height(y) + 4
        # Names of near points move down, one line each.
        while any(abs(label - other) < 12 and abs(axis.at(x) - at) < 130 for at, other in taken):
            label += 12
        taken.append((axis.at(x), label))
        picture.text(axis.at(x) + 8, label, name, "small")
    return picture.svg()


def ranges(
    title: str, note: str, rows: Sequence[tuple[str, float, float, float]], ours: str
) -> str:
    """Draw (name, p50, mean, p99) as a bar from the first to the last with a dot at the mean."""
    picture = Picture(title, 62 + 24 * len(rows))
    axis = log_axis([value for row in rows for value in row[1:]], 190, WIDTH - 90)
    bottom = 40 + 24 * len(rows)
    picture.text(0, 33, note, "small")
    for tick in axis.ticks():
        picture.line(axis.at(tick), 40, axis.at(tick), bottom)
        picture.text(axis.at(tick), bottom + 14, f"{tick:g}", "small", "middle")
    for i, (name, p50, mean, p99) in enumerate(rows):
        top = 44 + 24 * i
        style = "ours" if name.startswith(ours) else "peer"
        picture.text(182, top + 12, name, anchor="end")
        picture.rectangle(axis.at(p50), top + 3, axis.at(p99) - axis.at(p50), 10, style)
        picture.dot(axis.at(mean), top + 8, "f1", 4)
        picture.text(axis.at(max(p99, mean)) + 8, top + 12, f"{p99:.2f}", "small")
    return picture.svg()


def curves(
    title: str,
    note: str,
    lines: Sequence[tuple[str, Sequence[tuple[float, float]]]],
    points: Sequence[tuple[str, float, float]],
) -> str:
    """Draw ROC curves in the unit square, and single points for what only says yes or no."""
    picture = Picture(title, 486)
    left, top, size = 60.0, 66.0, 370.0

    def place(x: float, y: float) -> tuple[float, float]:
        return left + x * size, top + (1 - y) * size

    picture.text(0, 33, note, "small")
    for step in range(6):
        share = step / 5
        picture.line(*place(share, 0), *place(share, 1))
        picture.line(*place(0, share), *place(1, share))
        picture.text(place(share, 0)[0], top + size + 16, f"{share:g}", "small", "middle")
        picture.text(left - 6, place(0, share)[1] + 4, f"{share:g}", "small", "end")
    picture.text(left + size / 2, top + size + 34, "false alarms", "small", "middle")
    picture.text(0, 49, "speech found", "small")
    legend = top + 14
    for i, (name, line) in enumerate(lines):
        picture.curve([place(x, y) for x, y in line], f"s{i % 4}")
        picture.rectangle(left + size + 24, legend - 8, 16, 4, f"f{i % 4}")
        picture.text(left + size + 46, legend, name, "small")
        legend += 20
    for name, x, y in points:
        px, py = place(x, y)
        picture.dot(px, py, "peer", 4)
        picture.text(px + 7, py + 14, name, "small")
    return picture.svg()


def stacks(title: str, note: str, rows: Sequence[tuple[str, Sequence[tuple[str, float]]]]) -> str:
    """Draw (name, parts) as bars of milliseconds that are made of parts."""
    picture = Picture(title, 84 + 26 * len(rows))
    longest = max(sum(value for _, value in parts) for _, parts in rows)
    scale = (WIDTH - 290) / longest
    picture.text(0, 33, note, "small")
    for i, (name, parts) in enumerate(rows):
        top, x = 44 + 26 * i, 200.0
        picture.text(192, top + 13, name, anchor="end")
        for j, (_, value) in enumerate(parts):
            picture.rectangle(x, top, value * scale, 18, f"f{j % 4}")
            x += value * scale
        total = sum(value for _, value in parts)
        picture.text(x + 6, top + 13, f"{total:.2f} ms", "small")
    x, bottom = 200.0, 44 + 26 * len(rows) + 16
    for j, (part, _) in enumerate(rows[0][1]):
        picture.rectangle(x, bottom - 9, 10, 10, f"f{j % 4}")
        picture.text(x + 15, bottom, part, "small")
        x += 30 + 8 * len(part)
    return picture.svg()
