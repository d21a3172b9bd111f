"""What memory the results of a node bring: the twin of ``base/memory_account.h``."""

from __future__ import annotations

import weakref
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._packet import Audio, Packet

__all__ = ["MemoryAccount"]


class MemoryAccount:
    """Counts the bytes of audio that a node has made: all of them, and the most alive at one time.

    An array counts from when it is emitted until it is gone. One that shares the memory of what
    the call was given is not the node's. What a node takes meanwhile and gives back is not seen.
    """

    def __init__(self) -> None:
        self.total_bytes = 0
        self.peak_bytes = 0
        self._alive_bytes = 0
        # A reference that is dropped never calls back, so those to living arrays are kept.
        self._arrays: dict[int, weakref.ref[NDArray[Any]]] = {}
        self._next_key = 0
        # Sizes of arrays that went, on whatever thread; taken off by the one that adds.
        self._gone_bytes: deque[int] = deque()

    def add_result(self, result: Packet, given: Packet | None) -> None:
        """Count the audio of a packet that is emitted in a call that was `given` another one."""
        if not isinstance(result.payload, Audio):
            return
        array = result.payload.samples
        if array.nbytes == 0:
            return
        before = given.payload if given is not None else None
        # By their bounds, as the native session does it.
        if isinstance(before, Audio) and np.may_share_memory(array, before.samples):
            return
        while self._gone_bytes:
            self._alive_bytes -= self._gone_bytes.popleft()
        self.total_bytes += array.nbytes
        self._alive_bytes += array.nbytes
        self.peak_bytes = max(self.peak_bytes, self._alive_bytes)
        self._watch(array)

    def _watch(self, array: NDArray[Any]) -> None:
        key, size = self._next_key, array.nbytes
        self._next_key += 1

        def gone(_: object) -> None:
            self._arrays.pop(key, None)
            self._gone_bytes.append(size)

        self._arrays[key] = weakref.ref(array, gone)
