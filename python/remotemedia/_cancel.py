"""Ends what a worker thread waits for: coroutines of users' nodes, and a user's async iterator."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["CancelScope", "current_scope"]

_present = threading.local()


class CancelScope:
    """The waits of one thread while it is inside ``with scope``; `cancel` ends the present one.

    One wait is ended, the present or the next one: what it raises unwinds the others, and they may
    have to wait while they clean up.
    """

    def __init__(self) -> None:
        self.is_cancelled = False
        self._lock = threading.Lock()
        self._is_due = False  # the next wait is to be ended
        self._end: Callable[[], object] | None = None

    def __enter__(self) -> CancelScope:
        _present.scope = self
        return self

    def __exit__(self, *_: object) -> None:
        _present.scope = None

    def cancel(self) -> None:
        """End the present wait, or the next one. Any thread."""
        with self._lock:
            self.is_cancelled = True
            end, self._end = self._end, None
            self._is_due = end is None
        if end is not None:
            end()

    def watch(self, end: Callable[[], object]) -> None:
        """Begin a wait that `end` ends."""
        with self._lock:
            is_over, self._is_due = self._is_due, False
            self._end = None if is_over else end
        if is_over:
            end()

    def unwatch(self) -> None:
        """End a wait that is over."""
        with self._lock:
            self._end = None


def current_scope() -> CancelScope | None:
    """Give the scope that the calling thread is in."""
    scope: CancelScope | None = getattr(_present, "scope", None)
    return scope
