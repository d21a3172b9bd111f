"""WebRTC sessions of browsers, each with a pipeline of its own, on the native server.

>>> import asyncio
>>> from remotemedia import Pipeline
>>> from remotemedia.nodes import PassThroughNode
>>> from remotemedia.webrtc import WebRTCConfig, WebRTCServer
>>> def pipeline():
...     return Pipeline([PassThroughNode()])
>>> asyncio.run(WebRTCServer(WebRTCConfig(), pipeline).serve_forever())  # doctest: +SKIP
"""

from __future__ import annotations

import asyncio
import atexit
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final

from . import runtime
from ._webrtc_callbacks import Callbacks
from ._webrtc_config import WebRTCConfig
from ._worker import Worker
from .exceptions import refuse_argument

__all__ = ["WebRTCConfig", "WebRTCServer"]

# How long the end of the process waits for servers that nobody has stopped.
_EXIT_TIMEOUT_S: Final = 10.0
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
# 30 years fit into the native clock, whatever it counts from.
_MAX_DRAIN_S: Final = 1e9


class WebRTCServer:
    """Serves a page and the WebRTC sessions of browsers; `docs/webrtc-python.md` is the guide.

    Each session runs a pipeline. What its browser says comes as mono float32 audio in blocks of
    20 ms with ``session_id``, ``timestamp`` (seconds) and ``source`` ("webrtc") in its metadata.
    Audio that the pipeline gives is played there, text arrives as ``text_response``, a dict as it
    is.

    Parameters
    ----------
    config : WebRTCConfig, optional
    pipeline_factory : callable
        Gives the pipeline of a new session, which gets ``session_id`` if it has such a parameter,
        or a first one without a default. May be a coroutine function. A plain one is called on a
        thread of the server. What it raises refuses the session.
    on_message : callable, optional
        Takes the id of a session and a message of its page, a dict with a ``type``. May be a
        coroutine function. A dict or text that it gives is sent back.
    on_session_start, on_session_end : callable, optional
        Take the id, the second one also the reason. May be coroutine functions.

    Notes
    -----
    The calls of one session come in order. Plain functions run on threads of the server, coroutines
    on the loop that has called `start`. Errors of these functions are logged and told to the page.
    """

    def __init__(
        self,
        config: WebRTCConfig | None = None,
        pipeline_factory: Callable[..., Any] | None = None,
        *,
        on_message: Callable[[str, dict[str, Any]], Any] | None = None,
        on_session_start: Callable[[str], Any] | None = None,
        on_session_end: Callable[[str, str], Any] | None = None,
    ) -> None:
        self.config = WebRTCConfig() if config is None else config
        self._factory = pipeline_factory
        self._handlers = (on_message, on_session_start, on_session_end)
        self._worker = Worker("remotemedia-webrtc")
        self._native: Any = None  # while it runs
        self._callbacks: Callbacks | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Future[None] | None = None
        self._at_end: list[Callable[[], object]] = []  # called once it has stopped

    # --- running

    async def start(self) -> None:
        """Listen.

        Raises
        ------
        ConfigurationError
            An option is out of range, a certificate or its key cannot be used, there is no
            `pipeline_factory`, or no native server.
        MediaIOError
            The port is taken.
        """
        if self._native is not None:
            refuse_argument("the server has been started")
        if self._factory is None:
            refuse_argument(
                "pipeline_factory is None", hint="give a function that makes a Pipeline"
            )
        make_server = _native_server()
        self._loop = asyncio.get_running_loop()
        callbacks = Callbacks(self._loop, self.send, *self._handlers)
        callbacks.pipeline_factory = self._factory
        native = make_server(
            self.config.to_native(),
            callbacks.graph,
            self._loop,
            callbacks.started,
            callbacks.message,
            callbacks.ended,
        )
        self._native, self._callbacks, self._stopped = native, callbacks, None
        try:
            native.start()
        except BaseException:
            self._forget()
            raise
        _running.add(self)

    async def stop(self, drain_timeout_s: float | None = None) -> None:
        """Take no new session, wait for the others to end, then end all. Repeatable.

        Parameters
        ----------
        drain_timeout_s : float, optional
            How long to wait, 0..1e9; that of the configuration if absent.

        Raises
        ------
        ConfigurationError
            The time is out of range, the loop that `start` was called on still works elsewhere, or
            the server would wait for the caller.
        """
        if self._native is None:
            return
        self._take_loop(asyncio.get_running_loop())
        callbacks = self._callbacks
        assert callbacks is not None
        if callbacks.runs_here:
            refuse_argument(
                "stop is called by a function that it waits for",
                hint="call it in a task of its own: asyncio.create_task(server.stop())",
            )
        timeout_s = self.config.drain_timeout_s if drain_timeout_s is None else drain_timeout_s
        if not 0 <= timeout_s <= _MAX_DRAIN_S:  # not a number is none of these either
            refuse_argument(f"drain_timeout_s is {timeout_s!r}, expected seconds from 0 to 1e9")
        if self._stopped is None:
            done = self._worker.submit(self._native.stop, timeout_s)
            self._stopped = asyncio.wrap_future(done)
        await self._wait_for_stop(self._stopped, timeout_s + 1, callbacks)

    async def serve_forever(self) -> None:
        """Serve until Ctrl-C, SIGTERM, `stop`, or the task is cancelled.

        Starts the server if it does not run, and stops it in the end. A second signal ends the
        process.
        """
        ended = asyncio.Event()
        with _signals.first_calls(ended.set, asyncio.get_running_loop()):
            if self._native is None:
                await self.start()
            served = self._native
            self._at_end.append(ended.set)
            try:
                await ended.wait()
            finally:
                self._at_end.remove(ended.set)
                if self._native is served:  # else another task has stopped it
                    await self.stop()

    async def __aenter__(self) -> WebRTCServer:
        """Listen."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop; after an error, without waiting for sessions."""
        await self.stop(None if error is None else 0.0)

    def set_pipeline_factory(self, pipeline_factory: Callable[..., Any]) -> None:
        """Take another one for the sessions that come."""
        self._factory = pipeline_factory
        if self._callbacks is not None:
            self._callbacks.pipeline_factory = pipeline_factory

    # --- where it is

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not been stopped."""
        return self._native is not None

    @property
    def port(self) -> int:
        """Of HTTP; while it does not run, that of the configuration."""
        native = self._native
        return int(native.port) if native is not None else self.config.port

    @property
    def udp_ports(self) -> list[int]:
        """One for each shard; empty while it does not run."""
        native = self._native
        return list(native.udp_ports) if native is not None else []

    @property
    def url(self) -> str:
        """Of the page, for a browser on this machine."""
        return self.config.url(self.port)

    # --- sessions, from any thread

    def send(self, session_id: str, message: dict[str, Any]) -> None:
        """Send a message to the page of a session; nothing happens if that is over."""
        native = self._native
        if native is not None:
            native.send(session_id, _checked(message))

    async def broadcast_to_connections(
        self,
        message: dict[str, Any],
        filter: Callable[[dict[str, Any]], bool] | None = None,
    ) -> None:
        """Send a message to the pages of all sessions, or of those that `filter` says.

        `filter` takes what `connections` gives of each.
        """
        native = self._native
        if native is None:
            return
        if filter is None:
            native.broadcast(_checked(message))
            return
        for connection in self.connections():
            if filter(connection):
                native.send(connection["id"], _checked(message))

    def close_session(self, session_id: str, reason: str) -> None:
        """End a session; its page is told the reason."""
        native = self._native
        if native is not None:
            native.close_session(session_id, reason)

    def connections(self) -> list[dict[str, Any]]:
        """Give what ``GET /connections`` lists: id, state, channels, statistics of each session."""
        native = self._native
        return list(native.connections()) if native is not None else []

    def get_connection_stats(self, session_id: str) -> dict[str, Any] | None:
        """Give what `connections` has of one session; None if it is over."""
        found = (one for one in self.connections() if one["id"] == session_id)
        return next(found, None)

    # --- inside

    async def _wait_for_stop(
        self, stopped: asyncio.Future[None], timeout_s: float, callbacks: Callbacks
    ) -> None:
        """Wait, also while the task is being cancelled: threads of the server may call its loop."""
        cancelled: asyncio.CancelledError | None = None
        while not stopped.done():
            try:
                await asyncio.wait([stopped], timeout=timeout_s)
                if not stopped.done():  # what it waits for takes too long
                    callbacks.cancel()
                    timeout_s = 1.0
            except asyncio.CancelledError as error:
                cancelled = error
        if self._stopped is stopped:  # else another task that waited has started it again
            self._forget()
        if cancelled is not None:
            raise cancelled
        stopped.result()

    def _take_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Go on with another loop if that of `start` is closed: nobody could stop it there."""
        if loop is self._loop:
            return
        if self._loop is not None and not self._loop.is_closed():
            refuse_argument("stop is called on another event loop than start")
        self._loop, self._stopped = loop, None

    def _forget(self) -> None:
        self._native = self._callbacks = self._stopped = None
        _running.discard(self)
        for call in self._at_end:
            call()

    def _end_process(self) -> None:
        if self._native is not None:
            wait([self._worker.submit(self._native.stop, 0.0)], _EXIT_TIMEOUT_S)


_running: set[WebRTCServer] = set()  # one that runs does not go because nobody refers to it


@atexit.register
def _end_all() -> None:
    # A thread that is inside native code when the interpreter goes would take the process with it.
    for server in list(_running):
        server._end_process()


def _native_server() -> Callable[..., Any]:
    loaded, module, reason = runtime.probe()
    if not loaded:
        refuse_argument(
            f"the WebRTC server is native, and the native module cannot load: {reason}",
            hint="install the wheel for this platform",
        )
    found: Callable[..., Any] | None = getattr(module, "WebRtcServer", None)
    if found is None:
        refuse_argument(
            "the native module was built without the WebRTC server",
            hint="build it with REMOTEMEDIA_BUILD_RTC=ON",
        )
    return found


def _checked(message: object) -> dict[str, Any]:
    if not isinstance(message, dict):
        refuse_argument(f"a message is a {type(message).__name__}, expected a dict")
    return message


class _Signals:
    """Tells all servers of the first signal; the next one does what it did before them."""

    def __init__(self) -> None:
        self._calls: list[Callable[[], object]] = []
        self._before: dict[signal.Signals, Any] = {}  # while the first one is waited for

    @contextmanager
    def first_calls(
        self, call: Callable[[], object], loop: asyncio.AbstractEventLoop
    ) -> Iterator[None]:
        """Call it on the first signal. Main thread only."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._calls.append(call)
        if not self._before:
            self._catch(loop)
        try:
            yield
        finally:
            self._calls.remove(call)
            if not self._calls:
                self._restore(loop)

    def _catch(self, loop: asyncio.AbstractEventLoop) -> None:
        self._before = {number: signal.getsignal(number) for number in _SIGNALS}
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._receive, loop)

    def _receive(self, loop: asyncio.AbstractEventLoop) -> None:
        self._restore(loop)
        for call in self._calls:
            call()

    def _restore(self, loop: asyncio.AbstractEventLoop) -> None:
        for number, handler in self._before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
        self._before = {}


_signals = _Signals()  # of a process, as handlers are
