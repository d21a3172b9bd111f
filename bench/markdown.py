"""Tables, numbers and units as the page writes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from timing import Times, spread


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Give a Markdown table; all columns but the first are numbers."""
    lines = [f"| {' | '.join(head)} |", "|---|" + "---:|" * (len(head) - 1)]
    lines += [f"| {' | '.join(cells)} |" for cells in rows]
    return "\n".join(lines) + "\n"


def picture(folder: str, name: str, what: str) -> str:
    """Give a Markdown image."""
    return f"![{what}]({folder}/{name}.svg)\n"


def x(ratio: float) -> str:
    """Write how many times as fast."""
    return f"{ratio:.2f}x" if ratio >= 0.1 else f"{ratio:.3f}x"


def time_text(value_us: float) -> str:
    """Write a time with its unit and three digits."""
    if value_us >= 1e6:
        return f"{value_us / 1e6:.3g} s"
    return f"{value_us / 1e3:.3g} ms" if value_us >= 1e3 else f"{value_us:.3g} us"


def percent(times: Times) -> str:
    """Write the spread."""
    return f"{100 * spread(times):.0f} %"
