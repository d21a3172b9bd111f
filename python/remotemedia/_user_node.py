"""What runs a user's node in a session: one executor per session around the shared node."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from contextlib import aclosing, closing, contextmanager
from dataclasses import replace
from typing import Any, Final, TypeVar

from ._bounded_calls import BoundedCalls
from ._cancel import CancelScope, current_scope, entered
from ._coroutines import LateError, await_from_thread
from ._items import give_item, take_result
from ._packet import Emit, Executor, NodeContext, Packet
from .exceptions import node_timeout, refuse_type
from .node import Node

__all__ = ["make_user_executor"]

_LOG = logging.getLogger(__name__)
_ENDED: Final = object()

Results = Generator[Any, None, None]
T = TypeVar("T")


def make_user_executor(node: Node, *, leaves_calls: bool = True) -> Executor:
    """Make the executor of one session.

    Without `leaves_calls` a plain call takes the time it takes: somebody else ends the process.
    """
    if node.is_streaming:
        return _StreamingExecutor(node)
    return _UserNodeExecutor(node, leaves_calls=leaves_calls)


class _UserNodeExecutor:
    """Calls the node with one item at a time; results leave as soon as they are there."""

    def __init__(self, node: Node, *, leaves_calls: bool = False) -> None:
        self._node = node
        self._leaves_calls = leaves_calls
        self._bounded: BoundedCalls | None = None  # of plain functions
        self._loop: asyncio.AbstractEventLoop | None = None
        self._scope: CancelScope | None = None
        self._session_id = ""
        self._context = NodeContext("", "", "")
        self._stage = "process"
        self._is_counted = False
        self._latest = Packet()  # envelope of the last packet, for what comes after the last item

    def initialize(self, context: NodeContext) -> None:
        self._loop = context.loop
        self._scope = current_scope()
        self._session_id = context.session_id
        self._context = context
        timeout_ms = self._node._policy.timeout_ms
        if self._leaves_calls and timeout_ms is not None:
            self._bounded = BoundedCalls(context.node_id, timeout_ms / 1_000)
        live = self._node._alive()
        with live.lock, self._node._in_session(self._session_id):
            if live.sessions == 0:
                self._settle(self._node.initialize())
            live.sessions += 1
            self._is_counted = True

    def process(self, packet: Packet, emit: Emit) -> None:
        item = give_item(packet)
        self._latest = replace(packet, payload=None)
        self._stage = "process"
        with self._working(packet, item, packet.generation):
            self._send(self._results_of(item), packet, emit)

    def flush(self, emit: Emit) -> None:
        self._stage = "flush"
        origin = replace(self._latest, ends_clip=False)
        with self._working(origin):
            self._send(self._results(self._flushed()), origin, emit)

    def cleanup(self) -> None:
        if self._bounded is None or not self._bounded.is_left_behind:
            self._clean_up()
            return
        _LOG.warning("node '%s' is still in a call that exceeded its time", self._node.name)
        self._bounded.when_free(self._clean_up)

    def _clean_up(self) -> None:
        live = self._node._alive()
        with live.lock, self._node._in_session(self._session_id):
            live.sessions -= self._is_counted
            self._is_counted = False
            if live.sessions > 0:
                return
            try:
                self._settle(self._node.cleanup())
            except Exception:  # the run is over: its own result or error counts
                _LOG.exception("cleanup of node '%s' failed", self._node.name)

    @contextmanager
    def _working(
        self, packet: Packet, item: Any = None, generation: int | None = None
    ) -> Iterator[None]:
        """Be in the node's session, and where a cancel ends what the call waits for."""
        with (
            entered(self._scope, generation),
            self._node._in_session(self._session_of(packet, item)),
        ):
            yield

    def _results_of(self, item: Any) -> Results:
        yield from self._results(self._called(self._node.process, item))

    def _flushed(self) -> Any:
        if type(self._node).flush is Node.flush:  # gives nothing, also beside a call that hangs
            return None
        return self._called(self._node.flush)

    def _called(self, call: Callable[..., Any], *args: Any) -> Any:
        """Call a function of the node; what gives a coroutine or an async generator is quick."""
        if inspect.iscoroutinefunction(call) or inspect.isasyncgenfunction(call):
            return call(*args)
        return self._in_time(call, *args)

    def _in_time(self, call: Callable[..., T], *args: Any) -> T:
        """Make a call that takes no longer than the node's policy allows."""
        if self._bounded is None:
            return call(*args)
        try:
            return self._bounded.run(call, *args)
        except LateError:
            raise self._timeout() from None

    def _results(self, value: Any) -> Results:
        if inspect.isgenerator(value):
            yield from value if self._bounded is None else self._stepped(value)
        elif inspect.isasyncgen(value):
            yield from self._drained(value)
        elif inspect.isawaitable(value):
            yield from self._results(self._wait_in_time(value))
        else:
            yield value

    def _stepped(self, generator: Generator[Any, Any, Any]) -> Results:
        try:
            while (result := self._in_time(next, generator, _ENDED)) is not _ENDED:
                yield result
        finally:
            if self._bounded is None or not self._bounded.is_left_behind:
                self._in_time(generator.close)

    def _drained(self, generator: AsyncGenerator[Any, Any]) -> Results:
        try:
            while (result := self._wait_in_time(anext(generator, _ENDED))) is not _ENDED:
                yield result
        finally:
            self._wait(generator.aclose())

    def _send(self, results: Results, origin: Packet, emit: Emit) -> None:
        """Emit results; if `origin` ends its clip, the last of them does."""
        envelope = replace(origin, ends_clip=False)
        held: Packet | None = None
        with closing(results):
            for result in results:
                if result is None:
                    continue
                packet = take_result(result, envelope)
                if origin.ends_clip:
                    packet, held = held, packet  # type: ignore[assignment]
                if packet is not None and not emit(packet, 0):
                    return
        if held is not None:
            emit(replace(held, ends_clip=True), 0)

    def _settle(self, value: Any) -> None:
        if inspect.isawaitable(value):
            self._wait(value)

    def _wait_in_time(self, awaitable: Awaitable[Any]) -> Any:
        """Wait as long as the node's policy allows."""
        timeout_ms = self._node._policy.timeout_ms
        if timeout_ms is None:
            return self._wait(awaitable)
        try:
            return await_from_thread(awaitable, self._loop, timeout_ms / 1_000)
        except LateError as late:
            raise self._timeout() from late.__cause__

    def _timeout(self) -> Exception:
        timeout_ms = self._node._policy.timeout_ms
        assert timeout_ms is not None
        context = self._context
        return node_timeout(context.node_id, context.node_type, self._stage, timeout_ms)

    def _wait(self, awaitable: Awaitable[Any]) -> Any:
        return await_from_thread(awaitable, self._loop)

    def _session_of(self, packet: Packet, item: Any) -> str:
        found = packet.metadata.get("session_id") or self._node.extract_session_id(item)
        return str(found) if found else self._session_id


class _StreamingExecutor(_UserNodeExecutor):
    """Calls the node once, with an async iterator of all items.

    `process` hands over an item and takes results until the node asks for the next item or ends,
    so the order of everything is fixed, and a slow node slows its input.
    """

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        # Of the present stream; None after the end of one, until the next one has an item.
        self._call: _StreamingCall | None = _StreamingCall(node)

    def process(self, packet: Packet, emit: Emit) -> None:
        try:
            super().process(packet, emit)
        except BaseException:  # also of a cancel: the node's call is part of what was dropped
            self._end_call()
            raise

    def flush(self, emit: Emit) -> None:
        self._stage = "flush"
        origin = replace(self._latest, ends_clip=False)
        with self._working(origin):
            try:
                self._send(self._rest(), origin, emit)
            finally:
                self._end_call()
        super().flush(emit)

    def cleanup(self) -> None:
        try:
            self._end_call()
        except Exception:
            _LOG.exception("the end of node '%s' failed", self._node.name)
        super().cleanup()

    def _results_of(self, item: Any) -> Results:
        if self._call is None:
            self._call = _StreamingCall(self._node)
        if not self._call.has_started:
            yield from self._until_asked(self._call)  # what comes before the first item
        if not self._call.is_over:
            self._wait(self._call.give(item, self._node.get_session_id()))
            yield from self._until_asked(self._call)

    def _until_asked(self, call: _StreamingCall) -> Results:
        while not call.is_over:
            event, result = self._wait_in_time(call.next_event())
            if event == "asked":
                return
            if event == "result":
                yield result

    def _rest(self) -> Results:
        if self._call is None:
            return
        self._wait(self._call.end())
        while not self._call.is_over:
            yield from self._until_asked(self._call)

    def _end_call(self) -> None:
        call, self._call = self._call, None
        if call is not None and call.has_started:
            self._wait(call.stop())


class _StreamingCall:
    """The one call of a streaming node, as a task. Its coroutines run on the event loop."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._task: asyncio.Task[None] | None = None
        self._items: asyncio.Queue[tuple[Any, str | None]] = asyncio.Queue()
        self._events: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self._room = asyncio.Semaphore(1)  # for a result that has not been taken yet
        self._stopping = False
        self.is_over = False

    @property
    def has_started(self) -> bool:
        """Whether the node was called."""
        return self._task is not None

    async def give(self, item: Any, session_id: str | None) -> None:
        """Give the node the item that it asked for."""
        self._items.put_nowait((item, session_id))

    async def end(self) -> None:
        """Say that no item follows."""
        self._items.put_nowait((_ENDED, None))

    async def next_event(self) -> tuple[str, Any]:
        """Wait for ("result", value), ("asked", None) or ("ended", None); raises what it raised."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())
        event, value = await self._events.get()
        if event == "result":
            self._room.release()
        self.is_over = event in ("ended", "failed")
        if event == "failed":
            raise value
        return event, value

    async def stop(self) -> None:
        """Cancel the node's call, and wait until it is over."""
        if self._task is not None:
            self._stopping = True
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            async with aclosing(self._results()) as results:
                async for result in results:
                    await self._room.acquire()
                    self._events.put_nowait(("result", result))
        except (Exception, asyncio.CancelledError) as error:
            if self._stopping:
                raise
            self._events.put_nowait(("failed", error))
        else:
            self._events.put_nowait(("ended", None))

    async def _results(self) -> AsyncGenerator[Any, None]:
        given = self._node.process(self._input())
        if inspect.isawaitable(given):
            yield await given
        elif inspect.isasyncgen(given):
            async with aclosing(given) as results:
                async for result in results:
                    yield result
        else:
            refuse_type(
                f"process of {type(self._node).__name__} gave a {type(given).__name__}, expected "
                "an async generator, as is_streaming is True",
                "define it with async def and yield",
            )

    async def _input(self) -> AsyncGenerator[Any, None]:
        while True:
            self._events.put_nowait(("asked", None))
            item, session_id = await self._items.get()
            if item is _ENDED:
                return
            self._node.set_session_id(session_id)
            yield item
