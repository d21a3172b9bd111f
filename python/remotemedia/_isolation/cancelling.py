"""The one place that joins a session's cancel and a worker: a cancelled wait kills the worker.

`CancelScope` ends one wait of the session's thread, the present or the next one. So each wait for
the worker is watched by itself: what runs in between, inside ``emit``, has waits of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .._cancel import current_waits

__all__ = ["ended_by_cancel"]


@contextmanager
def ended_by_cancel(end: Callable[[], object]) -> Iterator[None]:
    """Have the session's cancel call `end`, on any thread, while the calling thread waits."""
    waits = current_waits()
    if waits is None:
        yield
        return
    waits.watch(end)
    try:
        yield
    finally:
        waits.unwatch()
