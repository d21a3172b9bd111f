"""The filters of a rate change and their delay: twin of ``src/dsp/resampling_plan.cc``.

Source of the design: J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window
function", 1974.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ._sharp_filter_table import SHARP_HIGH_TAPS

__all__ = ["FilterSpec", "Plan", "make_plan"]

# Band edges as fractions of the lower Nyquist frequency, and attenuation in dB.
_TARGETS: Final = {
    "low": (0.80, 1.0, 112.0),
    "medium": (0.87, 1.0, 112.0),
    "high": (0.9155, 1.0, 132.0),
    "very_high": (0.95, 1.0, 151.0),
}
_COARSE_MARGIN_DB: Final = 5.0
_BLOCK_OUTPUTS: Final = 16
_MAX_BLOCK_BYTES: Final = 320 << 10
# Offline the native sharp filter computes two blocks at a time; in periods of 3 : 2.
_OFFLINE_PERIODS: Final = 2 * 416
_OFFLINE_GUARD: Final = 48
_ROW_TAPS: Final = 16  # a multiple of them where outputs are computed one by one

Rows = NDArray[np.float64]
Edges = tuple[float, float, float]  # pass band, stop band, attenuation in dB


class Prototype(Protocol):
    """A low-pass in continuous time, or at the steps that its ratio needs."""

    @property
    def half_width(self) -> int:
        """Input samples on each side of an output."""

    def rows(self, fractions: Rows) -> Rows:
        """Give the taps for outputs at these fractions of a sample after an input."""

    def between(self, fractions: Rows) -> Rows:
        """Give the same by interpolation."""


class Kaiser:
    """A sinc under a Kaiser window, for edges in cycles per input sample."""

    def __init__(self, edges: Edges, multiple: int = 2) -> None:
        passes, stops, attenuation_db = edges
        self._cutoff = 0.5 * (passes + stops)
        self._attenuation_db = attenuation_db
        self._beta = 0.1102 * (attenuation_db - 8.7)
        taps = math.ceil((attenuation_db - 7.95) / (14.36 * (stops - passes))) + 1
        self.half_width = -(-taps // multiple) * multiple // 2

    def rows(self, fractions: Rows) -> Rows:
        """Give the taps; each row sums to 1, so that a constant passes unchanged."""
        taps = np.arange(2 * self.half_width)
        time = fractions[:, np.newaxis] + (self.half_width - 1.0) - taps
        inside = np.clip(1.0 - (time / self.half_width) ** 2, 0.0, None)
        window = np.i0(self._beta * np.sqrt(inside)) * (inside > 0.0)
        rows = np.sinc(2.0 * self._cutoff * time) * window
        return np.asarray(rows / rows.sum(axis=1, keepdims=True))

    @cached_property
    def _stored_rows(self) -> Rows:
        """Rows at steps fine enough for cubic interpolation, one before and two after 0..1."""
        # Lagrange's cubic errs by at most 3/128 h^4 |f''''|, |f''''| <= (2 pi cutoff)^4 |f|.
        allowed = 10.0 ** (-(self._attenuation_db + 12.0) / 20.0)
        step = (allowed * 128.0 / 3.0) ** 0.25 / (2.0 * math.pi * self._cutoff)
        phases = math.ceil(1.0 / step)
        return self.rows(np.arange(-1, phases + 3) / phases)

    def between(self, fractions: Rows) -> Rows:
        """Give the taps by interpolation between stored rows."""
        stored = self._stored_rows
        position = fractions * (len(stored) - 4)
        phase = np.floor(position).astype(np.int64)
        x = (position - phase)[:, np.newaxis]
        weights = (
            -x * (x - 1.0) * (x - 2.0) / 6.0,
            (x + 1.0) * (x - 1.0) * (x - 2.0) / 2.0,
            -(x + 1.0) * x * (x - 2.0) / 2.0,
            (x + 1.0) * x * (x - 1.0) / 6.0,
        )
        rows = np.zeros((len(fractions), 2 * self.half_width))
        for point, weight in enumerate(weights):
            rows += weight * stored[phase + point]
        return rows


class SharpHigh:
    """The sharp filter of quality "high", which is stored at `up` points per input sample."""

    def __init__(self, up: int) -> None:
        self._up = up
        self.half_width = (len(SHARP_HIGH_TAPS) - 1 + up) // up

    def rows(self, fractions: Rows) -> Rows:
        """Give the taps."""
        steps = np.rint(fractions * self._up).astype(np.int64)[:, np.newaxis]
        taps = np.arange(2 * self.half_width)
        points = np.abs(steps + (self.half_width - 1 - taps) * self._up)
        table = np.zeros(int(points.max()) + 1)
        table[: len(SHARP_HIGH_TAPS)] = SHARP_HIGH_TAPS
        return np.asarray(self._up * table[points])

    def between(self, fractions: Rows) -> Rows:
        """Give the same, as its ratios are 2 : 3 and 3 : 2 only."""
        return self.rows(fractions)


@dataclass(frozen=True)
class FilterSpec:
    """One filter of a plan, and the grid on which the native code computes it."""

    up: int
    down: int
    prototype: Prototype
    outputs: int = 1
    before: int = 0
    ahead: int = 0  # inputs that the native code waits for beyond the filter's own

    @property
    def half_width(self) -> int:
        """Input samples that must follow an output's time."""
        return self.prototype.half_width


@dataclass(frozen=True)
class Plan:
    """One filter, or a coarse and a sharp one."""

    filters: Sequence[FilterSpec]
    latency_frames: int


@lru_cache(maxsize=8)
def make_plan(up: int, down: int, quality: str, mode: str) -> Plan:
    """Give the plan for a ratio, reduced. Offline only the delay differs."""
    filters = _filters(up, down, quality, mode)
    first, last = filters[0], filters[-1]
    least = first.half_width + first.ahead
    if first is not last:
        awaited = (last.half_width + last.ahead + first.outputs - 1) * first.down / first.up
        least = math.ceil(awaited + first.half_width + first.ahead + 1)
    for latency in range(least, least + last.outputs * (down // up + 1)):
        if latency * up // down % last.outputs == last.before:
            return Plan(filters, latency)
    return Plan(filters, least)


def _filters(up: int, down: int, quality: str, mode: str) -> list[FilterSpec]:
    passes, stops, attenuation_db = _TARGETS[quality]
    if quality == "very_high" or 3 * min(up, down) > 2 * max(up, down):
        nyquist = 0.5 * min(1.0, up / down)
        edges = (passes * nyquist, stops * nyquist, attenuation_db)
        if quality == "very_high":
            return [FilterSpec(up, down, Kaiser(edges, _ROW_TAPS))]
        return [_filter(up, down, edges)]
    downwards = up < down
    sharp = _sharp_filter(quality, downwards, mode)
    nyquist = 0.5 * up / down if downwards else 1.0 / 3.0
    ratio = (3 * up, 2 * down) if downwards else (2 * up, 3 * down)
    if ratio[0] == ratio[1]:
        return [sharp]
    divisor = math.gcd(*ratio)
    edges = (nyquist, 2.0 * nyquist, attenuation_db + _COARSE_MARGIN_DB)
    coarse = _filter(ratio[0] // divisor, ratio[1] // divisor, edges)
    return [coarse, sharp] if downwards else [sharp, coarse]


def _sharp_filter(quality: str, downwards: bool, mode: str) -> FilterSpec:
    prototype: Prototype
    if quality == "high":
        prototype = SharpHigh(2 if downwards else 3)
    else:
        passes, stops, attenuation_db = _TARGETS[quality]
        nyquist = 1.0 / 3.0 if downwards else 0.5
        prototype = Kaiser((passes * nyquist, stops * nyquist, attenuation_db))
    if mode == "offline":
        up, down = (2, 3) if downwards else (3, 2)
        waits_for = (_OFFLINE_PERIODS + _OFFLINE_GUARD) * down
        return FilterSpec(up, down, prototype, ahead=waits_for - prototype.half_width)
    if downwards:
        return FilterSpec(2, 3, prototype, outputs=32, before=2, ahead=4)
    return FilterSpec(3, 2, prototype, outputs=_BLOCK_OUTPUTS)


def _filter(up: int, down: int, edges: Edges) -> FilterSpec:
    if (up, down) == (1, 2):
        return FilterSpec(up, down, Kaiser(edges, 4), outputs=_BLOCK_OUTPUTS)
    prototype = Kaiser(edges)
    inputs = -(-(_BLOCK_OUTPUTS - 1) * down // up) + 2 * prototype.half_width
    blocks = up // math.gcd(up, _BLOCK_OUTPUTS)
    if blocks * (inputs + inputs % 2) * _BLOCK_OUTPUTS * 4 <= _MAX_BLOCK_BYTES:
        return FilterSpec(up, down, prototype, outputs=_BLOCK_OUTPUTS)
    return FilterSpec(up, down, Kaiser(edges, _ROW_TAPS))
