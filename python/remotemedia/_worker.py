"""Threads that run sessions, so that neither nodes nor files block an event loop."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from typing import Any, Final, ParamSpec, TypeVar

__all__ = ["Worker", "settle", "settled", "wake"]

P = ParamSpec("P")
T = TypeVar("T")

# Long enough that the next item of a live stream finds the thread of the last one.
_IDLE_S: Final = 10.0


class Worker:
    """Runs calls one after the other, each on a thread of the process's pool.

    Without calls it has no thread, so there may be thousands. The threads are daemons: an abandoned
    session must not keep the process from ending.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._calls: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._is_running = False
        self._owner: int | None = None  # the thread that has claimed it

    def submit(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Append a call; its result or exception arrives in the future."""
        future: Future[T] = Future()
        with self._lock:
            self._calls.append((future, lambda: call(*args, **kwargs)))
            starts = not self._is_running
            self._is_running = True
        if starts:
            _pool.run(self._work)
        return future

    def claim(self) -> bool:
        """Let the calling thread do a call itself, if none is under way; it has to `release`."""
        with self._lock:
            if self._is_running:
                return False
            self._is_running = True
            self._owner = threading.get_ident()
            return True

    def release(self) -> None:
        """End what `claim` has begun; calls that came meanwhile follow on a thread of the pool.

        Without a claim of this thread nothing happens: a signal may have come in between.
        """
        with self._lock:
            if self._owner != threading.get_ident():
                return
            self._owner = None
            self._is_running = bool(self._calls)
            starts = self._is_running
        if starts:
            _pool.run(self._work)

    def _work(self) -> None:
        threading.current_thread().name = self._name
        while True:
            with self._lock:
                if not self._calls:
                    self._is_running = False
                    return
                future, call = self._calls.popleft()
            try:
                result = call()
            except BaseException as error:  # the thread's entry point: all of it goes to the caller
                future.set_exception(error)
            else:
                future.set_result(result)
            del future, call  # a waiting thread holds nothing of the last call


class _Pool:
    """As many threads as there are workers with calls; idle ones end after a while."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._tasks: deque[Callable[[], None]] = deque()
        self._idle = 0

    def run(self, task: Callable[[], None]) -> None:
        with self._changed:
            self._tasks.append(task)
            if self._idle >= len(self._tasks):
                self._changed.notify()
                return
        threading.Thread(target=self._work, name="remotemedia-idle", daemon=True).start()

    def _work(self) -> None:
        while (task := self._next()) is not None:
            task()
            del task
            threading.current_thread().name = "remotemedia-idle"

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            self._idle += 1
            try:
                if self._changed.wait_for(lambda: self._tasks, _IDLE_S):
                    return self._tasks.popleft()
                return None
            finally:
                self._idle -= 1


_pool = _Pool()
if hasattr(os, "register_at_fork"):  # the child has none of the threads
    os.register_at_fork(after_in_child=_pool.__init__)  # type: ignore[misc]


def wake(loop: asyncio.AbstractEventLoop, waiters: list[asyncio.Future[None]]) -> bool:
    """End waiters of a loop, on any thread; False if it is closed, and with it all who waited."""
    try:
        loop.call_soon_threadsafe(_release, waiters)
    except RuntimeError:
        return False
    return True


def _release(waiters: list[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        if not waiter.done():  # cancelled
            waiter.set_result(None)


def settle(future: Future[None], outcome: Future[None] | None = None) -> None:
    """End a future, unless it has ended: as another one that is done, or well."""
    error = None if outcome is None else outcome.exception()
    try:
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
    except InvalidStateError:
        return


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
