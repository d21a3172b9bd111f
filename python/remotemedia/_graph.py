"""A validated manifest: nodes, edges, order, formats, and which runtime each node gets."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from . import runtime
from ._manifest_policy import policy_to_dict
from ._messages import to_json
from ._node_types import NodeType, StreamFormat
from ._policy import NodePolicy

if TYPE_CHECKING:
    from .node import Node

__all__ = ["Edge", "Graph", "GraphNode"]

_LOG: Final = logging.getLogger("remotemedia")


@dataclass(frozen=True)
class Edge:
    """A connection between nodes and ports, by index."""

    source: int
    target: int
    output_port: int = 0
    input_port: int = 0


@dataclass
class GraphNode:
    """A node of a graph; incoming and outgoing edges are in the order of the connections."""

    id: str
    node: Node
    type: NodeType
    parameters: dict[str, Any]
    policy: NodePolicy = field(default_factory=NodePolicy)
    runtime: runtime.Runtime = "python"
    runtime_reason: str = ""
    input: StreamFormat = field(default_factory=StreamFormat)
    output: StreamFormat = field(default_factory=StreamFormat)
    incoming: list[Edge] = field(default_factory=list)
    outgoing: list[Edge] = field(default_factory=list)

    @property
    def label(self) -> str:
        """The node as messages name it."""
        return f"'{self.id}' ({self.type.name})"

    @property
    def is_quick(self) -> bool:
        """Whether its calls wait for nothing: no Python, no files, not repeated."""
        return self.runtime == "native" and not self.type.offloaded and self.policy.retry is None

    @property
    def awaits(self) -> bool:
        """Whether its calls, which are Python's, wait for coroutines alone."""
        policy = self.policy
        is_surrounded = policy.retry or policy.circuit_breaker or policy.on_error != "fail"
        return self.runtime == "python" and not is_surrounded and self.node._only_awaits


@dataclass
class Graph:
    """What runs share. Lists of nodes are indices, in manifest order but for `order`.

    Attributes
    ----------
    edges : list of Edge
        In the order of the connections.
    order : list of int
        In which nodes run; among ready nodes manifest order.
    inputs, sources : list of int
        Nodes that take the session's input; nodes that produce their own.
    outputs : list of int
        Nodes whose first output port leads nowhere: it is an output of the graph.
    uses_native : bool
        The native session runs it, with the nodes in Python among its own; see `resolve`.
    native : remotemedia._native.Graph or None
        Made for the first session.
    """

    name: str
    nodes: list[GraphNode] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    uses_native: bool = False
    native: Any = field(default=None, repr=False)
    _resolved_for: object = field(default=None, repr=False)

    @property
    def continuous(self) -> bool:
        """Whether the results of consecutive blocks may be joined.

        Where connections meet, blocks of both alternate, and no joining takes them apart again.
        """
        return all(node.type.continuous and len(node.incoming) <= 1 for node in self.nodes)

    @property
    def has_branches(self) -> bool:
        """Whether nodes can run at the same time: it is no chain."""
        return len(self.inputs) + len(self.sources) > 1 or any(
            len(node.outgoing) > 1 for node in self.nodes
        )

    @property
    def is_quick(self) -> bool:
        """Whether a push waits for nothing."""
        return all(node.is_quick for node in self.nodes)

    @property
    def awaits(self) -> bool:
        """Whether what takes time waits for coroutines alone, and so needs no thread."""
        return (
            self.uses_native
            and not self.is_quick
            and not self.has_branches
            and all(node.is_quick or node.awaits for node in self.nodes)
        )

    @property
    def makes_anew(self) -> bool:
        """Whether the next session makes filters and reads models, which later ones share."""
        return self.native is None and any(node.runtime == "native" for node in self.nodes)

    @property
    def takes_audio(self) -> bool:
        """Whether an input node takes nothing but audio."""
        return any(self.nodes[i].type.inputs[0].kinds == ("audio",) for i in self.inputs)

    @property
    def output_ids(self) -> list[str]:
        """Ids of the outputs, in manifest order."""
        return [self.nodes[index].id for index in self.outputs]

    def info(self) -> dict[str, Any]:
        """Give counts and execution order, as results of the earlier SDK show them."""
        return {
            "node_count": len(self.nodes),
            "source_count": len(self.sources) + len(self.inputs),
            "sink_count": sum(not node.outgoing for node in self.nodes),
            "execution_order": [self.nodes[index].id for index in self.order],
        }

    def resolve(self, use_native: bool = True) -> None:
        """Decide the runtime of each node, and which session runs them; log the former.

        The native session does, if the module loads and not all nodes are asked to be Python's. Its
        absence is warned about only if a node would use it.

        Raises
        ------
        The configuration error, if a node has no implementation for what is asked of it.
        """
        self._resolved_for = (use_native, runtime.settings())
        free = self._nodes_of_any_runtime() if use_native else []
        wants_native = any("native" in node.type.runtimes for node in free)
        available = wants_native and runtime.native_available()
        for node in self.nodes:
            kinds = node.type.runtimes
            hint = node.node.runtime_hint if use_native else "python"
            found = runtime.resolve_runtime(
                hint, node.type.name, "native" in kinds, "python" in kinds, available
            )
            node.runtime = found.runtime
            node.runtime_reason = found.reason if use_native else "use_rust=False"
        self.uses_native = bool(free) and runtime.probe().available
        self._log_runtimes()

    def is_resolved(self, use_native: bool) -> bool:
        """Whether `resolve` would decide now as it did; if so, that is logged as it would be.

        Hints must not have changed.
        """
        if self._resolved_for != (use_native, runtime.settings()):
            return False
        if self.uses_native and not runtime.native_available():
            return False
        self._log_runtimes()
        return True

    def _log_runtimes(self) -> None:
        if _LOG.isEnabledFor(logging.INFO):
            for node in self.nodes:
                _LOG.info("node %s: %s (%s)", node.label, node.runtime, node.runtime_reason)

    def _nodes_of_any_runtime(self) -> list[GraphNode]:
        """Give the nodes of which nobody says that Python is to run them."""
        if runtime.requested_runtime() == "python":
            return []
        return [
            node
            for node in self.nodes
            if runtime.normalize_hint(node.node.runtime_hint) != "python"
        ]

    def to_manifest(self) -> dict[str, Any]:
        """Give the manifest from which the native graph is built.

        Parameters without text form belong to nodes that Python runs; null stands for them.
        """
        return {
            "version": "v1",
            "metadata": {"name": self.name},
            "nodes": [_native_node(node) for node in self.nodes],
            "connections": [self._native_connection(edge) for edge in self.edges],
        }

    def _native_connection(self, edge: Edge) -> dict[str, Any]:
        source, target = self.nodes[edge.source], self.nodes[edge.target]
        return {
            "from": source.id,
            "to": target.id,
            "output_port": source.type.outputs[edge.output_port].name,
            "input_port": target.type.inputs[edge.input_port].name,
        }


def _native_node(node: GraphNode) -> dict[str, Any]:
    hint = runtime.normalize_hint(node.node.runtime_hint) if node.runtime == "native" else "python"
    params = node.parameters if node.runtime == "native" or node.node._is_builtin else {}
    return {
        "id": node.id,
        "node_type": node.type.name,
        "params": {name: value if _has_text(value) else None for name, value in params.items()},
        "runtime_hint": hint,
        **policy_to_dict(node.policy),
    }


def _has_text(value: object) -> bool:
    try:
        to_json(value)
    except TypeError:
        return False
    return True
