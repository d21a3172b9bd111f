#!/usr/bin/env python3
"""Design the sharp low-pass of quality "high" and write src/dsp/sharp_filter_table.cc.

Parks and McClellan's exchange: unlike a window it may ripple more in the pass band (5e-6, inaudible)
than in the stop band, which saves a tenth of the taps. Frequencies are those of a target rate of 16
kHz; the taps lie at three times the target rate. usage: design_sharp_filter.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

from scipy.signal import remez

TABLE = Path(__file__).resolve().parent.parent / "src/dsp/sharp_filter_table.cc"
HALF = 279  # odd, as half of the taps of a phase lie on each side

RATE = 48_000.0
# Edges in Hz and weights. -3 dB lies above 7600 Hz; the first lobes of the stop band may be 2 dB
# higher than the rest, as soxr's are.
BANDS = [0.0, 7_364.0, 8_000.0, 8_350.0, 8_400.0, RATE / 2]
GAINS = [1.0, 0.0, 0.0]
WEIGHTS = [1.0, 38.4, 48.0]

HEAD = """#include "dsp/sharp_filter.h"

namespace remotemedia::dsp {{

// Written by tools/design_sharp_filter.py. The filter is even: tap 0 is its centre.
const std::array<double, {count}> kSharpHighTaps = {{
    // clang-format off
"""
TAIL = """
    // clang-format on
}};

}}  // namespace remotemedia::dsp
""".replace("}}", "}")


def design() -> list[float]:
    """Give the centre tap and those right of it."""
    taps = remez(2 * HALF + 1, BANDS, GAINS, weight=WEIGHTS, fs=RATE, grid_density=32, maxiter=200)
    return [float(tap) for tap in taps[HALF:]]


def source(taps: list[float]) -> str:
    """Give the table as C++."""
    numbers = [f"{tap:.12e}," for tap in taps]
    rows = ["    " + " ".join(numbers[i : i + 4]) for i in range(0, len(numbers), 4)]
    return HEAD.format(count=len(taps)) + "\n".join(rows) + TAIL


def main() -> int:
    text = source(design())
    if sys.argv[1:] == ["--check"]:
        return int(TABLE.read_text() != text)
    TABLE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
