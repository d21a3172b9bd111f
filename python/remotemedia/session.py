"""A running pipeline that takes items and gives results while it runs."""

from __future__ import annotations

import asyncio
import atexit
import uuid
import warnings
import weakref
from collections.abc import AsyncIterator, Callable
from functools import partial
from types import TracebackType
from typing import Any, Final

import numpy as np

from ._cancel import CancelScope
from ._engine import Engine, make_engine
from ._graph import Graph
from ._items import parse_item
from ._outbox import Outbox
from ._packet import Audio, Packet
from ._spans import RunSpan
from ._worker import Worker, settled
from .exceptions import PipelineError, refuse

__all__ = ["PipelineSession"]

# How long the end of the process waits for a session that nobody has closed.
_EXIT_TIMEOUT_S: Final = 5.0


class PipelineSession:
    """A running instance of a pipeline. Made by `Pipeline.session`.

    What is pushed is a stream: nodes keep their state from item to item. `finish` ends the input;
    iteration gives the results and ends when the input has ended. Leaving the ``async with`` block
    closes the session: results that nobody has taken, and what nodes still hold, are dropped. Call
    `finish` and iterate to the end to have it all.

    A failed node raises its error from `push` or `finish`, and from the iteration, after the
    results that came before it.

    Notes
    -----
    The nodes run on one thread of the session. At most 1024 results wait to be taken; then `push`
    and `finish` wait (so do sources) until the iteration takes some: with more results than that,
    iterate in another task than the one that pushes.

    Examples
    --------
    >>> import asyncio
    >>> from remotemedia import Pipeline
    >>> from remotemedia.nodes import MultiplyNode
    >>> async def main():
    ...     async with Pipeline([MultiplyNode(factor=3)]).session() as session:
    ...         for number in (1, 2):
    ...             await session.push(number)
    ...         await session.finish()
    ...         return [result async for result in session]
    >>> asyncio.run(main())
    [3, 6]
    """

    def __init__(
        self,
        graph: Graph,
        *,
        session_id: str | None = None,
        enable_metrics: bool = False,
        on_metrics: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self.session_id = session_id or uuid.uuid4().hex
        self._graph = graph
        self._enable_metrics = enable_metrics
        self._on_metrics = on_metrics
        self._running: _Running | None = None
        self._is_finished = False
        self._is_closed = False

    async def __aenter__(self) -> PipelineSession:
        """Initialise the nodes."""
        try:
            await self._start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the session."""
        await self.close()

    async def push(self, item: Any, *, copy: bool = False) -> None:
        """Give an item to the pipeline; returns when the nodes have processed it.

        An array is borrowed: do not write to it until its output has arrived, or have it copied.
        """
        self._check_open("push")
        if not self._graph.inputs:
            refuse("the input", "an item", "none", "the graph's sources produce their own data")
        packet = parse_item(item)
        if copy:
            packet = packet.with_payload(_copied(packet.payload))
        running = await self._start()
        await running.push(packet)

    def _fail(self, error: BaseException) -> None:
        """End the iteration with an error of the caller, who cannot push what was expected."""
        if self._running is not None:
            self._running.outbox.fail(error)

    async def finish(self) -> None:
        """End the input; what the nodes hold back becomes results. Repeatable."""
        if self._is_finished:
            return
        self._check_open("finish")
        running = await self._start()
        self._is_finished = True
        await running.call(running.finish)

    async def flush(self) -> None:
        """Another name of `finish`."""
        await self.finish()

    def cancel(self) -> None:
        """Drop everything: the present call of a node ends soon, iteration ends at once."""
        if self._running is not None:
            self._running.cancel()

    async def close(self) -> None:
        """Cancel what still runs, clean the nodes up and end the thread. Repeatable."""
        if self._is_closed:
            return
        self._is_closed = True
        running = self._running
        if running is None:
            return
        running.cancel()
        await running.close()
        if self._on_metrics is not None and running.metrics is not None:
            self._on_metrics(running.metrics)

    def __aiter__(self) -> AsyncIterator[Any]:
        """Give the results as they come."""
        return self

    async def __anext__(self) -> Any:
        """Give the next result; waits for it."""
        if self._is_closed:
            raise StopAsyncIteration
        running = await self._start()
        return await running.outbox.take()

    def get_metrics(self) -> dict[str, Any] | None:
        """Give what was measured up to the close; None before it, or without metrics."""
        return self._running.metrics if self._running is not None else None

    def _check_open(self, action: str) -> None:
        running = self._running
        if self._is_closed or (running is not None and running.is_cancelled):
            raise PipelineError(f"cannot {action}: the session is closed")
        if self._is_finished:
            raise PipelineError(f"cannot {action}: the session's input has ended")

    async def _start(self) -> _Running:
        """Initialise the nodes, once; a graph's sources then run by themselves."""
        if self._running is None:
            self._running = _Running(
                self._graph, self.session_id, self._enable_metrics, asyncio.get_running_loop()
            )
            weakref.finalize(self, self._running.abandon).atexit = False
        await self._running.started()
        return self._running


def _copied(payload: Any) -> Any:
    if isinstance(payload, Audio):
        return Audio(payload.samples.copy(), payload.rate)
    return payload.copy() if isinstance(payload, np.ndarray) else payload


class _Running:
    """The session's thread and what is on it; a session that is dropped leaves it behind."""

    def __init__(
        self,
        graph: Graph,
        session_id: str,
        enable_metrics: bool,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.outbox = Outbox(loop)
        self.metrics: dict[str, Any] | None = None
        self._graph = graph
        self._session_id = session_id
        self._enable_metrics = enable_metrics
        self._loop = loop
        self._scope = CancelScope()
        self._engine: Engine | None = None
        self._is_ended = False
        self._span = RunSpan("remotemedia.session", graph, session_id)
        self._worker = Worker(f"remotemedia-session-{session_id[:8]}")
        self._started = self._worker.submit(self._make_engine)
        if graph.sources:
            self._worker.submit(self._perform, self._run_sources)
        _running_sessions.add(self)

    @property
    def is_cancelled(self) -> bool:
        """Whether `cancel` has been called."""
        return self._scope.is_cancelled

    async def started(self) -> None:
        """Wait until all nodes are initialised."""
        await asyncio.shield(asyncio.wrap_future(self._started))

    async def push(self, packet: Packet) -> None:
        """Run the nodes on one packet, on the session's thread."""
        await self.call(partial(self._push, packet))

    async def call(self, action: Callable[[Engine], None]) -> None:
        """Do something with the engine, on the session's thread."""
        self._check_alive()
        future = self._worker.submit(self._perform, action)
        try:
            await asyncio.shield(asyncio.wrap_future(future))
        except Exception:
            self._check_alive()
            raise
        self._check_alive()

    def cancel(self) -> None:
        """Make the present action end soon; nothing more comes out."""
        self._scope.cancel()
        self.outbox.close()
        if self._engine is not None:
            self._engine.cancel()

    async def close(self) -> None:
        """Wait for the present action, clean the nodes up and end the thread."""
        future = self._worker.submit(self._end)
        try:
            await settled(asyncio.wrap_future(future))
        finally:
            self._worker.stop()

    def abandon(self, timeout_s: float = 0.0) -> None:
        """End everything without waiting longer than that: nobody has closed the session."""
        if self._is_ended:
            return
        warnings.warn(
            f"session {self._session_id} was not closed; use 'async with'",
            ResourceWarning,
            stacklevel=2,
        )
        self.cancel()
        self._worker.submit(self._end)
        self._worker.stop(timeout_s)

    # --- on the session's thread

    def _make_engine(self) -> None:
        try:
            with self._scope:
                self._engine = make_engine(
                    self._graph,
                    self._take_output,
                    session_id=self._session_id,
                    enable_metrics=self._enable_metrics,
                    loop=self._loop,
                )
        except BaseException as error:
            self._span.fail(error)
            raise
        if self.is_cancelled:
            self._engine.cancel()

    def _push(self, packet: Packet, engine: Engine) -> None:
        self._span.pushed += 1
        engine.push(packet)

    def _take_output(self, _: str, packet: Packet) -> None:
        self._span.results += 1
        self.outbox.put(packet)

    def _perform(self, action: Callable[[Engine], None]) -> None:
        if self._engine is None or self.is_cancelled:
            return
        try:
            with self._scope:
                action(self._engine)
        except BaseException as error:
            if not self.is_cancelled:
                self._span.fail(error)
            self.outbox.fail(error)
            raise

    def finish(self, engine: Engine) -> None:
        """End the input."""
        engine.finish()
        self.outbox.end()

    def _run_sources(self, engine: Engine) -> None:
        engine.run_sources()
        if not self._graph.inputs:
            self.finish(engine)

    def _end(self) -> None:
        self._is_ended = True
        self._span.end()
        if self._engine is not None:
            if self._enable_metrics:
                self.metrics = self._engine.metrics()
            self._engine.close()

    def _check_alive(self) -> None:
        if self.is_cancelled:
            raise PipelineError("the session was cancelled")


_running_sessions: weakref.WeakSet[_Running] = weakref.WeakSet()


@atexit.register
def _end_all() -> None:
    # A thread that is inside native code when the interpreter goes would take the process with it.
    for running in list(_running_sessions):
        running.abandon(_EXIT_TIMEOUT_S)
