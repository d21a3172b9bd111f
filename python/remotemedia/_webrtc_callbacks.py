"""What the native WebRTC server asks of Python and tells it, on threads of its own."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from ._coroutines import await_from_thread
from ._engine import make_native_graph
from .exceptions import refuse_argument, refuse_type, retried_text
from .pipeline import Pipeline

__all__ = ["Callbacks", "text_message"]

_LOG: Final = logging.getLogger("remotemedia")

T = TypeVar("T")


def text_message(text: str) -> dict[str, Any]:
    """Give the message that a page shows as text of the server."""
    return {"type": "text_response", "text": text, "timestamp": int(time.time() * 1_000)}


class Callbacks:
    """Calls the user's functions: plain ones here, coroutines on the server's event loop."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        send: Callable[[str, dict[str, Any]], None],
        on_message: Callable[[str, dict[str, Any]], Any] | None,
        on_session_start: Callable[[str], Any] | None,
        on_session_end: Callable[[str, str], Any] | None,
    ) -> None:
        self.pipeline_factory: Callable[..., Any] | None = None
        self._loop = loop
        self._send = send
        self._on_message = on_message
        self._on_start = on_session_start
        self._on_end = on_session_end
        self._tasks: set[asyncio.Task[Any]] = set()

    def graph(self, session_id: str) -> Any:
        """Give the native graph of a new session; what is raised refuses the session."""
        factory = self.pipeline_factory
        if factory is None:
            refuse_argument("there is no pipeline_factory")
        made = factory(session_id) if _takes_session_id(factory) else factory()
        pipeline = self._settled(made)
        if not isinstance(pipeline, Pipeline):
            refuse_type(f"pipeline_factory gave a {type(pipeline).__name__}, expected a Pipeline")
        return make_native_graph(pipeline._build())

    def started(self, session_id: str) -> None:
        """Tell of a new session."""
        if self._on_start is not None:
            self._try(session_id, "on_session_start", self._on_start, session_id)

    def ended(self, session_id: str, reason: str) -> None:
        """Tell of the end of a session."""
        if self._on_end is not None:
            self._try(session_id, "on_session_end", self._on_end, session_id, reason)

    def message(self, session_id: str, message: dict[str, Any]) -> None:
        """Tell of a message, and send what the user answers."""
        if self._on_message is not None:
            self._try(session_id, "on_message", self._answer, session_id, message)

    @property
    def runs_here(self) -> bool:
        """Whether the present task is a call of the user's."""
        return asyncio.current_task() in self._tasks

    def cancel(self) -> None:
        """Cancel the coroutines of the user that have not ended; on the loop."""
        for task in self._tasks:
            task.cancel()

    def _answer(self, session_id: str, message: dict[str, Any]) -> None:
        assert self._on_message is not None
        answer = self._settled(self._on_message(session_id, message))
        if isinstance(answer, str):
            answer = text_message(answer)
        if isinstance(answer, dict):
            self._send(session_id, answer)
        elif answer is not None:
            refuse_type(f"on_message gave a {type(answer).__name__}, expected a dict, text or None")

    def _try(self, session_id: str, name: str, call: Callable[..., Any], *args: Any) -> None:
        """Call; an error is logged and told to the page, and the session goes on."""
        try:
            self._settled(call(*args))
        except Exception as error:
            _LOG.exception("session %s: %s failed", session_id, name)
            # File names may hold what is no text; it must not keep the rest from the page.
            text = retried_text(error, 1).encode(errors="backslashreplace").decode()
            self._send(session_id, {"type": "error", "fatal": False, "message": text})

    def _settled(self, value: Any) -> Any:
        if not inspect.isawaitable(value):
            return value
        return await_from_thread(self._noted(value), self._loop)

    async def _noted(self, awaitable: Awaitable[T]) -> T:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            return await awaitable
        finally:
            self._tasks.discard(task)


def _takes_session_id(factory: Callable[..., Any]) -> bool:
    """Whether it has a parameter of that name, or a first one without a default."""
    try:
        parameters = inspect.signature(factory).parameters
    except (TypeError, ValueError):  # some written in C
        return False
    if "session_id" in parameters:
        return True
    first = next(iter(parameters.values()), None)
    return (
        first is not None
        and first.default is first.empty
        and first.kind in (first.POSITIONAL_ONLY, first.POSITIONAL_OR_KEYWORD)
    )
