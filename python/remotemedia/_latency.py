"""How durations are distributed: the twin of ``graph/latency_histogram.h``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

__all__ = ["LATENCY_BOUNDS_NS", "LatencyHistogram", "LatencySummary"]

# By which durations are counted for monitoring: 50 us to 2.5 s.
LATENCY_BOUNDS_NS: Final = tuple(
    us * 1_000
    for us in (
        *(50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000),
        *(250_000, 500_000, 1_000_000, 2_500_000),
    )
)

_LINEAR_BITS: Final = 6  # one bucket per ns below 2^6 ns
_STEP_BITS: Final = 5  # 2^5 buckets to a doubling
_EXPONENTS: Final = 36  # of 2; up to 2^36 ns
_BUCKETS: Final = (1 << _LINEAR_BITS) + ((_EXPONENTS - _LINEAR_BITS) << _STEP_BITS)


@dataclass
class LatencySummary:
    """Quantiles in ns, and counts per bound of `LATENCY_BOUNDS_NS` with one more above all."""

    p50_ns: int = 0
    p95_ns: int = 0
    p99_ns: int = 0
    p999_ns: int = 0
    bucket_counts: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_BOUNDS_NS) + 1))


class LatencyHistogram:
    """Counts durations in log-linear buckets.

    A nanosecond each below 64 ns, then 32 to each doubling: the middle of a bucket is within 1/64
    (1.6 %) of all that is counted in it. From 69 s on everything is in the last one.
    """

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}  # of the buckets that are not empty, at most 1024

    def add(self, duration_ns: int) -> None:
        """Count a duration; a negative one, of a clock that was set back, counts as 0."""
        index = _index_of(duration_ns)
        self._counts[index] = self._counts.get(index, 0) + 1

    def merge(self, other: LatencyHistogram) -> None:
        """Add what another one has counted."""
        for index, count in other._counts.items():
            self._counts[index] = self._counts.get(index, 0) + count

    @property
    def count(self) -> int:
        """How many were added."""
        return sum(self._counts.values())

    def summary(self) -> LatencySummary:
        """Give quantiles and counts per bound; all 0 if nothing was added."""
        summary = LatencySummary()
        # In one step, as another thread may be adding.
        buckets = [(_middle(index), count) for index, count in sorted(self._counts.copy().items())]
        for middle, count in buckets:
            bound = next((i for i, ns in enumerate(LATENCY_BOUNDS_NS) if middle <= ns), -1)
            summary.bucket_counts[bound] += count
        summary.p50_ns, summary.p95_ns, summary.p99_ns, summary.p999_ns = (
            _quantile(buckets, share) for share in (0.5, 0.95, 0.99, 0.999)
        )
        return summary


def _quantile(buckets: Sequence[tuple[int, int]], share: float) -> int:
    wanted = math.ceil(share * sum(count for _, count in buckets))
    for middle, count in buckets:
        wanted -= count
        if wanted <= 0:
            return middle
    return 0


def _index_of(ns: int) -> int:
    if ns < 1 << _LINEAR_BITS:
        return max(ns, 0)
    exponent = ns.bit_length() - 1
    if exponent >= _EXPONENTS:
        return _BUCKETS - 1
    octave = exponent - _LINEAR_BITS
    # The leading one of the 6 bits makes the first bucket after the linear ones number 64.
    return (octave << _STEP_BITS) + (ns >> (exponent - _STEP_BITS)) + (1 << _STEP_BITS)


def _middle(index: int) -> int:
    linear = 1 << _LINEAR_BITS
    if index < linear:
        return index
    octave = (index - linear) >> _STEP_BITS
    step = (index & ((1 << _STEP_BITS) - 1)) | (1 << _STEP_BITS)
    return (step << (octave + 1)) + (1 << octave)
