"""Coroutines of users' nodes, awaited from a thread that runs a session."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable
from concurrent.futures import Future
from typing import Generic, TypeVar

from . import runtime
from ._cancel import current_waits
from .exceptions import refuse

__all__ = ["Call", "LateError", "await_from_thread"]

T = TypeVar("T")

_lock = threading.Lock()
_own: tuple[asyncio.AbstractEventLoop, threading.Thread] | None = None


class LateError(Exception):
    """An awaitable was cancelled after its time. The cause shows where it was."""


def await_from_thread(
    awaitable: Awaitable[T],
    loop: asyncio.AbstractEventLoop | None,
    timeout_s: float | None = None,
) -> T:
    """Wait for an awaitable on a loop that runs in another thread, and give its result.

    Without `loop` it is one that all callers share: what a node opened in its `initialize`, e.g. a
    connection, is still usable in the next run. After `timeout_s` it is cancelled; `LateError` if
    that ends it.
    """
    loop = _own_loop() if loop is None else loop
    if _running_loop() is loop:
        _discard(awaitable)
        refuse(
            "the calling thread",
            "the one of the event loop",
            "another one",
            "await pipeline.run(...) instead of calling run_sync in a coroutine",
        )
    call = Call(awaitable, loop, timeout_s)
    waits = current_waits()
    if waits is not None:
        waits.watch(call.cancel)
    try:
        with runtime.blocking():
            return call.future.result()
    except BaseException:
        call.cancel()  # KeyboardInterrupt while waiting; no effect if it has ended
        raise
    finally:
        if waits is not None:
            waits.unwatch()


class Call(Generic[T]):
    """An awaitable on a loop, without one that of the SDK.

    ``future`` is done when the task has ended, also a cancelled one. RuntimeError if the loop is
    closed.
    """

    def __init__(
        self,
        awaitable: Awaitable[T],
        loop: asyncio.AbstractEventLoop | None,
        timeout_s: float | None = None,
    ) -> None:
        self.future: Future[T] = Future()
        self._awaitable = awaitable
        self._loop = loop = _own_loop() if loop is None else loop
        self._timeout_s = timeout_s
        self._timer: asyncio.TimerHandle | None = None
        self._is_late = False
        self._task: asyncio.Task[None] | None = None
        self._result: T
        self._ends_program: BaseException | None = None
        try:
            loop.call_soon_threadsafe(self._start)
        except RuntimeError:  # the loop is closed
            _discard(awaitable)
            raise

    def cancel(self) -> None:
        """Cancel the task. Any thread."""
        try:
            self._loop.call_soon_threadsafe(self._cancel)
        except RuntimeError:  # the loop is closed: the task will never end
            self.future.cancel()

    def _start(self) -> None:
        self._task = self._loop.create_task(self._wait())
        self._task.add_done_callback(self._end)
        if self._timeout_s is not None:
            self._timer = self._loop.call_later(self._timeout_s, self._cancel_late)

    async def _wait(self) -> None:
        try:
            self._result = await self._awaitable
        except (SystemExit, KeyboardInterrupt) as error:
            # Who waits gets it. Out of a task it would end the loop, which others use, too.
            self._ends_program = error
        except asyncio.CancelledError as error:
            if self._is_late:
                raise LateError from error
            raise

    def _cancel_late(self) -> None:
        self._is_late = True
        self._cancel()

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _end(self, task: asyncio.Task[None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if task.cancelled():
            _discard(self._awaitable)  # if it was cancelled before its first step
            self.future.cancel()
        elif (error := self._ends_program or task.exception()) is not None:
            self.future.set_exception(error)
        else:
            self.future.set_result(self._result)


def _discard(awaitable: Awaitable[object]) -> None:
    if inspect.iscoroutine(awaitable):
        awaitable.close()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _own_loop() -> asyncio.AbstractEventLoop:
    global _own  # noqa: PLW0603 - one for the process
    with _lock:
        if _own is None or not _own[1].is_alive():  # after a fork the thread is gone
            loop = asyncio.new_event_loop()
            thread = threading.Thread(
                target=loop.run_forever, name="remotemedia-asyncio", daemon=True
            )
            thread.start()
            _own = (loop, thread)
        return _own[0]
