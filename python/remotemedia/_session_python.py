"""A running instance of a graph in Python: the twin of the native session.

Synchronous: push runs the nodes on the calling thread and hands each result to the sink before it
returns. One thread at a time, except cancel() and stop(), which any thread may call.

A packet's results travel in waves. Within a wave the nodes run in graph order, and a node with
several inputs takes them in connection order. A wave is bounded: once a node has emitted 64
packets, in one call or in several, the nodes behind it run before it goes on.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from ._graph import Graph, GraphNode
from ._items import describe
from ._latency import LATENCY_BOUNDS_NS
from ._metrics import NodeMetrics, peak_memory_bytes
from ._packet import Emit, Executor, NodeContext, Packet
from ._reliable_executor import Reliability, Surroundings, make_reliable
from .exceptions import node_failure, refuse

__all__ = ["PythonSession"]

Sink = Callable[[str, Packet], None]
Clock = Callable[[], int]

_LOG: Final = logging.getLogger("remotemedia")
_WAVE_LIMIT: Final = 64
_CLOCK_READS: Final = 64


class _SinkError(BaseException):
    """Carries an exception of the sink past the nodes, none of which takes it for its own."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__()
        self.cause = cause


class _Node:
    """A node of the running graph; touched only by the session's thread."""

    def __init__(self, definition: GraphNode, position: int) -> None:
        self.definition = definition
        self.position = position  # in the graph's order
        self.wave_limit = 1 if definition.type.is_source else _WAVE_LIMIT
        self.is_output = False
        self.executor: Executor | None = None
        # Per incoming edge, in connection order.
        self.pending: list[deque[Packet]] = [deque() for _ in definition.incoming or range(1)]
        # Per output port the far ends of its edges: queue of a later node, and its input port.
        self.targets: list[list[tuple[deque[Packet], int]]] = [[] for _ in definition.type.outputs]
        self.sequence = [0] * len(definition.type.outputs)
        self.waiting = 0  # packets that the running call emitted since its last wave
        self.elsewhere_ns = 0  # time inside emit: sink and nested waves
        self.given: Packet | None = None  # to the running call; None in flush
        self.metrics = NodeMetrics(
            definition.id, definition.type.name, definition.runtime, definition.runtime_reason
        )
        self.reliability = Reliability()


class PythonSession:
    """Runs the Python executors of a graph.

    Initialises all nodes in graph order; if one fails, those already initialised are cleaned up.

    Parameters
    ----------
    sink : callable
        Takes the id of an output node and each of its packets, while push runs.
    make_executor : callable
        Makes the executor of a graph node.
    loop : event loop or None
        On which coroutines of the user run.
    clock : callable
        Monotonic time in ns.
    wait : callable or None
        Waits some seconds before a node's call is repeated; False to give up. Until `cancel` if
        None.
    """

    def __init__(
        self,
        graph: Graph,
        sink: Sink,
        make_executor: Callable[[GraphNode], Executor],
        *,
        session_id: str,
        enable_metrics: bool = True,
        loop: asyncio.AbstractEventLoop | None = None,
        clock: Clock = time.perf_counter_ns,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        self._graph = graph
        self._sink = sink
        self._make_executor = make_executor
        self._id = session_id
        self._enable_metrics = enable_metrics
        self._loop = loop
        self._clock = clock
        self._clock_reads = 0
        self._clock_cost_ns = _clock_cost(clock) if enable_metrics else 0
        self._state = "ready"
        self._stopped = False
        self._generation = 0  # raised by cancel
        self._running_generation = 0  # of the present or last run
        self._superseded = threading.Condition()  # notified by cancel and stop, for what waits
        self._wait = wait or self._pause
        self._failure: BaseException | None = None  # of the current run, once it passed an emit
        self._total_executions = 0
        self._total_ns = 0
        self._nodes = self._create_nodes()
        try:
            for index in graph.order:
                self._initialize(self._nodes[index])
        except BaseException:
            self.close()
            raise

    def push(self, packet: Packet) -> None:
        """Give the packet to every input node."""
        if not self._graph.inputs:
            refuse(
                "the input", describe(packet), "none", "the graph's sources produce their own data"
            )
        self._run(lambda: self._push(packet))

    def run_sources(self) -> None:
        """Run the source nodes to their end."""
        self._run(self._run_sources)

    def flush(self) -> None:
        """End of a stream: flush all nodes in graph order; the session goes on."""
        self._run(self._flush)

    def finish(self) -> None:
        """End of input: flush all nodes in graph order. Repeatable."""
        if self._state == "finished":
            return
        self.flush()
        self._state = "finished"

    def begin_finish(self, ready: Callable[[], object]) -> None:
        """Finish, and say so."""
        self.finish()
        ready()

    def has_room(self) -> bool:
        """Whether push would not wait: it has no queues."""
        return True

    def cancel(self) -> None:
        """Drop what was pushed; the next run finds the nodes flushed of it."""
        with self._superseded:
            self._generation += 1
            self._superseded.notify_all()

    def stop(self) -> None:
        """Make the running call return soon; nothing more is delivered."""
        with self._superseded:
            self._stopped = True
            self._superseded.notify_all()

    def _pause(self, seconds: float) -> bool:
        """Wait before a call is repeated; False once nobody wants its results."""
        with self._superseded:
            return not self._superseded.wait_for(lambda: self._is_stale, seconds)

    def close(self, timeout_s: float | None = None) -> bool:
        """Stop and clean up all nodes. Repeatable; from inside a run it only stops."""
        self.stop()
        if self._state == "busy":
            return False
        if self._state == "ready":
            self._state = "finished"
        for node in self._nodes:
            executor, node.executor = node.executor, None
            for packets in node.pending:
                packets.clear()  # an aborted run left packets that hold the caller's memory
            if executor is not None:
                _clean_up(executor, node.definition)
        return True

    def metrics(self) -> dict[str, Any]:
        """Give what was measured so far, with the names of the native session."""
        total_us = self._total_ns / 1_000
        peak_bytes = peak_memory_bytes()
        return {
            "pipeline_id": self._graph.name,
            "total_executions": self._total_executions,
            "total_duration_us": total_us,
            "total_duration_ms": total_us / 1_000,
            "peak_memory_bytes": peak_bytes,
            "peak_memory_mb": peak_bytes / 2**20,
            "node_metrics": [n.reliability.add_to(n.metrics.to_dict()) for n in self._nodes],
            "metrics_overhead_us": self._clock_cost_ns * self._clock_reads / 1_000,
            "duration_bucket_bounds_us": [ns / 1_000 for ns in LATENCY_BOUNDS_NS],
        }

    def measure(self) -> Callable[[], dict[str, Any]]:
        """Take what was measured so far; a call gives it."""
        metrics = self.metrics()
        return lambda: metrics

    # --- one entry from outside

    def _run(self, call: Callable[[], None]) -> None:
        if self._state == "busy":
            refuse("the session", "busy", "idle", "do not call it from its own sink")
        if self._state != "ready":
            refuse("the session", "finished", "running", "start another one")
        self._state = "busy"
        start = self._now()
        failure: BaseException | None = None
        try:
            self._begin()
            call()
        except BaseException as error:
            failure = error
        self._failure = None
        self._state = "ready" if failure is None else "failed"
        self._total_ns += self._now() - start
        if failure is not None:
            raise failure.cause if isinstance(failure, _SinkError) else failure

    def _begin(self) -> None:
        """Let the nodes forget what is left of an older generation."""
        if self._running_generation == self._generation:
            return
        self._running_generation = self._generation
        for node in self._nodes:
            for packets in node.pending:
                packets.clear()
            self._guarded(node, "flush", lambda executor, _: executor.flush(_discard))

    @property
    def _is_stale(self) -> bool:
        return self._stopped or self._running_generation != self._generation

    def _push(self, packet: Packet) -> None:
        self._total_executions += 1
        for index in self._graph.inputs:
            given = replace(packet, port=0, generation=self._running_generation)
            self._nodes[index].pending[0].append(given)
        self._run_wave(0)

    def _run_sources(self) -> None:
        self._total_executions += 1
        for index in self._graph.sources:
            if self._is_stale:
                return
            node = self._nodes[index]
            self._process(node, Packet())
            self._run_wave(node.position + 1)

    def _flush(self) -> None:
        for index in self._graph.order:
            if self._is_stale:
                return
            node = self._nodes[index]
            node.given = None
            self._guarded(node, "flush", lambda executor, emit: executor.flush(emit))
            self._run_wave(node.position + 1)

    # --- nodes

    def _create_nodes(self) -> list[_Node]:
        graph = self._graph
        position = {index: at for at, index in enumerate(graph.order)}
        nodes = [_Node(node, position[index]) for index, node in enumerate(graph.nodes)]
        for index in graph.outputs:
            nodes[index].is_output = True
        for node in nodes:
            for edge, queue in zip(node.definition.incoming, node.pending, strict=False):
                nodes[edge.source].targets[edge.output_port].append((queue, edge.input_port))
        return nodes

    def _initialize(self, node: _Node) -> None:
        definition = node.definition
        context = NodeContext(definition.id, definition.type.name, self._id, self._loop)
        try:
            around = Surroundings(self._clock, self._wait, lambda: self._is_stale)
            executor = self._make_executor(definition)
            node.executor = make_reliable(executor, definition.policy, around, node.reliability)
            node.executor.initialize(context)
        except Exception as error:
            raise self._named(node, "initialize", error) from error

    def _process(self, node: _Node, packet: Packet) -> None:
        metrics = node.metrics
        metrics.execution_count += 1
        node.given = packet
        spent = self._guarded(
            node, "process", lambda executor, emit: executor.process(packet, emit)
        )
        metrics.max_ns = max(metrics.max_ns, spent)
        metrics.min_ns = min(metrics.min_ns, spent) if metrics.success_count else spent
        metrics.success_count += 1
        if self._enable_metrics:
            metrics.durations.add(spent)

    def _guarded(self, node: _Node, stage: str, call: Callable[[Executor, Emit], None]) -> int:
        """Run one call of a node; gives its own time in ns, and names its failure."""
        assert node.executor is not None
        error: BaseException | None = None

        def emit(packet: Packet, port: int = 0) -> bool:
            return self._deliver(node, packet, port)

        node.waiting = 0
        node.elsewhere_ns = 0
        start = self._now()
        try:
            call(node.executor, emit)
        except BaseException as raised:
            error = raised
        spent = self._now() - start - node.elsewhere_ns
        node.metrics.total_ns += spent
        if self._failure is None and self._is_stale:
            return spent  # the call was cancelled: an error is how it ended
        error = self._failure or error  # the node may have caught it
        if error is not None:
            raise self._named(node, stage, error)
        return spent

    def _named(self, node: _Node, stage: str, error: BaseException) -> BaseException:
        """Give the error with the node's name on it, unless it has one or is no failure."""
        if self._failure is not None:
            return self._failure  # it failed inside emit, and was another's fault
        node.metrics.error_count += 1
        if not isinstance(error, Exception):
            return error
        attempt = node.reliability.attempt
        return node_failure(node.definition.id, node.definition.type.name, stage, error, attempt)

    def _deliver(self, node: _Node, packet: Packet, port: int) -> bool:
        if self._failure is not None:
            raise self._failure  # a node caught it and went on
        if self._is_stale:
            return False
        if not 0 <= port < len(node.definition.type.outputs):
            raise RuntimeError("emitted on a port that the node type does not declare")
        if self._enable_metrics:
            node.metrics.memory.add_result(packet, node.given)
        sequence = node.sequence[port]
        node.sequence[port] += 1
        if port == 0 and node.is_output:
            output = replace(packet, sequence=sequence, port=0, generation=self._running_generation)
            self._elsewhere(node, lambda: self._send_out(node.definition.id, output))
            return not self._is_stale
        for queue, input_port in node.targets[port]:
            queue.append(
                replace(
                    packet,
                    sequence=sequence,
                    port=input_port,
                    generation=self._running_generation,
                )
            )
        node.waiting += len(node.targets[port])
        if node.waiting >= node.wave_limit:
            self._elsewhere(node, lambda: self._run_wave(node.position + 1))
            node.waiting = 0
        return not self._is_stale

    def _elsewhere(self, node: _Node, call: Callable[[], None]) -> None:
        """Run what is inside emit: its time and its failures are not `node`'s."""
        start = self._now()
        try:
            call()
        except BaseException as error:
            self._failure = error
            raise
        node.elsewhere_ns += self._now() - start

    def _send_out(self, node_id: str, packet: Packet) -> None:
        try:
            self._sink(node_id, packet)
        except BaseException as error:
            raise _SinkError(error) from error

    def _run_wave(self, start: int) -> None:
        """Run the nodes from a position of the order on until none has a packet left."""
        order = self._graph.order
        stopped = [start]  # positions with packets left, in order
        while stopped:
            # The last one first: before it takes more, all that it gave has left the graph.
            position = stopped.pop()
            while position < len(order):
                if not self._drain(self._nodes[order[position]]):
                    stopped.append(position)
                position += 1

    def _drain(self, node: _Node) -> bool:
        """Hand the node its packets, until the results fill a wave; False if some are left."""
        emitted = 0
        for packets in node.pending:
            while packets and not self._is_stale:
                if emitted >= node.wave_limit:
                    return False
                self._process(node, packets.popleft())
                emitted += node.waiting
            packets.clear()
        return True

    def _now(self) -> int:
        if not self._enable_metrics:
            return 0
        self._clock_reads += 1
        return self._clock()


def _discard(packet: Packet, port: int = 0) -> bool:
    """Emit to nobody."""
    return False


def _clean_up(executor: Executor, definition: GraphNode) -> None:
    try:
        executor.cleanup()
    except Exception:
        # The session has its result, or a better error, already.
        _LOG.exception("node %s failed in cleanup", definition.label)


def _clock_cost(clock: Clock) -> float:
    """Give what one clock read costs, so that the metrics can state their own overhead."""
    start = clock()
    for _ in range(_CLOCK_READS):
        clock()
    return (clock() - start) / (_CLOCK_READS + 1)
