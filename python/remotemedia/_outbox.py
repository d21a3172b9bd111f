"""The results of a session between its threads and whoever takes them."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from typing import Any, Final

from . import runtime
from ._items import give_item
from ._packet import Packet
from ._worker import wake

__all__ = ["CAPACITY", "Outbox"]

_LOG: Final = logging.getLogger("remotemedia")
# Results that nobody has taken: 20 s of audio in blocks of 20 ms.
CAPACITY: Final = 1_024


class Outbox:
    """A bounded queue: the session's threads put and wait while it is full, others take.

    An error, or the end, comes after the results that were put before it. Results of an older
    generation than the present one are dropped.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop | None = None, capacity: int = CAPACITY
    ) -> None:
        self._loop = loop
        self._capacity = capacity
        self._changed = threading.Condition()
        self._packets: deque[Packet] = deque()
        self._waiters: list[asyncio.Future[None]] = []
        self._generation = 0
        self._error: BaseException | None = None
        self._is_over = False
        self._has_warned = False

    @property
    def is_full(self) -> bool:
        """Whether `put` would wait."""
        return len(self._packets) >= self._capacity

    def put(self, packet: Packet, *, waits: bool = True) -> None:
        """Append a result; waits while the queue is full. Dropped once the queue is closed."""
        with self._changed:
            while waits and self.is_full and self._takes(packet):
                self._warn_once()
                with runtime.blocking():
                    self._changed.wait()
            if self._takes(packet):
                self._packets.append(packet)
                self._wake()

    def begin_generation(self, generation: int) -> None:
        """Drop what older generations have given, and still may give."""
        with self._changed:
            self._generation = generation
            self._packets = deque(p for p in self._packets if p.generation >= generation)
            self._changed.notify_all()

    def end(self) -> None:
        """Nothing follows. Takers that find the queue empty are told so."""
        with self._changed:
            self._is_over = True
            self._wake()

    def fail(self, error: BaseException) -> None:
        """Nothing follows, because of `error`, which is raised when the queue is empty."""
        with self._changed:
            if hasattr(error, "partial_results"):  # of a node that failed
                error.partial_results = [give_item(packet) for packet in self._packets]
            self._error = self._error or error
            self._is_over = True
            self._wake()

    def close(self) -> None:
        """Drop everything; nobody waits any longer."""
        with self._changed:
            self._packets.clear()
            self._error = None
            self._is_over = True
            self._wake()

    async def take(self) -> Any:
        """Give the next item; StopAsyncIteration after the last one."""
        assert self._loop is not None
        while True:
            with self._changed:
                if self._packets or self._is_over:
                    return self._next(StopAsyncIteration)
                waiter = self._loop.create_future()
                self._waiters.append(waiter)
            await waiter

    def take_blocking(self) -> Any:
        """Give the next item, on any thread but a loop's; StopIteration after the last one."""
        with self._changed:
            while not self._packets and not self._is_over:
                self._changed.wait()
            return self._next(StopIteration)

    def _takes(self, packet: Packet) -> bool:
        return not self._is_over and packet.generation >= self._generation

    def _next(self, end: type[Exception]) -> Any:
        if self._packets:
            packet = self._packets.popleft()
            self._changed.notify_all()
            return give_item(packet)
        if self._error is not None:
            raise self._error
        raise end

    def _wake(self) -> None:
        self._changed.notify_all()
        waiters, self._waiters = self._waiters, []
        if waiters and self._loop is not None and not wake(self._loop, waiters):
            self._is_over = True

    def _warn_once(self) -> None:
        if not self._has_warned:
            self._has_warned = True
            _LOG.warning(
                "the session waits: %d results are not taken; iterate over the session, "
                "in another task than the one that pushes",
                self._capacity,
            )
