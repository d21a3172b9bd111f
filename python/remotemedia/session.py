"""Running pipelines that take items and give results while they run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from types import TracebackType
from typing import Any, Final

import numpy as np

from ._engine import QueueSettings
from ._graph import Graph
from ._items import parse_item
from ._metrics import Measured
from ._packet import Audio, Packet
from ._running_session import RunningSession, SessionSettings
from .exceptions import PipelineError, refuse

__all__ = ["PipelineSession", "SyncPipelineSession"]

# Items that try_push has handed over and that nobody has begun to work on.
_MAX_PENDING: Final = 64


class _Session:
    """What both kinds of session have in common: the states before and after the running one."""

    def __init__(
        self,
        graph: Graph,
        settings: SessionSettings,
        on_measured: Callable[[Measured], None] | None = None,
    ) -> None:
        self.session_id = settings.session_id
        self._graph = graph
        self._settings = settings
        self._on_measured = on_measured
        self._running: RunningSession | None = None
        self._is_finished = False
        self._is_closed = False

    def cancel(self) -> None:
        """Drop everything that was pushed and is not taken yet; the session goes on.

        A coroutine of a node is cancelled, another call ends by itself and what it gives is
        dropped. Nodes forget what they hold back: they are flushed before the next item. Any
        thread.
        """
        if self._running is not None:
            self._running.cancel()

    def get_metrics(self) -> dict[str, Any] | None:
        """Give what has been measured so far; None before the start, or without metrics."""
        measured = self._measured()
        return None if measured is None else measured.to_dict()

    def get_metrics_json(self) -> str | None:
        """Give what `get_metrics` does as JSON on one line, in a fraction of the time."""
        measured = self._measured()
        return None if measured is None else measured.to_json()

    def _measured(self) -> Measured | None:
        return self._running.measured() if self._running is not None else None

    def _check_open(self, action: str) -> None:
        if self._is_closed:
            raise PipelineError(f"cannot {action}: the session is closed")
        if self._is_finished:
            raise PipelineError(f"cannot {action}: the session's input has ended")

    def _packet_of(self, item: Any, copy: bool) -> Packet:
        self._check_open("push")
        if not self._graph.inputs:
            refuse("the input", "an item", "none", "the graph's sources produce their own data")
        packet = parse_item(item)
        return packet.with_payload(_copied(packet.payload)) if copy else packet

    def _run(self, loop: asyncio.AbstractEventLoop | None) -> RunningSession:
        if self._running is None:
            self._running = RunningSession(self._graph, self._settings, loop)
            self._running.watch(self)
        return self._running

    def _has_closed(self) -> None:
        measured = self._measured()
        if self._on_measured is not None and measured is not None:
            self._on_measured(measured)


class PipelineSession(_Session):
    """A running instance of a pipeline. Made by `Pipeline.session`.

    What is pushed is a stream: nodes keep their state from item to item. `flush` ends a stream and
    the session goes on with another one; `finish` ends the input. Iteration gives the results and
    ends when the input has ended. Leaving the ``async with`` block closes the session: results that
    nobody has taken, and what nodes still hold, are dropped. Call `finish` and iterate to the end
    to have it all.

    A failed node raises its error from the next call, and from the iteration, after the results
    that came before it.

    Notes
    -----
    Native nodes run one after another on one thread. Nodes that may block (Python, files) run on
    threads of their own, each behind a queue of `queue_capacity` items, and hold up nobody else;
    a node's calls come one at a time, not always on the same thread. The results of each output
    come in a fixed order. At most 1024 results wait to be taken; then `push`, `flush` and `finish`
    wait (so do sources) until the iteration takes some: with more results than that, iterate in
    another task than the one that pushes.

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
        """Give an item to the pipeline.

        Returns when the native nodes have processed it and all queues before other nodes have taken
        it; waits while one is full.

        An array is borrowed: do not write to it until its output has arrived, or have it copied.
        """
        packet = self._packet_of(item, copy)
        running = await self._start()
        await running.push(packet)

    def try_push(self, item: Any, *, copy: bool = False) -> bool:
        """Give an item to the pipeline without waiting; False if that is not possible now.

        So it is while a queue or the results are full, or 64 items of earlier calls wait for their
        turn. Only in an entered session. An error of a node comes with the iteration.
        """
        packet = self._packet_of(item, copy)
        running = self._running
        if running is None:
            raise PipelineError(
                "cannot push: the session has not started",
                hint="use 'async with pipeline.session() as session'",
            )
        return running.try_push(packet, _MAX_PENDING)

    async def flush(self) -> None:
        """End a stream: what the nodes hold back becomes results, and the session goes on."""
        self._check_open("flush")
        running = await self._start()
        await running.call(lambda engine: engine.flush())

    async def finish(self) -> None:
        """End the input; what the nodes hold back becomes results. Repeatable."""
        if self._is_finished:
            return
        self._check_open("finish")
        running = await self._start()
        self._is_finished = True
        await running.wait(running.finish())

    async def close(self, timeout_s: float | None = None) -> bool:
        """Stop what still runs and clean the nodes up. Repeatable.

        Parameters
        ----------
        timeout_s : float, optional
            How long to wait for a call of a node that does not end. Then the call is left behind on
            its thread, which cleans up when it ends.

        Returns
        -------
        Whether all calls have ended.
        """
        self._is_closed = True
        if self._running is None:
            return True
        is_clean = await self._running.close(timeout_s)
        self._has_closed()
        return is_clean

    def __aiter__(self) -> AsyncIterator[Any]:
        """Give the results as they come."""
        return self

    async def __anext__(self) -> Any:
        """Give the next result; waits for it."""
        if self._is_closed:
            raise StopAsyncIteration
        running = await self._start()
        return await running.outbox.take()

    def _fail(self, error: BaseException) -> None:
        """End the iteration with an error of the caller, who cannot push what was expected."""
        if self._running is not None:
            self._running.outbox.fail(error)

    async def _start(self) -> RunningSession:
        """Initialise the nodes, once; a graph's sources then run by themselves."""
        running = self._run(asyncio.get_running_loop())
        await running.started()
        return running


class SyncPipelineSession(_Session):
    """As `PipelineSession`, for code without an event loop: every call blocks.

    Made by `Pipeline.session_sync`. Coroutines of nodes run on a loop of the SDK. `cancel` may come
    from any thread, and so may iteration.

    Examples
    --------
    >>> from remotemedia import Pipeline
    >>> from remotemedia.nodes import MultiplyNode
    >>> with Pipeline([MultiplyNode(factor=3)]).session_sync() as session:
    ...     session.push(1)
    ...     session.finish()
    ...     list(session)
    [3]
    """

    def __enter__(self) -> SyncPipelineSession:
        """Initialise the nodes."""
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the session."""
        self.close()

    def push(self, item: Any, *, copy: bool = False) -> None:
        """Give an item to the pipeline, as `PipelineSession.push`."""
        packet = self._packet_of(item, copy)
        running = self._start()
        running.push_blocking(packet)

    def try_push(self, item: Any, *, copy: bool = False) -> bool:
        """Give an item to the pipeline unless that had to wait, as `PipelineSession.try_push`."""
        packet = self._packet_of(item, copy)
        running = self._start()
        return running.try_push(packet, _MAX_PENDING)

    def flush(self) -> None:
        """End a stream, as `PipelineSession.flush`."""
        self._check_open("flush")
        self._start().call_blocking(lambda engine: engine.flush())

    def finish(self) -> None:
        """End the input, as `PipelineSession.finish`."""
        if self._is_finished:
            return
        self._check_open("finish")
        running = self._start()
        self._is_finished = True
        running.wait_blocking(running.finish())

    def close(self, timeout_s: float | None = None) -> bool:
        """Stop what still runs and clean the nodes up, as `PipelineSession.close`."""
        self._is_closed = True
        if self._running is None:
            return True
        is_clean = self._running.close_blocking(timeout_s)
        self._has_closed()
        return is_clean

    def __iter__(self) -> Iterator[Any]:
        """Give the results as they come."""
        return self

    def __next__(self) -> Any:
        """Give the next result; waits for it."""
        if self._is_closed:
            raise StopIteration
        return self._start().outbox.take_blocking()

    def _start(self) -> RunningSession:
        running = self._run(None)
        running.started_blocking()
        return running


def make_settings(
    session_id: str | None,
    enable_metrics: bool,
    queue_capacity: int,
    queue_policy: str,
) -> SessionSettings:
    """Check what a caller asks of a session."""
    return SessionSettings.of(
        session_id, enable_metrics, QueueSettings.of(queue_capacity, queue_policy)
    )


def _copied(payload: Any) -> Any:
    if isinstance(payload, Audio):
        return Audio(payload.samples.copy(), payload.rate)
    return payload.copy() if isinstance(payload, np.ndarray) else payload
