"""Turns a manifest into a graph: the twin of the native graph builder, with its messages."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from ._document import child_pointer
from ._graph import Edge, Graph, GraphNode
from ._messages import did_you_mean
from ._node_types import NodeType, Port, StreamFormat, check_parameters, find_type, type_names
from ._policy import NodePolicy
from .exceptions import RemoteMediaError, refuse_manifest
from .manifest import MAX_NODES, Manifest, ManifestConnection, ManifestNode

if TYPE_CHECKING:
    from .node import Node

__all__ = ["build_graph"]


def build_graph(manifest: Manifest, nodes: Mapping[str, Node] | None = None) -> Graph:
    """Turn a manifest into a graph, in the order in which a user would want mistakes reported.

    Parameters
    ----------
    manifest : Manifest
    nodes : mapping of id to node, optional
        Live nodes, whose parameters the manifest has; those that are missing are made from it.

    Raises
    ------
    The manifest error: unknown types and parameters, ports, duplicate edges, cycles, formats that
    do not fit.
    """
    return _Builder(manifest, nodes or {}).build()


class _Builder:
    def __init__(self, manifest: Manifest, nodes: Mapping[str, Node]) -> None:
        self._manifest = manifest
        self._live = nodes
        self._graph = Graph(manifest.name)
        self._nodes = self._graph.nodes
        self._index: dict[str, int] = {}

    def build(self) -> Graph:
        if not self._manifest.nodes:
            refuse_manifest("the graph has no nodes", "/nodes", 0, "add at least one node")
        if len(self._manifest.nodes) > MAX_NODES:
            refuse_manifest(
                f"{len(self._manifest.nodes)} nodes, at most {MAX_NODES} are allowed", "/nodes"
            )
        for entry in self._manifest.nodes:
            self._add_node(entry)
        for connection in self._manifest.connections:
            self._add_edge(connection)
        self._sort()
        for index in self._graph.order:
            self._resolve_format(index)
        self._classify()
        return self._graph

    def _add_node(self, entry: ManifestNode) -> None:
        if entry.id in self._index:
            _refuse_node(
                entry, "id", f"Duplicate node ID: {entry.id}", "give each node an id of its own"
            )
        live = self._live.get(entry.id)
        node = _make_node(entry) if live is None else live
        node_type = node._type
        if entry.is_streaming is not None and entry.is_streaming != node_type.streaming:
            says = "true" if entry.is_streaming else "false"
            is_what = "streaming" if node_type.streaming else "not streaming"
            _refuse_node(
                entry,
                "is_streaming",
                f"node '{entry.id}' says is_streaming {says}, but {node_type.name} is {is_what}",
                "remove the field",
            )
        self._index[entry.id] = len(self._nodes)
        parameters = node._parameters() if live is None else entry.params
        policy = _policy_of(entry, node_type, self._manifest.defaults)
        if live is None:
            node._policy = policy
        self._nodes.append(GraphNode(entry.id, node, node_type, parameters, policy))

    def _add_edge(self, connection: ManifestConnection) -> None:
        from_index = self._index_of(connection, connection.source, "Source")
        to_index = self._index_of(connection, connection.target, "Target")
        source, target = self._nodes[from_index], self._nodes[to_index]
        edge = Edge(
            from_index,
            to_index,
            _find_port(connection, source, "output"),
            _find_port(connection, target, "input"),
        )
        if edge in source.outgoing:
            _refuse_connection(
                connection,
                f"the connection {connection.source} -> {connection.target} stands twice",
                "remove one: a packet would arrive twice",
            )
        output = source.type.outputs[edge.output_port]
        taken = target.type.inputs[edge.input_port]
        if not _kinds_meet(output, taken):
            _refuse_connection(
                connection,
                f"{source.label} gives {' or '.join(output.kinds)}, "
                f"but {target.label} takes {' or '.join(taken.kinds)}",
            )
        self._graph.edges.append(edge)
        source.outgoing.append(edge)
        target.incoming.append(edge)

    def _index_of(self, connection: ManifestConnection, node_id: str, role: str) -> int:
        if node_id not in self._index:
            _refuse_connection(
                connection,
                f"{role} node not found: {node_id}",
                "a connection names two nodes of the graph",
            )
        return self._index[node_id]

    def _sort(self) -> None:
        """Kahn's algorithm; the smallest index among the ready nodes goes first."""
        waiting = [len(node.incoming) for node in self._nodes]
        ready = [index for index, count in enumerate(waiting) if count == 0]
        order = self._graph.order
        while ready:
            index = heapq.heappop(ready)
            order.append(index)
            for edge in self._nodes[index].outgoing:
                waiting[edge.target] -= 1
                if waiting[edge.target] == 0:
                    heapq.heappush(ready, edge.target)
        if len(order) != len(self._nodes):
            self._refuse_cycle(self._find_cycle(waiting))

    def _find_cycle(self, waiting: list[int]) -> list[int]:
        """Give the nodes of one cycle, the smallest index first.

        Every node that still waits has a predecessor that waits; walking back must repeat.
        """
        at = next(index for index, count in enumerate(waiting) if count)
        walked: list[int] = []
        while at not in walked:
            walked.append(at)
            at = next(e.source for e in self._nodes[at].incoming if waiting[e.source])
        cycle = walked[walked.index(at) :][::-1]
        first = cycle.index(min(cycle))
        return cycle[first:] + cycle[:first]

    def _refuse_cycle(self, cycle: list[int]) -> NoReturn:
        ids = [self._nodes[index].id for index in cycle]
        closing = next(
            c for c in self._manifest.connections if (c.source, c.target) == (ids[-1], ids[0])
        )
        path = " -> ".join([*ids, ids[0]])
        _refuse_connection(closing, f"Cycle detected: {path}", "remove one of these connections")

    def _resolve_format(self, index: int) -> None:
        node = self._nodes[index]
        giver: GraphNode | None = None
        for edge in node.incoming:
            source = self._nodes[edge.source]
            if edge.input_port or edge.output_port:
                continue
            if giver is None or (node.input.rate == 0 and source.output.rate != 0):
                giver, node.input = source, source.output
            # Whatever arrives must suit the node, though only one format can be told to it.
            self._resolve_from(index, source.output, source)
        node.output = self._resolve_from(index, node.input, giver)

    def _resolve_from(self, index: int, fmt: StreamFormat, giver: GraphNode | None) -> StreamFormat:
        node = self._nodes[index]
        try:
            return node.node._resolve_format(fmt)
        except RemoteMediaError as error:
            entry = self._manifest.nodes[index]
            subject = (
                f"input of node {node.label} from {giver.label}" if giver else f"node {node.label}"
            )
            refuse_manifest(f"{subject}: {error.message}", entry.pointer, entry.line, error.hint)

    def _classify(self) -> None:
        graph = self._graph
        for index, node in enumerate(self._nodes):
            if node.type.is_source:
                graph.sources.append(index)
            elif not node.incoming:
                graph.inputs.append(index)
            leads_on = any(edge.output_port == 0 for edge in node.outgoing)
            if not node.type.is_sink and not leads_on:
                graph.outputs.append(index)


def _make_node(entry: ManifestNode) -> Node:
    from .node import create_node, user_type_names

    node_type = find_type(entry.node_type)
    name = node_type.name if node_type else entry.node_type
    if node_type is not None:
        _, problem = check_parameters(node_type, entry.params)
        if problem is not None:
            _refuse_node(
                entry,
                "params" + (child_pointer("", problem.name) if problem.name else ""),
                f"node '{entry.id}' ({name}): {problem.message}",
                problem.hint,
            )
    elif entry.node_type not in user_type_names():
        _refuse_node(
            entry,
            _type_field(entry),
            f"Unknown node type: {entry.node_type}",
            did_you_mean(entry.node_type, sorted([*type_names(), *user_type_names()])),
        )
    try:
        node = create_node(
            entry.node_type, entry.params, name=entry.id, runtime_hint=entry.runtime_hint
        )
    except (TypeError, RemoteMediaError) as error:  # from the constructor of a user's class
        _refuse_node(entry, "params", f"node '{entry.id}' ({name}): {error}")
    if entry.isolate is not False:
        if node._is_builtin:
            _refuse_node(
                entry,
                "isolate",
                f"node '{entry.id}' ({name}): a built-in node cannot be isolated",
                "only a Python node of your own can have a process of its own",
            )
        try:
            node.isolate = entry.isolate
        except RemoteMediaError as error:
            _refuse_node(entry, "isolate", f"node '{entry.id}': {error}")
    return node


def _policy_of(entry: ManifestNode, node_type: NodeType, defaults: NodePolicy) -> NodePolicy:
    """Give a node's policy with the graph's defaults, which reach only nodes that they suit."""
    policy = entry.policy
    where = f"node '{entry.id}' ({node_type.name})"
    if node_type.is_source or node_type.streaming:
        asked = {
            "retry": policy.retry,
            "circuit_breaker": policy.circuit_breaker,
            "on_error": policy.on_error == "skip",
        }
        field = next((name for name, value in asked.items() if value), None)
        if field is None:
            return policy
        _refuse_node(
            entry,
            field,
            f"{where}: '{field}' needs a node that takes one packet at a time; this one "
            f"{'is a source' if node_type.is_source else 'is streaming'}",
            "remove it",
        )
    if policy.retry is not None and not node_type.repeatable:
        _refuse_node(
            entry,
            "retry",
            f"{where}: 'retry' needs a node type that may be called twice with one packet",
            "types that may are marked repeatable; a class of yours sets is_repeatable",
        )
    return replace(
        policy,
        retry=policy.retry or (defaults.retry if node_type.repeatable else None),
        circuit_breaker=policy.circuit_breaker or defaults.circuit_breaker,
    )


def _type_field(entry: ManifestNode) -> str:
    return "type" if "type" in entry.lines else "node_type"


def _find_port(connection: ManifestConnection, node: GraphNode, side: str) -> int:
    is_output = side == "output"
    ports = node.type.outputs if is_output else node.type.inputs
    name = connection.output_port if is_output else connection.input_port
    if not ports:
        _refuse_connection(
            connection,
            f"{node.label} has no {side}",
            "it is a sink: end the chain there"
            if is_output
            else "it is a source: start the chain there",
        )
    names = [port.name for port in ports]
    if name not in names:
        _refuse_connection(
            connection, f"{node.label} has no {side} port '{name}'", did_you_mean(name, names)
        )
    return names.index(name)


def _kinds_meet(output: Port, taken: Port) -> bool:
    """Whether both ends name a common kind; no kinds means any."""
    if not output.kinds or not taken.kinds:
        return True
    return any(kind in taken.kinds for kind in output.kinds)


def _refuse_node(entry: ManifestNode, path: str, message: str, hint: str = "") -> NoReturn:
    """Raise the error at a field of a node; `path` is a JSON pointer without its first slash."""
    pointer = f"{entry.pointer}/{path}" if entry.pointer else ""
    known = path  # what the field stands in, if it has no line itself
    while known not in entry.lines and "/" in known:
        known = known.rpartition("/")[0]
    refuse_manifest(message, pointer, entry.lines.get(known, entry.line), hint)


def _refuse_connection(connection: ManifestConnection, message: str, hint: str = "") -> NoReturn:
    refuse_manifest(message, connection.pointer, connection.line, hint)
