"""What runs a graph: the native session, or the one in Python if no node is native."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from . import runtime
from ._graph import Graph, GraphNode
from ._packet import Executor, Packet
from ._session_python import PythonSession

__all__ = ["Engine", "make_engine"]

Sink = Callable[[str, Packet], None]


class Engine(Protocol):
    """A running graph. One thread at a time, except `cancel`, which any thread may call."""

    def push(self, packet: Packet) -> None:
        """Run the nodes on one packet; results go to the sink."""

    def run_sources(self) -> None:
        """Run the source nodes to their end."""

    def finish(self) -> None:
        """End the input: what nodes hold back goes to the sink."""

    def cancel(self) -> None:
        """Make the running call return soon; nothing more is delivered."""

    def close(self) -> None:
        """Clean up all nodes. Repeatable."""

    def metrics(self) -> dict[str, Any]:
        """Give what was measured so far."""

    def join(self, packets: list[Packet]) -> Packet:
        """Join the blocks of one output into one item; for continuous graphs."""


class NativeSession:
    """The native session with the executors of those nodes that Python runs."""

    def __init__(
        self,
        graph: Graph,
        sink: Sink,
        *,
        session_id: str,
        enable_metrics: bool,
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        self._module = runtime.native_module()
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
        self._graph = self._module.Graph(graph.to_manifest(), foreign)
        session = self._module.Session(self._graph, session_id, enable_metrics, sink, loop)
        self.push: Callable[[Packet], None] = session.push
        self.run_sources: Callable[[], None] = session.run_sources
        self.run_file: Callable[[str], None] = session.run_file
        self.finish: Callable[[], None] = session.finish
        self.cancel: Callable[[], None] = session.cancel
        self.close: Callable[[], None] = session.close
        self.metrics: Callable[[], dict[str, Any]] = session.metrics

    def join(self, packets: list[Packet]) -> Packet:
        """Join the blocks of one output."""
        joined: Packet = self._module.join_packets(self._graph, packets)
        return joined


def make_engine(
    graph: Graph,
    sink: Sink,
    *,
    session_id: str,
    enable_metrics: bool = True,
    loop: asyncio.AbstractEventLoop | None = None,
) -> Engine:
    """Start a session of a graph whose runtimes are resolved; initialises its nodes.

    Call it on the thread that will run the session: with `loop`, coroutines of nodes are awaited
    there, so it must not be the loop's own thread.

    Parameters
    ----------
    sink : callable
        Takes the id of an output node and each of its packets, during the call that caused them.
    """
    if graph.uses_native:
        return NativeSession(
            graph, sink, session_id=session_id, enable_metrics=enable_metrics, loop=loop
        )
    return PythonSession(
        graph,
        sink,
        _make_executor,
        session_id=session_id,
        enable_metrics=enable_metrics,
        loop=loop,
    )


def _make_executor(node: GraphNode) -> Executor:
    return node.node._make_executor()
