"""Calls of users' nodes in steps, each of which ends where the node waits for a coroutine.

So one description of a call serves a thread that waits and a session that has better to do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from ._cancel import CancelScope, Waits, entered
from ._coroutines import Call, await_from_thread

__all__ = ["AwaitedCall", "Steps", "Wait", "run_blocking"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wait:
    """What a step ends with: the next one gets the result, or what was raised."""

    awaitable: Awaitable[Any]
    timeout_s: float | None = None


Steps = Generator[Wait, Any, T]


def run_blocking(steps: Steps[T], loop: asyncio.AbstractEventLoop | None) -> T:
    """Make all steps on the calling thread, which waits; as `await_from_thread`."""
    step = partial(next, steps)
    while True:
        try:
            wait = step()
        except StopIteration as end:
            result: T = end.value
            return result
        try:
            value = await_from_thread(wait.awaitable, loop, wait.timeout_s)
        except BaseException as error:
            step = partial(steps.throw, error)
        else:
            step = partial(steps.send, value)


class AwaitedCall:
    """Makes one step at a time, on any thread, and holds none while it waits.

    Parameters
    ----------
    scope, generation
        A cancel of this generation ends what the call waits for.
    surroundings : callable
        Gives the context in which each step is made.
    """

    def __init__(
        self,
        steps: Steps[None],
        loop: asyncio.AbstractEventLoop | None,
        scope: CancelScope | None,
        generation: int,
        surroundings: Callable[[], AbstractContextManager[object]],
    ) -> None:
        self._steps = steps
        self._loop = loop
        self._scope = scope
        self._surroundings = surroundings
        self._step: Callable[[], Wait] = partial(next, steps)
        self._waits: Waits | None = None
        if scope is not None:
            self._waits = Waits(scope, generation)
            scope.hold(self._waits)

    def advance(self, resume: Callable[[], None]) -> bool:
        """Make the next step; True if it was the last one, else `resume` is called for the next."""
        try:
            with entered(self._scope, waits=self._waits), self._surroundings():
                self._wait(self._step(), resume)
        except BaseException as end:
            if self._scope is not None and self._waits is not None:
                self._scope.release(self._waits)
            if isinstance(end, StopIteration):
                return True
            raise
        return False

    def _wait(self, wait: Wait, resume: Callable[[], None]) -> None:
        try:
            call = Call(wait.awaitable, self._loop, wait.timeout_s)
        except RuntimeError as error:  # the loop is closed
            self._step = partial(self._steps.throw, error)
            resume()
            return
        if self._waits is not None:
            self._waits.watch(call.cancel)
        self._step = partial(self._take, call.future)
        call.future.add_done_callback(lambda _: resume())

    def _take(self, future: Future[Any]) -> Wait:
        if self._waits is not None:
            self._waits.unwatch()
        try:
            value = future.result()
        except BaseException as error:
            return self._steps.throw(error)
        return self._steps.send(value)
