"""The native resampler's filter in NumPy: the same length, delay and chunks, equal within rounding.

A sinc under a Kaiser window, designed as in ``src/dsp/filter_design.cc``. Outputs are computed in
blocks of fixed size on an absolute grid, each by one product of a banded matrix with the block's
inputs: a block that is not complete yet is computed with zeros behind its inputs, which changes no
bit of the outputs that are ready. So chunks never change a result.

Source: J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function", 1974.
"""

from __future__ import annotations

import math
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Filter", "Stream"]

Matrix = NDArray[np.floating[Any]]

# Band edges as fractions of the lower Nyquist frequency, and attenuation in dB.
_TARGETS: Final = {
    "low": (0.80, 1.0, 112.0),
    "medium": (0.87, 1.0, 112.0),
    "high": (0.9155, 1.0, 132.0),
    "very_high": (0.95, 1.0, 151.0),
}
_PARTIAL_SUMS: Final = 16  # taps come in multiples of what the native kernel adds side by side
_BLOCK_OUTPUTS: Final = 128  # about; amortizes the call, bounds the matrix
# Ratios with more positions than this interpolate their rows between stored ones.
_MAX_EXACT_ROWS: Final = 1024


class Filter:
    """The low-pass of one rate change, immutable and shared by all streams that use it."""

    def __init__(self, up: int, down: int, quality: str) -> None:
        self.up, self.down = up, down
        passes, stops, attenuation_db = _TARGETS[quality]
        nyquist = 0.5 * min(1.0, up / down)
        self.dtype = np.dtype(np.float64 if quality == "very_high" else np.float32)
        self._cutoff = 0.5 * (stops + passes) * nyquist
        self._attenuation_db = attenuation_db
        self._beta = 0.1102 * (attenuation_db - 8.7)
        order = (attenuation_db - 7.95) / (14.36 * (stops - passes) * nyquist)
        taps = math.ceil(order) + 1
        self.half_width = -(-taps // _PARTIAL_SUMS) * _PARTIAL_SUMS // 2
        self.taps = 2 * self.half_width
        if up <= _MAX_EXACT_ROWS:
            self.block_outputs = max(1, _BLOCK_OUTPUTS // up) * up
            self._matrix: Matrix | None = self._make_matrix(0)
        else:
            self.block_outputs = _BLOCK_OUTPUTS
            self._matrix = None

    def matrix(self, block: int) -> Matrix:
        """Give the rows (outputs, inputs) of a block; the same for all where the grid repeats."""
        return self._make_matrix(block) if self._matrix is None else self._matrix

    def first_input(self, block: int) -> int:
        """Give the first input, half_width - 1 before the block's first output; may be < 0."""
        return block * self.block_outputs * self.down // self.up - self.half_width + 1

    @property
    def block_inputs(self) -> int:
        """Inputs that a block's matrix spans."""
        return self.block_outputs * self.down // self.up + 1 + self.taps

    def _make_matrix(self, block: int) -> Matrix:
        outputs = block * self.block_outputs + np.arange(self.block_outputs, dtype=np.int64)
        whole, rest = np.divmod(outputs * self.down, self.up)
        starts = whole - whole[0]
        taps = np.arange(self.taps)
        exact = self.up <= _MAX_EXACT_ROWS
        rows = self._rows(rest / self.up) if exact else self._interpolated_rows(rest / self.up)
        matrix = np.zeros((self.block_outputs, self.block_inputs), self.dtype)
        np.put_along_axis(matrix, starts[:, np.newaxis] + taps, rows.astype(self.dtype), axis=1)
        return matrix

    def _rows(self, fractions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the taps for outputs at these fractions of a sample after an input.

        Each row sums to 1, so that a constant passes unchanged whatever the position.
        """
        time = fractions[:, np.newaxis] + (self.half_width - 1.0) - np.arange(self.taps)
        inside = np.clip(1.0 - (time / self.half_width) ** 2, 0.0, None)
        window = np.i0(self._beta * np.sqrt(inside)) * (inside > 0.0)
        rows = np.sinc(2.0 * self._cutoff * time) * window
        return np.asarray(rows / rows.sum(axis=1, keepdims=True))

    @cached_property
    def _stored_rows(self) -> NDArray[np.float64]:
        """Rows at steps fine enough for cubic interpolation, one before and two after 0..1."""
        # Lagrange's cubic errs by at most 3/128 h^4 |f|, |f| <= (2 pi cutoff)^4 |f|.
        allowed = 10.0 ** (-(self._attenuation_db + 12.0) / 20.0)
        step = (allowed * 128.0 / 3.0) ** 0.25 / (2.0 * math.pi * self._cutoff)
        phases = math.ceil(1.0 / step)
        return self._rows(np.arange(-1, phases + 3) / phases)

    def _interpolated_rows(self, fractions: NDArray[np.float64]) -> NDArray[np.float64]:
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
        rows = np.zeros((len(fractions), self.taps))
        for point, weight in enumerate(weights):
            rows += weight * stored[phase + point]
        return rows


@lru_cache(maxsize=8)
def _filter(up: int, down: int, quality: str) -> Filter:
    return Filter(up, down, quality)


class Stream:
    """One stream of a rate change: (channels, frames) in, the frames that are ready out."""

    def __init__(self, rate: int, target_rate: int, channels: int, quality: str) -> None:
        divisor = math.gcd(rate, target_rate)
        self._filter = _filter(target_rate // divisor, rate // divisor, quality)
        self._channels = channels
        self.reset()

    def reset(self) -> None:
        """Begin a new stream."""
        self._consumed = 0
        self._produced = 0
        # Inputs from index self._begin of the stream on; before input 0 there is silence.
        self._begin = self._filter.first_input(0)
        self._history = np.zeros((self._channels, -self._begin), self._filter.dtype)

    @property
    def latency_frames(self) -> int:
        """Input frames that must follow a frame before its output appears."""
        return self._filter.half_width

    def process(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take a chunk, give all outputs whose inputs are there."""
        self._consumed += samples.shape[1]
        self._history = np.concatenate([self._history, samples], axis=1, dtype=self._filter.dtype)
        return self._advance(self._length(self._consumed - self._filter.half_width))

    def flush(self) -> NDArray[np.float32]:
        """Give the rest, as if silence followed."""
        result = self._advance(self._length(self._consumed))
        self.reset()
        return result

    def _length(self, frames: int) -> int:
        return max(0, -(-frames * self._filter.up // self._filter.down))

    def _advance(self, until: int) -> NDArray[np.float32]:
        size = self._filter.block_outputs
        result = np.empty((self._channels, max(0, until - self._produced)), np.float32)
        first = self._produced
        while self._produced < until:
            block, offset = divmod(self._produced, size)
            count = min(size - offset, until - self._produced)
            done = self._produced - first
            outputs = self._compute(block)
            result[:, done : done + count] = outputs[:, offset : offset + count]
            self._produced += count
        self._forget()
        return result

    def _compute(self, block: int) -> Matrix:
        matrix = self._filter.matrix(block)
        begin = self._filter.first_input(block) - self._begin
        inputs = np.zeros((self._channels, matrix.shape[1]), self._filter.dtype)
        present = self._history[:, begin : begin + matrix.shape[1]]
        inputs[:, : present.shape[1]] = present
        # A product for each channel: the shape, and so the order of sums, never depends on how many
        # channels there are.
        return np.stack([matrix @ channel for channel in inputs])

    def _forget(self) -> None:
        needed = self._filter.first_input(self._produced // self._filter.block_outputs)
        if needed > self._begin:
            self._history = self._history[:, needed - self._begin :].copy()
            self._begin = needed
