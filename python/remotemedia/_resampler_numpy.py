"""The native resampler in NumPy: the same filters, length, delay and chunks, equal within rounding.

Outputs are computed in blocks of fixed size on an absolute grid, each by one product of a banded
matrix with the block's inputs: a block that is not complete yet is computed with zeros behind its
inputs, which changes no bit of the outputs that are ready. So chunks never change a result.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ._resampling_plan import FilterSpec, make_plan

__all__ = ["Stream"]

Matrix = NDArray[np.floating[Any]]

_BLOCK_OUTPUTS: Final = 128  # about; amortizes the call, bounds the matrix
# Ratios with more positions than this interpolate their rows between stored ones.
_MAX_EXACT_ROWS: Final = 1024


class Filter:
    """One filter as matrices, immutable and shared by all streams that use it."""

    def __init__(self, spec: FilterSpec, dtype: np.dtype[Any]) -> None:
        self.up, self.down = spec.up, spec.down
        self.half_width = spec.half_width
        self.dtype = dtype
        self._prototype = spec.prototype
        if self.up <= _MAX_EXACT_ROWS:
            self.block_outputs = max(1, _BLOCK_OUTPUTS // self.up) * self.up
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

    def outputs_of(self, inputs: int) -> int:
        """Give the outputs that lie before a number of inputs."""
        return max(0, -(-inputs * self.up // self.down))

    def inputs_for(self, outputs: int) -> int:
        """Give the inputs that a number of outputs needs."""
        return (outputs - 1) * self.down // self.up + self.half_width + 1

    def _make_matrix(self, block: int) -> Matrix:
        outputs = block * self.block_outputs + np.arange(self.block_outputs, dtype=np.int64)
        whole, rest = np.divmod(outputs * self.down, self.up)
        starts = whole - whole[0]
        exact = self.up <= _MAX_EXACT_ROWS
        rows = (self._prototype.rows if exact else self._prototype.between)(rest / self.up)
        taps = np.arange(2 * self.half_width)
        inputs = self.block_outputs * self.down // self.up + 1 + len(taps)
        matrix = np.zeros((self.block_outputs, inputs), self.dtype)
        np.put_along_axis(matrix, starts[:, np.newaxis] + taps, rows.astype(self.dtype), axis=1)
        return matrix


@lru_cache(maxsize=8)
def _filters(up: int, down: int, quality: str, mode: str) -> list[Filter]:
    dtype = np.dtype(np.float64 if quality == "very_high" else np.float32)
    return [Filter(spec, dtype) for spec in make_plan(up, down, quality, mode).filters]


class _Stage:
    """One filter of a stream: takes inputs, gives outputs up to a number of them."""

    def __init__(self, kernel: Filter, channels: int) -> None:
        self._filter = kernel
        self._channels = channels
        self.taken = 0
        self._produced = 0
        # Inputs from index self._begin of the stream on; before input 0 there is silence.
        self._begin = kernel.first_input(0)
        self._history = np.zeros((channels, -self._begin), kernel.dtype)

    @property
    def ready(self) -> int:
        """Outputs, from the first one of the stream on, whose inputs are there."""
        return self._filter.outputs_of(self.taken - self._filter.half_width)

    def take(self, samples: NDArray[np.float32]) -> None:
        """Add inputs, shape (channels, frames)."""
        self.taken += samples.shape[1]
        self._history = np.concatenate([self._history, samples], axis=1, dtype=self._filter.dtype)

    def advance(self, until: int) -> NDArray[np.float32]:
        """Give the outputs before number `until`, as if silence followed the inputs."""
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


class Stream:
    """One stream of a rate change: (channels, frames) in, the frames that are ready out."""

    def __init__(self, rate: int, target_rate: int, channels: int, quality: str, mode: str) -> None:
        divisor = math.gcd(rate, target_rate)
        self._up, self._down = target_rate // divisor, rate // divisor
        self._filters = _filters(self._up, self._down, quality, mode)
        self.latency_frames = make_plan(self._up, self._down, quality, mode).latency_frames
        self._channels = channels
        self.reset()

    def reset(self) -> None:
        """Begin a new stream."""
        self._stages = [_Stage(kernel, self._channels) for kernel in self._filters]

    def process(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take a chunk, give the outputs whose delay has passed."""
        first, last = self._stages[0], self._stages[-1]
        first.take(samples)
        if first is not last:
            last.take(first.advance(first.ready))
        return last.advance(self._length(first.taken - self.latency_frames))

    def flush(self) -> NDArray[np.float32]:
        """Give the rest, as if silence followed."""
        first, last = self._stages[0], self._stages[-1]
        length = self._length(first.taken)
        if first is not last:
            last.take(first.advance(self._filters[-1].inputs_for(length)))
        result = last.advance(length)
        self.reset()
        return result

    def _length(self, frames: int) -> int:
        return max(0, -(-frames * self._up // self._down))
