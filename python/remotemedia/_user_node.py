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
from ._steps import AwaitedCall, Steps, Wait, run_blocking
from .exceptions import node_timeout, refuse_type
from .node import Node

__all__ = ["make_user_executor"]

_LOG = logging.getLogger(__name__)
_ENDED: Final = object()

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
        self.awaits = node._is_awaiting
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
        self._begun: AwaitedCall | None = None

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
        item = self._take(packet)
        with self._working(packet, item, packet.generation):
            run_blocking(self._steps(packet, item, emit), self._loop)

    def begin(self, packet: Packet, emit: Emit, resume: Callable[[], None]) -> bool:
        item = self._take(packet)
        session_id = self._session_of(packet, item)
        self._begun = AwaitedCall(
            self._steps(packet, item, emit),
            self._loop,
            self._scope,
            packet.generation,
            lambda: self._node._in_session(session_id),
        )
        return self.go_on(emit, resume)

    def go_on(self, emit: Emit, resume: Callable[[], None]) -> bool:
        # `emit` is the one that the call's steps have.
        assert self._begun is not None
        return self._begun.advance(resume)

    def flush(self, emit: Emit) -> None:
        self._stage = "flush"
        origin = replace(self._latest, ends_clip=False)
        with self._working(origin):
            results = _Sender(origin, emit)
            run_blocking(self._results(self._flushed(), results), self._loop)

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

    def _take(self, packet: Packet) -> Any:
        self._latest = replace(packet, payload=None)
        self._stage = "process"
        return give_item(packet)

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

    def _steps(self, packet: Packet, item: Any, emit: Emit) -> Steps[None]:
        results = _Sender(packet, emit)
        if (yield from self._given(item, results)):
            results.end()

    def _given(self, item: Any, send: _Sender) -> Steps[bool]:
        """Give the node an item; False once nobody wants its results."""
        return (yield from self._results(self._called(self._node.process, item), send))

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

    def _results(self, value: Any, send: _Sender) -> Steps[bool]:
        """Send what a call gave; False once nobody wants more of it."""
        if inspect.isasyncgen(value):
            return (yield from self._drained(value, send))
        if inspect.isawaitable(value) and not inspect.isgenerator(value):
            value = yield from self._awaited(value)
            return (yield from self._results(value, send))
        if not inspect.isgenerator(value):
            return send(value)
        with closing(value if self._bounded is None else self._stepped(value)) as results:
            return all(map(send, results))

    def _stepped(self, generator: Generator[Any, Any, Any]) -> Generator[Any, None, None]:
        try:
            while (result := self._in_time(next, generator, _ENDED)) is not _ENDED:
                yield result
        finally:
            if self._bounded is None or not self._bounded.is_left_behind:
                self._in_time(generator.close)

    def _drained(self, generator: AsyncGenerator[Any, Any], send: _Sender) -> Steps[bool]:
        is_left = False
        try:
            while (result := (yield from self._awaited(anext(generator, _ENDED)))) is not _ENDED:
                if not send(result):
                    return False
            return True
        except GeneratorExit:  # nobody makes the next step
            is_left = True
            raise
        finally:
            if not is_left:
                yield Wait(generator.aclose())

    def _awaited(self, awaitable: Awaitable[Any]) -> Steps[Any]:
        """Wait as long as the node's policy allows."""
        timeout_ms = self._node._policy.timeout_ms
        try:
            return (yield Wait(awaitable, None if timeout_ms is None else timeout_ms / 1_000))
        except LateError as late:
            raise self._timeout() from late.__cause__

    def _settle(self, value: Any) -> None:
        if inspect.isawaitable(value):
            await_from_thread(value, self._loop)

    def _timeout(self) -> Exception:
        timeout_ms = self._node._policy.timeout_ms
        assert timeout_ms is not None
        context = self._context
        return node_timeout(context.node_id, context.node_type, self._stage, timeout_ms)

    def _session_of(self, packet: Packet, item: Any) -> str:
        found = packet.metadata.get("session_id") or self._node.extract_session_id(item)
        return str(found) if found else self._session_id


class _Sender:
    """Emits what a node gives in the envelope of a packet; if that ends its clip, the last does."""

    def __init__(self, origin: Packet, emit: Emit) -> None:
        self._envelope = replace(origin, ends_clip=False)
        self._ends_clip = origin.ends_clip
        self._emit = emit
        self._held: Packet | None = None

    def __call__(self, result: Any) -> bool:
        """Send a result, if it is one; False once nobody wants more."""
        if result is None:
            return True
        packet: Packet | None = take_result(result, self._envelope)
        if self._ends_clip:
            packet, self._held = self._held, packet
        return packet is None or self._emit(packet, 0)

    def end(self) -> None:
        """Send what ends the clip."""
        if self._held is not None:
            self._emit(replace(self._held, ends_clip=True), 0)


class _StreamingExecutor(_UserNodeExecutor):
    """Calls the node once, with an async iterator of all items.

    `process` hands over an item and takes results until the node asks for the next item or ends,
    so the order of everything is fixed, and a slow node slows its input.
    """

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        # Of the present stream; None after the end of one, until the next one has an item.
        self._call: _StreamingCall | None = _StreamingCall(node)

    def flush(self, emit: Emit) -> None:
        self._stage = "flush"
        origin = replace(self._latest, ends_clip=False)
        with self._working(origin):
            try:
                run_blocking(self._rest(_Sender(origin, emit)), self._loop)
            finally:
                self._end_call()
        super().flush(emit)

    def cleanup(self) -> None:
        try:
            self._end_call()
        except Exception:
            _LOG.exception("the end of node '%s' failed", self._node.name)
        super().cleanup()

    def _steps(self, packet: Packet, item: Any, emit: Emit) -> Steps[None]:
        try:
            yield from super()._steps(packet, item, emit)
        except GeneratorExit:  # nobody makes the next step
            raise
        except BaseException:  # also of a cancel: the node's call is part of what was dropped
            call, self._call = self._call, None
            if call is not None and call.has_started:
                yield Wait(call.stop())
            raise

    def _given(self, item: Any, send: _Sender) -> Steps[bool]:
        if self._call is None:
            self._call = _StreamingCall(self._node)
        call = self._call
        # What comes before the first item.
        if not call.has_started and not (yield from self._until_asked(call, send)):
            return False
        if call.is_over:
            return True
        yield Wait(call.give(item, self._node.get_session_id()))
        return (yield from self._until_asked(call, send))

    def _until_asked(self, call: _StreamingCall, send: _Sender) -> Steps[bool]:
        while not call.is_over:
            event, result = yield from self._awaited(call.next_event())
            if event == "asked":
                break
            if event == "result" and not send(result):
                return False
        return True

    def _rest(self, send: _Sender) -> Steps[None]:
        if self._call is None:
            return
        yield Wait(self._call.end())
        while not self._call.is_over:
            if not (yield from self._until_asked(self._call, send)):
                return

    def _end_call(self) -> None:
        call, self._call = self._call, None
        if call is not None and call.has_started:
            await_from_thread(call.stop(), self._loop)


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
