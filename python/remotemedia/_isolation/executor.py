"""The executor of an isolated node: what `_user_node` does, done in a worker process."""

from __future__ import annotations

import itertools
import logging
from concurrent.futures import CancelledError
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NoReturn

from .._cancel import CancelScope, current_scope, entered
from .._packet import Emit, NodeContext, Packet
from ..exceptions import RemoteMediaError, WorkerError, node_timeout, refuse, refuse_type
from . import starting
from .channel import Frame, pack
from .ending import EndedError
from .failures import SENDABLE_HINT, Failure, pack_packet
from .options import Isolation
from .process import WorkerProcess, check_platform

if TYPE_CHECKING:
    from ..node import Node

__all__ = ["IsolatedExecutor"]

_LOG: Final = logging.getLogger("remotemedia")
# Longest a node's cleanup may take once its results do not matter any more.
_CLEANUP_TIMEOUT_S: Final = 10.0

# A worker ends by itself what it can interrupt; after this time, above the policy's, it is killed.
_GRACE_S: Final = 0.25

_slots = itertools.count()


class IsolatedExecutor:
    """One session of a node whose calls happen in a worker process.

    The worker is the session's own, unless `lend` has made one available that holds the node
    initialised. It is started by `initialize`, and by `process` after a cancel has ended it.
    """

    def __init__(self, node: Node, options: Isolation) -> None:
        check_platform()
        starting.check_not_importing_main()
        self._node = node
        self._options = options
        self._slot = next(_slots)
        self._context: NodeContext | None = None
        self._scope: CancelScope | None = None
        self._worker: WorkerProcess | None = None
        self._calls = 0  # of process
        self._emitted = 0  # results of the present call
        self._restarts = 0
        self._is_borrower = False  # of a worker that another session's `lend` offers
        self._failure: WorkerError | None = None  # of a worker that is not replaced

    def initialize(self, context: NodeContext) -> None:
        """Start the worker and initialise the node there."""
        self._scope = current_scope()
        self._context = replace(context, loop=None)  # coroutines run on a loop of the worker
        worker = self._borrow()
        self._is_borrower = worker is not None
        self._begin(worker)

    def process(self, packet: Packet, emit: Emit) -> None:
        """Have the worker process a packet; results are emitted as they come."""
        with entered(self._scope, packet.generation):
            self._process(packet, emit)

    def _process(self, packet: Packet, emit: Emit) -> None:
        if self._failure is not None:
            raise self._failure
        self._calls += 1
        request = pack_packet(("process", self._slot, packet), packet, "an item", "be sent to")
        while True:
            try:
                if self._worker is None:  # a cancel has ended it, or it is to be restarted
                    self._is_borrower = False
                    self._begin(None)
                self._ask(request, emit, self._limit_s)
                return
            except EndedError as end:
                self._worker = None
                if end.is_late and not end.is_cancelled:
                    self._give_up_call(end)
                self._check_restart(end)
                self._count_restart(end)

    def flush(self, emit: Emit) -> None:
        """Have the worker flush the node; nothing is held back in one that was just started."""
        if self._failure is not None:
            raise self._failure
        if self._worker is None:
            return
        try:
            with entered(self._scope):
                self._ask(pack(("flush", self._slot)), emit, self._limit_s)
        except EndedError as end:
            self._worker = None
            if end.is_late and not end.is_cancelled:
                raise self._timeout("flush") from None
            self._fail("flush", end)

    def cleanup(self) -> None:
        """Clean the node up; the worker ends with its last session."""
        worker, self._worker = self._worker, None
        if worker is None:
            return
        with worker.lock:
            if worker.is_alive and self._slot in worker.slots:
                self._clean_up(worker)
            worker.slots.discard(self._slot)
            self._give_back(worker)

    def lend(self) -> None:
        """Offer the worker, whose node is initialised, to the node's next sessions."""
        live = self._node._alive()
        if self._worker is not None:
            with live.lock:
                live.idle_workers.append(self._worker)

    # --- workers

    def _begin(self, worker: WorkerProcess | None) -> None:
        """Take over a worker, a new one if None, and initialise the node in it."""
        request = pack(("initialize", self._slot, self._context))
        try:
            self._worker = self._start() if worker is None else worker
            self._worker.slots.add(self._slot)  # cleaned up also if it fails
            self._ask(request, _emit_nothing)
        except EndedError as end:
            self._worker = None
            self._fail("initialize", end)

    def _start(self) -> WorkerProcess:
        node = starting.pickled(self._node)
        worker = WorkerProcess()
        try:
            answer = worker.load(
                starting.main_module(), node, self._options.start_timeout_s
            ).unpack()
        except EndedError as end:
            if not end.is_late:
                raise
            raise WorkerError(
                f"its worker process was not ready after {self._options.start_timeout_s:g} s",
                hint="its modules take long to import; raise start_timeout_s",
            ) from None
        except BaseException:
            worker.kill()
            raise
        if answer[0] == "raised":
            worker.kill()
            failure: Failure = answer[1]
            cause = failure.to_exception()
            hint = "the worker imports the modules of the node's class and of its attributes"
            raise WorkerError(
                f"its worker process cannot load the node: {failure.summary}",
                hint="" if isinstance(cause, RemoteMediaError) else hint,
                worker_traceback=failure.text,
            ) from cause
        return worker

    def _borrow(self) -> WorkerProcess | None:
        live = self._node._alive()
        with live.lock:
            while live.idle_workers:
                worker: WorkerProcess = live.idle_workers.pop()
                if worker.is_alive:
                    return worker
                worker.kill()
        return None

    def _clean_up(self, worker: WorkerProcess) -> None:
        try:
            answer = worker.ask(pack(("cleanup", self._slot)), _CLEANUP_TIMEOUT_S).unpack()
        except EndedError as end:  # the run is over: its own result or error counts
            _LOG.error("node '%s': its worker process %s, during cleanup", self._node.name, end)
        else:
            if answer[0] == "raised":
                raise answer[1].to_exception()

    def _give_back(self, worker: WorkerProcess) -> None:
        """End the worker, unless another session has initialised the node in it."""
        live = self._node._alive()
        with live.lock:
            if worker.slots and worker.is_alive:
                if self._is_borrower:
                    live.idle_workers.append(worker)
                return
            if worker in live.idle_workers:
                live.idle_workers.remove(worker)
        worker.end()

    # --- calls

    @property
    def _limit_s(self) -> float | None:
        """Longest wait for the next answer of a call."""
        timeout_ms = self._node._policy.timeout_ms
        return None if timeout_ms is None else timeout_ms / 1_000 + _GRACE_S

    def _ask(self, request: Frame, emit: Emit, limit_s: float | None = None) -> None:
        """Make one call of the node; raises what it raised, `EndedError` if the worker is gone."""
        worker = self._worker
        assert worker is not None
        self._emitted = 0
        failure: BaseException | None = None
        with worker.lock:
            frame = worker.ask(request, limit_s)
            while True:
                goes_on: bool | None = None
                try:
                    kind, *content = _unpacked(frame)
                    if kind != "result":
                        break
                    self._emitted += 1
                    goes_on = emit(*content)
                except BaseException as error:  # of the receiver: the node's call ends, too
                    failure = error
                frame = worker.ask(pack(goes_on), limit_s)
        if failure is not None:
            raise failure
        if kind == "raised":
            raise content[0].to_exception()

    def _give_up_call(self, end: EndedError) -> NoReturn:
        """Fail in one call; the next one starts a worker, if the options allow it."""
        if self._options.restart == "never" or self._restarts >= self._options.max_restarts:
            self._failure = self._worker_error("process", end)
        else:
            self._count_restart(end)
        raise self._timeout("process") from None

    def _count_restart(self, end: EndedError) -> None:
        self._restarts += 1
        _LOG.warning(
            "node '%s': its worker process %s; restart %d of %d, its state is lost",
            self._node.name,
            end,
            self._restarts,
            self._options.max_restarts,
        )

    def _timeout(self, stage: str) -> Exception:
        timeout_ms = self._node._policy.timeout_ms
        assert timeout_ms is not None
        assert self._context is not None
        return node_timeout(self._context.node_id, self._context.node_type, stage, timeout_ms)

    def _check_restart(self, end: EndedError) -> None:
        """Give up, unless the item may be given to a fresh worker."""
        if end.is_cancelled:
            raise CancelledError
        if self._options.restart == "never":
            self._fail("process", end)
        if self._emitted > 0:
            self._fail("process", end, f"; no restart: it had given {self._emitted} results")
        if self._restarts >= self._options.max_restarts:
            self._fail("process", end, f"; no restart after {self._restarts}")

    def _fail(self, stage: str, end: EndedError, addition: str = "") -> NoReturn:
        if end.is_cancelled:
            raise CancelledError
        self._failure = self._worker_error(stage, end, addition)
        raise self._failure from None

    def _worker_error(self, stage: str, end: EndedError, addition: str = "") -> WorkerError:
        call = f"call {self._calls} of process" if stage == "process" else stage
        return WorkerError(
            f"its worker process {end}, during {call}{addition}",
            hint=_HINTS.get(end.signal_name, ""),
            exit_code=end.exit_code,
            signal_name=end.signal_name,
            worker_traceback=end.trace,
        )


_HINTS: Final = {
    "SIGKILL": "the kernel does that where memory runs out; see its log",
    "SIGXCPU": "a limit of processor time was reached",
}


def _emit_nothing(_packet: Packet, _port: int) -> bool:
    refuse("a result", "given in initialize", "given in process or flush")


def _unpacked(frame: Frame) -> Any:
    try:
        return frame.unpack()
    except Exception as error:  # of a result's class
        problem = f"{type(error).__name__}: {error}"
    refuse_type(f"a result of the worker process cannot be read: {problem}", SENDABLE_HINT)
