"""The thread that runs a session, so that neither nodes nor files block an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

__all__ = ["Worker", "settled"]

P = ParamSpec("P")
T = TypeVar("T")

_Calls = SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]


class Worker:
    """Runs calls one after the other on a thread of its own, which lives until `stop`.

    The thread is a daemon: an abandoned session must not keep the process from ending.
    """

    def __init__(self, name: str) -> None:
        self._calls: _Calls = SimpleQueue()
        self._thread = threading.Thread(target=_work, args=(self._calls,), name=name, daemon=True)
        self._thread.start()

    def submit(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Append a call; its result or exception arrives in the future."""
        future: Future[T] = Future()
        self._calls.put((future, lambda: call(*args, **kwargs)))
        return future

    def stop(self, timeout_s: float | None = None) -> None:
        """End the thread after the calls that were submitted, and wait for that."""
        self._calls.put(None)
        self._thread.join(timeout_s)


def _work(calls: _Calls) -> None:
    while (entry := calls.get()) is not None:
        future, call = entry
        try:
            result = call()
        except BaseException as error:  # the thread's entry point: all of it goes to the caller
            future.set_exception(error)
        else:
            future.set_result(result)
        del entry, future, call  # a waiting thread holds nothing of the last call


async def settled(future: asyncio.Future[Any]) -> None:
    """Wait until a future is done, whatever its outcome, also while the task is being cancelled."""
    cancelled: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError as error:
            cancelled = error
    if not future.cancelled():
        future.exception()  # counts as retrieved
    if cancelled is not None:
        raise cancelled
