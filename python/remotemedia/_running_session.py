"""The running part of a session: its engine, the worker that calls it, and its results."""

from __future__ import annotations

import asyncio
import atexit
import threading
import warnings
import weakref
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from typing import Final

from ._cancel import CancelScope
from ._engine import Engine, QueueSettings, make_engine
from ._graph import Graph
from ._ids import new_session_id
from ._metrics import Measured
from ._outbox import Outbox
from ._packet import Packet
from ._spans import RunSpan
from ._worker import Worker, settle, settled
from .exceptions import PipelineError

__all__ = ["RunningSession", "SessionSettings"]

# How long the end of the process waits for a session that nobody has closed.
_EXIT_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True)
class SessionSettings:
    """What a caller asks of a session."""

    session_id: str
    enable_metrics: bool
    queue: QueueSettings

    @classmethod
    def of(
        cls, session_id: str | None, enable_metrics: bool, queue: QueueSettings
    ) -> SessionSettings:
        """Give the settings; a session without an id gets a new one."""
        return cls(session_id or new_session_id(), enable_metrics, queue)


class RunningSession:
    """Has no reference to the session of the user: one that is dropped leaves it behind."""

    def __init__(
        self,
        graph: Graph,
        settings: SessionSettings,
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        self.outbox = Outbox(loop)
        self._graph = graph
        self._settings = settings
        self._loop = loop
        self._scope = CancelScope()
        self._engine: Engine | None = None
        self._lock = threading.Lock()  # of what follows
        self._generation = 0
        self._pending = 0
        self._failure: BaseException | None = None
        self._closed: Future[bool] | None = None
        self._finished: Future[None] | None = None
        self._last_measured: Measured | None = None
        self._span = RunSpan("remotemedia.session", graph, settings.session_id)
        self._worker = Worker(f"remotemedia-session-{settings.session_id[:8]}")
        self._is_quick = graph.is_quick
        self._is_here = False  # in a call that a caller's thread makes itself
        self._started = self._worker.submit(self._make_engine)
        if graph.sources:
            self._submit(self._run_sources)
        _running_sessions.add(self)

    def watch(self, owner: object) -> None:
        """End with the owner, if it goes without a close."""
        weakref.finalize(owner, self.abandon).atexit = False

    # --- the start

    async def started(self) -> None:
        """Wait until all nodes are initialised."""
        if not self._started.done():
            await asyncio.shield(asyncio.wrap_future(self._started))
        self._started.result()

    def started_blocking(self) -> None:
        """Wait until all nodes are initialised."""
        self._started.result()

    # --- calls of the engine, on the worker's thread

    async def push(self, packet: Packet) -> None:
        """Give a packet to the engine; returns when it is done, or cancelled."""
        if self._push_here(packet):
            await asyncio.sleep(0)  # whoever takes the results has a turn
        else:
            await self.call(partial(self._push, packet))

    def push_blocking(self, packet: Packet) -> None:
        """Give a packet to the engine, for callers without a loop."""
        if not self._push_here(packet):
            self.call_blocking(partial(self._push, packet))

    def try_push(self, packet: Packet, most_pending: int) -> bool:
        """Give a packet to the engine later, unless it would have to wait."""
        return self.try_call(partial(self._push, packet), most_pending)

    async def call(self, action: Callable[[Engine], None]) -> None:
        """Do something with the engine; returns when it is done, or cancelled."""
        await self.wait(self._submit(action))

    def call_blocking(self, action: Callable[[Engine], None]) -> None:
        """Do something with the engine, for callers without a loop."""
        self.wait_blocking(self._submit(action))

    async def wait(self, call: Future[None]) -> None:
        """Wait until something is done with the engine, or not to be done any more."""
        future = asyncio.wrap_future(call)
        try:
            await asyncio.shield(future)
        finally:
            # What the close makes of the call is no news; that it was not done is.
            if future.done() and not future.cancelled():
                future.exception()
                self._check_alive()

    def wait_blocking(self, call: Future[None]) -> None:
        """As `wait`, for callers without a loop."""
        try:
            call.result()
        finally:
            self._check_alive()

    def try_call(self, action: Callable[[Engine], None], most_pending: int) -> bool:
        """Do something with the engine later, unless it would have to wait."""
        engine = self._engine
        is_full = self.outbox.is_full or (engine is not None and not engine.has_room())
        if is_full or self._pending >= most_pending:
            return False
        # The error, if there is one, has gone to the outbox.
        self._submit(action).add_done_callback(lambda future: future.exception())
        return True

    def finish(self) -> Future[None]:
        """End the input, once; done when the nodes have worked, which takes none of the threads."""
        self._finished = finished = Future[None]()
        begun = self._submit(lambda engine: engine.begin_finish(self._end_input_later), True)
        begun.add_done_callback(self._fail_finish)
        return finished

    # --- the end

    def cancel(self) -> None:
        """Drop everything of the present generation."""
        with self._lock:
            self._generation += 1
            if self._engine is not None:
                self._engine.cancel()
            self.outbox.begin_generation(self._generation)
        self._scope.cancel()

    async def close(self, timeout_s: float | None) -> bool:
        """Stop and clean up; whether all calls have ended within the time."""
        future = asyncio.wrap_future(self._stop(timeout_s))
        if timeout_s is None:
            await settled(future)
        else:
            await asyncio.wait([future], timeout=timeout_s)
        return future.done() and future.result()

    def close_blocking(self, timeout_s: float | None) -> bool:
        """Stop and clean up, for callers without a loop."""
        future = self._stop(timeout_s)
        wait([future], timeout_s)
        return future.done() and future.result()

    def abandon(self, timeout_s: float = 0.0) -> None:
        """End everything without waiting longer than that: nobody has closed the session."""
        if self._closed is None:
            warnings.warn(
                f"session {self._settings.session_id} was not closed; use 'async with', or 'with'",
                ResourceWarning,
                stacklevel=2,
            )
            self.close_blocking(timeout_s)

    def measured(self) -> Measured | None:
        """Give what has been measured so far."""
        if not self._settings.enable_metrics or self._engine is None:
            return None
        return self._last_measured or Measured(self._engine.measure())

    # --- inside

    def _submit(self, action: Callable[[Engine], None], is_last: bool = False) -> Future[None]:
        self._check_alive()
        with self._lock:
            self._pending += 1
            generation = self._generation
        return self._worker.submit(self._perform, action, generation, is_last)

    def _perform(self, action: Callable[[Engine], None], generation: int, is_last: bool) -> None:
        with self._lock:
            self._pending -= 1
            is_stale = generation < self._generation and not is_last
        if not is_stale:
            self._act(action)

    def _act(self, action: Callable[[Engine], None]) -> None:
        if self._engine is None or self._scope.is_stopped:
            return
        if self._failure is not None:
            raise self._failure
        try:
            with self._scope.entered():
                action(self._engine)
        except BaseException as error:
            is_signal = self._is_here and isinstance(error, KeyboardInterrupt)  # not of a node
            if not (self._scope.is_stopped or is_signal):
                self._fail(error)
            raise

    def _fail(self, error: BaseException) -> None:
        self._failure = self._failure or error
        self._span.fail(error)
        self.outbox.fail(error)

    def _make_engine(self) -> None:
        try:
            with self._scope.entered():
                engine = make_engine(
                    self._graph,
                    self._take_output,
                    session_id=self._settings.session_id,
                    enable_metrics=self._settings.enable_metrics,
                    loop=self._loop,
                    lanes="nodes",
                    queue=self._settings.queue,
                    on_failure=self._fail,
                )
        except BaseException as error:
            self._span.fail(error)
            raise
        with self._lock:
            self._engine = engine
            for _ in range(self._generation):  # cancelled before there was anything to cancel
                engine.cancel()
        if self._scope.is_stopped:
            engine.stop()

    def _push(self, packet: Packet, engine: Engine) -> None:
        self._span.pushed += 1
        engine.push(packet)

    def _push_here(self, packet: Packet) -> bool:
        """Push on the calling thread, if that takes less than to change threads twice."""
        if not self._is_quick or not packet.is_short or self.outbox.is_full:
            return False
        try:
            if not self._worker.claim():
                return False
            self._check_alive()
            self._is_here = True
            try:
                self._act(partial(self._push, packet))
            finally:
                self._is_here = False
        finally:
            self._worker.release()
        self._check_alive()  # a close may have come in between
        return True

    def _take_output(self, _: str, packet: Packet) -> None:
        self._span.results += 1
        # A caller's thread may be the one that takes results: it goes a little above the limit.
        self.outbox.put(packet, waits=not self._is_here)

    def _run_sources(self, engine: Engine) -> None:
        engine.run_sources()
        if not self._graph.inputs:
            self._end_input(engine)

    def _fail_finish(self, begun: Future[None]) -> None:
        if self._finished is not None and begun.exception() is not None:
            settle(self._finished, begun)

    def _end_input_later(self) -> None:
        assert self._finished is not None
        try:
            ended = self._submit(self._end_input, True)
        except PipelineError:  # closed: its end settles it
            return
        ended.add_done_callback(partial(settle, self._finished))

    def _end_input(self, engine: Engine) -> None:
        engine.finish()
        self.outbox.end()

    def _stop(self, timeout_s: float | None) -> Future[bool]:
        with self._lock:
            was_left_behind = (
                self._closed is not None and self._closed.done() and not self._closed.result()
            )
            if self._closed is None or was_left_behind:
                self._closed = self._worker.submit(self._end, timeout_s)
            future = self._closed
        if self._engine is not None:
            self._engine.stop()
        self._scope.stop()
        self.outbox.close()
        return future

    def _end(self, timeout_s: float | None) -> bool:
        self._span.end()
        if self._finished is not None:
            settle(self._finished)
        if self._engine is None:
            return True
        is_clean = self._engine.close(timeout_s)
        if self._settings.enable_metrics:
            self._last_measured = Measured(self._engine.measure())
        return is_clean

    def _check_alive(self) -> None:
        if self._closed is not None:
            raise PipelineError("the session is closed")


_running_sessions: weakref.WeakSet[RunningSession] = weakref.WeakSet()


@atexit.register
def _end_all() -> None:
    # A thread that is inside native code when the interpreter goes would take the process with it.
    for running in list(_running_sessions):
        running.abandon(_EXIT_TIMEOUT_S)
