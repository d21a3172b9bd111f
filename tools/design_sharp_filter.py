#!/usr/bin/env python3
"""Design the sharp low-pass of quality "high" and write its tables, for C++ and Python.

Parks and McClellan's exchange: unlike a window it may ripple more in the pass band (6e-6) than in
the stop band, which saves a tenth of the taps. Frequencies are those of a target rate of 16 kHz;
the taps lie at three times the target rate. usage: design_sharp_filter.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

from scipy.signal import remez

ROOT = Path(__file__).resolve().parent.parent
HALF = 279  # odd, as half of the taps of a phase lie on each side

RATE = 48_000.0
# Edges in Hz and weights. -3 dB lies above 7600 Hz; the first lobes of the stop band may be 2 dB
# higher than the rest, as soxr's are.
BANDS = [0.0, 7_364.0, 8_000.0, 8_350.0, 8_400.0, RATE / 2]
GAINS = [1.0, 0.0, 0.0]
WEIGHTS = [1.0, 38.4, 48.0]

# Text before and after the numbers.
TABLES = {
    "src/dsp/sharp_filter_table.cc": (
        """#include "dsp/sharp_filter.h"

namespace remotemedia::dsp {

// Written by tools/design_sharp_filter.py. The filter is even: tap 0 is its centre.
const std::array<double, 280> kSharpHighTaps = {
    // clang-format off
""",
        """
    // clang-format on
};

}  // namespace remotemedia::dsp
""",
    ),
    "python/remotemedia/_sharp_filter_table.py": (
        '''"""The sharp filter of quality "high", written by ``tools/design_sharp_filter.py``."""

from __future__ import annotations

from typing import Final

__all__ = ["SHARP_HIGH_TAPS"]

# The filter is even: tap 0 is its centre.
# fmt: off
SHARP_HIGH_TAPS: Final = (
''',
        """
)
""",
    ),
}


def design() -> list[float]:
    """Give the centre tap and those right of it."""
    taps = remez(2 * HALF + 1, BANDS, GAINS, weight=WEIGHTS, fs=RATE, grid_density=32, maxiter=200)
    return [float(tap) for tap in taps[HALF:]]


def main() -> int:
    """Write the tables, or compare them."""
    numbers = [f"{tap:.12e}," for tap in design()]
    rows = ["    " + " ".join(numbers[i : i + 4]) for i in range(0, len(numbers), 4)]
    texts = {ROOT / name: head + "\n".join(rows) + tail for name, (head, tail) in TABLES.items()}
    if sys.argv[1:] == ["--check"]:
        return int(any(path.read_text() != text for path, text in texts.items()))
    for path, text in texts.items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
