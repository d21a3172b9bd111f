"""Audio that waits: the twin of ``src/nodes/frame_queue.h``."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FrameQueue"]

Samples = NDArray[Any]


class FrameQueue:
    """Waiting audio, as slices of the blocks it came in. Only joining slices copies.

    Blocks have the shape (channels, frames) or (frames,), all the same number of channels.
    """

    def __init__(self) -> None:
        self._parts: deque[Samples] = deque()
        self.frames = 0

    def push(self, samples: Samples) -> None:
        """Add a block at the end."""
        if samples.shape[-1] > 0:
            self._parts.append(samples)
            self.frames += samples.shape[-1]

    def take_parts(self, frames: int) -> list[Samples]:
        """Remove the first `frames` frames, in slices; fewer if there are fewer."""
        taken = []
        while frames > 0 and self._parts:
            front = self._parts.popleft()
            count = min(frames, front.shape[-1])
            taken.append(front[..., :count])
            if count < front.shape[-1]:
                self._parts.appendleft(front[..., count:])
            frames -= count
            self.frames -= count
        return taken

    def take(self, frames: int) -> Samples:
        """Remove the first `frames` frames, as one array; the queue must not be empty."""
        parts = self.take_parts(frames)
        first = parts[0]
        if len(parts) == 1:
            return np.ascontiguousarray(first)
        channels = [np.atleast_2d(part) for part in parts]
        whole: Samples = np.concatenate(channels, axis=1)
        return whole[0] if first.ndim == 1 else whole

    def append(self, other: FrameQueue) -> None:
        """Move all of `other` to the end."""
        for part in other.take_parts(other.frames):
            self.push(part)

    def drop_all_but_last(self, frames: int) -> None:
        """Keep only the last `frames` frames."""
        self.take_parts(max(0, self.frames - frames))
