"""Plain calls of a user's node that have a time limit."""

from __future__ import annotations

import contextvars
import inspect
import logging
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, Final, ParamSpec, TypeVar

from ._coroutines import LateError
from ._worker import Worker

__all__ = ["BoundedCalls"]

P = ParamSpec("P")
T = TypeVar("T")

_LOG: Final = logging.getLogger(__name__)


class BoundedCalls:
    """Makes calls on another thread, one at a time, and leaves behind one that takes too long.

    Nothing can interrupt a plain function. Until it ends, no other call is made: a node does not
    expect two at once.
    """

    def __init__(self, node_id: str, limit_s: float) -> None:
        self._node_id = node_id
        self._limit_s = limit_s
        self._worker = Worker(f"remotemedia-{node_id}")
        self._late: Future[Any] | None = None

    @property
    def is_left_behind(self) -> bool:
        """Whether a call that took too long still runs."""
        return self._late is not None and not self._late.done()

    def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Make a call in the caller's context, and give its result.

        `LateError` if it takes longer than the limit, or if an earlier one that did still runs.
        """
        if self.is_left_behind:
            raise LateError
        context = contextvars.copy_context()
        future = self._worker.submit(lambda: context.run(call, *args, **kwargs))
        if wait([future], self._limit_s).not_done:
            self._late = future
            future.add_done_callback(self._tell_end)
            raise LateError
        return future.result()

    def when_free(self, call: Callable[[], None]) -> None:
        """Make a call once the one that was left behind has ended, on its thread."""
        assert self._late is not None
        self._late.add_done_callback(lambda _: call())

    def _tell_end(self, future: Future[Any]) -> None:
        error = future.exception()
        if error is not None:
            message = "node '%s': the call that exceeded its time has failed"
            _LOG.warning(message, self._node_id, exc_info=error)
            return
        result = future.result()
        if inspect.iscoroutine(result):  # nobody is going to await it
            result.close()
