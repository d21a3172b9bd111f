"""Ends what a session's threads wait for: coroutines of users' nodes, and a user's iterator."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

__all__ = ["CancelScope", "Waits", "current_scope", "current_waits", "entered"]

_present = threading.local()


class Waits:
    """The waits of one thread inside a scope. A cancel ends one, the present or the next one.

    Only one: what it raises unwinds the others, and they may have to wait while they clean up.
    """

    def __init__(self, scope: CancelScope, generation: int | None) -> None:
        self.scope = scope
        self.generation = generation  # of the work; None: of all
        self.entries = 0
        self._lock = threading.Lock()
        self._is_over = False  # one has been ended
        self._is_due = False  # the next one is to be ended
        self._end: Callable[[], object] | None = None

    def cancel(self) -> None:
        """End the present wait, or the next one. Any thread."""
        with self._lock:
            if self._is_over:
                return
            end, self._end = self._end, None
            self._is_over = end is not None
            self._is_due = end is None
        if end is not None:
            end()

    def watch(self, end: Callable[[], object]) -> None:
        """Begin a wait that `end` ends."""
        with self._lock:
            is_due, self._is_due = self._is_due, False
            self._is_over = self._is_over or is_due
            self._end = None if is_due else end
        if is_due:
            end()

    def unwatch(self) -> None:
        """End a wait that is over."""
        with self._lock:
            self._end = None


class CancelScope:
    """The waits of all threads that work for one session.

    `cancel` ends those of the present generation, and the session goes on with the next one;
    `stop` is the end of the session.
    """

    def __init__(self) -> None:
        self.is_stopped = False
        self.generation = 0
        self._lock = threading.Lock()
        self._waits: set[Waits] = set()

    def entered(
        self, generation: int | None = None, waits: Waits | None = None
    ) -> AbstractContextManager[Waits]:
        """Let a cancel end the waits of this thread; for work of that generation, or the present.

        A thread that is inside already stays as it is: its outermost entry counts. With `waits`
        they are those of a call that goes from thread to thread.
        """
        return _Entry(self, generation, waits)

    def hold(self, waits: Waits) -> None:
        """Keep waits reachable for a cancel while no thread is inside; until `release`."""
        self._add(waits, waits.generation)

    def release(self, waits: Waits) -> None:
        """End `hold`."""
        self._remove(waits)

    def _add(self, waits: Waits, generation: int | None) -> None:
        with self._lock:
            waits.entries += 1
            self._waits.add(waits)
            is_stale = self.is_stopped or (generation is not None and generation < self.generation)
        if is_stale:
            waits.cancel()

    def _remove(self, waits: Waits) -> None:
        with self._lock:
            waits.entries -= 1
            if waits.entries == 0:
                self._waits.discard(waits)

    def cancel(self) -> None:
        """End the present wait of each thread, or its next one. Any thread."""
        with self._lock:
            self.generation += 1
            waits = list(self._waits)
        for wait in waits:
            wait.cancel()

    def cancel_before(self, generation: int) -> None:
        """End the waits of work of older generations, also if that one has begun. Any thread."""
        with self._lock:
            self.generation = max(self.generation, generation)
            waits = [
                wait
                for wait in self._waits
                if wait.generation is not None and wait.generation < generation
            ]
        for wait in waits:
            wait.cancel()

    def stop(self) -> None:
        """Cancel, for good. Any thread."""
        self.is_stopped = True
        self.cancel()


class _Entry(AbstractContextManager[Waits]):
    """The entry of one thread into a scope."""

    __slots__ = ("_generation", "_kept", "_outer", "_scope", "_waits")

    def __init__(
        self, scope: CancelScope, generation: int | None, waits: Waits | None = None
    ) -> None:
        self._scope = scope
        self._generation = generation
        self._kept = waits

    def __enter__(self) -> Waits:
        outer = current_waits()
        if self._kept is not None:
            waits = self._kept
        elif outer is not None and outer.scope is self._scope:
            waits = outer
        else:
            waits = Waits(self._scope, self._generation)
        self._outer, self._waits = outer, waits
        _present.waits = waits
        self._scope._add(waits, self._generation)
        return waits

    def __exit__(self, *_: object) -> None:
        _present.waits = self._outer
        self._scope._remove(self._waits)


def current_waits() -> Waits | None:
    """Give the waits of the calling thread, if it is inside a scope."""
    waits: Waits | None = getattr(_present, "waits", None)
    return waits


def current_scope() -> CancelScope | None:
    """Give the scope that the calling thread is in: an executor keeps it for calls on lanes."""
    waits = current_waits()
    return None if waits is None else waits.scope


def entered(
    scope: CancelScope | None, generation: int | None = None, waits: Waits | None = None
) -> AbstractContextManager[object]:
    """Enter a scope, if there is one, as `CancelScope.entered`."""
    return nullcontext() if scope is None else scope.entered(generation, waits)
