"""Coroutines of users' nodes, awaited from a thread that runs a session."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable
from concurrent.futures import Future
from typing import Generic, TypeVar

from ._cancel import current_waits
from .exceptions import refuse

__all__ = ["await_from_thread"]

T = TypeVar("T")

_lock = threading.Lock()
_own: tuple[asyncio.AbstractEventLoop, threading.Thread] | None = None


def await_from_thread(awaitable: Awaitable[T], loop: asyncio.AbstractEventLoop | None) -> T:
    """Wait for an awaitable on a loop that runs in another thread, and give its result.

    Without `loop` it is one that all callers share: what a node opened in its `initialize`, e.g. a
    connection, is still usable in the next run.
    """
    target = _own_loop() if loop is None else loop
    if _running_loop() is target:
        _discard(awaitable)
        refuse(
            "the calling thread",
            "the one of the event loop",
            "another one",
            "await pipeline.run(...) instead of calling run_sync in a coroutine",
        )
    call = _Call(awaitable, target)
    waits = current_waits()
    if waits is not None:
        waits.watch(call.cancel)
    try:
        return call.future.result()
    except BaseException:
        call.cancel()  # KeyboardInterrupt while waiting; no effect if it has ended
        raise
    finally:
        if waits is not None:
            waits.unwatch()


class _Call(Generic[T]):
    """An awaitable on a loop. The future is done when the task has ended, also a cancelled one."""

    def __init__(self, awaitable: Awaitable[T], loop: asyncio.AbstractEventLoop) -> None:
        self.future: Future[T] = Future()
        self._awaitable = awaitable
        self._loop = loop
        self._task: asyncio.Task[T] | None = None
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
        self._task = self._loop.create_task(_wait(self._awaitable))
        self._task.add_done_callback(self._end)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _end(self, task: asyncio.Task[T]) -> None:
        if task.cancelled():
            self.future.cancel()
        elif (error := task.exception()) is not None:
            self.future.set_exception(error)
        else:
            self.future.set_result(task.result())


async def _wait(awaitable: Awaitable[T]) -> T:
    return await awaitable


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
