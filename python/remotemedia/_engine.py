"""What runs a graph: the native session, or the one in Python."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal, Protocol, get_args

from . import _joiner, runtime
from ._graph import Graph, GraphNode
from ._packet import Executor, Packet
from ._policy import MAX_QUEUE_CAPACITY, QueuePolicy
from ._session_python import PythonSession
from .exceptions import refuse

__all__ = [
    "RUN_QUEUE",
    "UNBOUNDED_QUEUE",
    "Engine",
    "FileEngine",
    "Lanes",
    "QueuePolicy",
    "QueueSettings",
    "join_packets",
    "make_engine",
    "make_native_graph",
]

Sink = Callable[[str, Packet], None]
# What runs on threads of its own in a native session: nothing, nodes that may block, or all
# branches of the graph too.
# On a loop's thread those nodes, which wait for the loop.
Lanes = Literal["none", "nodes", "branches", "of the loop"]


@dataclass(frozen=True)
class QueueSettings:
    """Of the queues before the nodes that have lanes."""

    capacity: int = 64
    policy: QueuePolicy = "block"
    nodes_may_ask: bool = True  # for another one

    @classmethod
    def of(cls, capacity: int, policy: str) -> QueueSettings:
        """Check what a caller asks for."""
        if not isinstance(capacity, int) or not 1 <= capacity <= MAX_QUEUE_CAPACITY:
            refuse(
                "queue_capacity", repr(capacity), f"a whole number of 1..{MAX_QUEUE_CAPACITY} items"
            )
        for known in get_args(QueuePolicy):
            if policy == known:
                return cls(capacity, known)
        refuse("queue_policy", repr(policy), "'block', 'drop_oldest' or 'coalesce'")


# Of runs, which lose nothing, and of those whose caller must not wait for the nodes behind a queue.
RUN_QUEUE: Final = QueueSettings(nodes_may_ask=False)
UNBOUNDED_QUEUE: Final = QueueSettings(MAX_QUEUE_CAPACITY, nodes_may_ask=False)


class Engine(Protocol):
    """A running graph. One thread at a time.

    Except `has_room`, `cancel`, `stop`, `metrics` and `measure`, which any thread may call.
    """

    def push(self, packet: Packet) -> None:
        """Run the nodes on one packet; results go to the sink."""

    def run_sources(self) -> None:
        """Run the source nodes to their end."""

    def flush(self) -> None:
        """End a stream: what nodes hold back goes to the sink, and the session goes on."""

    def finish(self) -> None:
        """End the input: what nodes hold back goes to the sink."""

    def begin_finish(self, ready: Callable[[], object]) -> None:
        """Begin `finish`; `ready` is called, on any thread, once that would not wait.

        Nothing but finish, cancel, stop and close may follow.
        """

    def has_room(self) -> bool:
        """Whether push would not wait at once."""

    def cancel(self) -> None:
        """Drop what was pushed, and go on with the next generation."""

    def stop(self) -> None:
        """Make the running call return soon; nothing more is delivered."""

    def close(self, timeout_s: float | None = None) -> bool:
        """Stop and clean up all nodes; False if a call has not ended in time. Repeatable."""

    def metrics(self) -> dict[str, Any]:
        """Give what was measured so far."""

    def measure(self) -> Callable[[], dict[str, Any]]:
        """Take what was measured so far; a call, at any time, gives it as `metrics` would now."""


class FileEngine(Engine, Protocol):
    """One that reads files itself: the native session."""

    def run_file(self, path: str) -> None:
        """Run the nodes on an audio file, block by block, and finish."""


def make_native_graph(graph: Graph) -> Any:
    """Give the native graph, whose nodes in Python are made anew for each of its sessions."""
    if graph.native is not None:
        return graph.native
    foreign = {
        node.id: (
            partial(_make_executor, node),
            node.runtime_reason,
            node.node._is_builtin,
            node.type.streaming,
        )
        for node in graph.nodes
        if node.runtime == "python"
    }
    graph.native = runtime.native_module().Graph(graph.to_manifest(), foreign)
    return graph.native


def make_engine(
    graph: Graph,
    sink: Sink,
    *,
    session_id: str,
    enable_metrics: bool = True,
    loop: asyncio.AbstractEventLoop | None = None,
    lanes: Lanes = "none",
    queue: QueueSettings = RUN_QUEUE,
    on_failure: Callable[[BaseException], None] | None = None,
) -> Engine:
    """Start a session of a graph whose runtimes are resolved; initialises its nodes.

    Call it on the thread that will run the session: with `loop`, coroutines of nodes are awaited
    there, so it must not be the loop's own thread.

    Parameters
    ----------
    sink : callable
        Takes the id of an output node and each of its packets, during the call that caused them;
        those of lanes later, on other threads, one at a time.
    lanes, queue, on_failure
        Of a native session; one in Python runs all nodes on the calling thread. `on_failure` takes
        the error of a node on a lane, on its thread.
    """
    if graph.uses_native:
        native: Engine = runtime.native_module().Session(
            make_native_graph(graph),
            session_id,
            enable_metrics,
            sink,
            loop,
            on_failure,
            lanes,
            queue.capacity,
            queue.policy,
            queue.nodes_may_ask,
        )
        return native
    return PythonSession(
        graph,
        sink,
        _make_executor,
        session_id=session_id,
        enable_metrics=enable_metrics,
        loop=loop,
    )


def join_packets(graph: Graph, packets: list[Packet]) -> Packet:
    """Join the blocks of one output into one item; for continuous graphs."""
    if graph.uses_native:
        joined: Packet = runtime.native_module().join_packets(make_native_graph(graph), packets)
        return joined
    return _joiner.join_packets(graph, packets)


def _make_executor(node: GraphNode) -> Executor:
    return node.node._make_executor()
