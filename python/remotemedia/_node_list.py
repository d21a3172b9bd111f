"""The nodes of a pipeline, their ids and connections."""

from __future__ import annotations

import marshal
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from . import runtime
from ._graph import Graph
from ._pipeline_text import utc_now
from .manifest import Manifest, ManifestConnection, ManifestNode
from .node import Node

__all__ = ["NodeList"]

# Later versions write down which objects are shared, and so not the same bytes each time.
_PLAIN_MARSHAL: Final = 2
_NOT_IN_IDS: Final = re.compile("[^a-zA-Z0-9_-]")


@dataclass
class _Entry:
    """A node; its id is made of name and position if it has none of its own."""

    node: Node
    id: str | None = None
    capabilities: dict[str, Any] | None = None
    execution: dict[str, Any] | None = None


class NodeList:
    """A chain of nodes, or the nodes and connections of a manifest."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._connections: list[ManifestConnection] | None = None  # None: a chain
        self._description = ""
        self._created_at = utc_now()

    @classmethod
    def of(cls, manifest: Manifest, graph: Graph) -> NodeList:
        """Take over a manifest with the nodes that its graph has made."""
        made = cls()
        made._description = manifest.description
        made._created_at = manifest.created_at or made._created_at
        made._entries = [
            _Entry(live.node, written.id, written.capabilities, written.execution)
            for live, written in zip(graph.nodes, manifest.nodes, strict=True)
        ]
        if _links(manifest.connections) != _links(made._chain()):
            made._connections = manifest.connections
        return made

    @property
    def is_chain(self) -> bool:
        """Whether each node leads to the next one only."""
        return self._connections is None

    @property
    def nodes(self) -> list[Node]:
        """The nodes, in order."""
        return [entry.node for entry in self._entries]

    def add(self, node: Node, node_id: str | None) -> None:
        """Append a node to the chain."""
        self._entries.append(_Entry(node, node_id))

    def remove(self, name: str) -> bool:
        """Remove the first node of that name, or id; gives whether there was one."""
        index = self._index_of(name)
        if index is not None:
            del self._entries[index]
        return index is not None

    def find(self, name: str) -> Node | None:
        """Give the first node of that name, or id."""
        index = self._index_of(name)
        return None if index is None else self._entries[index].node

    def by_id(self) -> dict[str, Node]:
        """Give the nodes by their ids."""
        return dict(zip(self._ids(), self.nodes, strict=True))

    def manifest(self, name: str, include_capabilities: bool = False) -> Manifest:
        """Describe the nodes and their connections."""
        return Manifest(
            name=name,
            description=self._description,
            created_at=self._created_at,
            nodes=[
                _manifest_node(node_id, entry, include_capabilities)
                for node_id, entry in zip(self._ids(), self._entries, strict=True)
            ],
            connections=self._chain() if self._connections is None else self._connections,
        )

    def state(self) -> bytes | None:
        """Give all that a graph is made of as bytes to compare; None if a parameter has none.

        Nodes stand there by their identity: whoever compares keeps those of the earlier state.
        """
        entries = [
            (entry.id, id(entry.node), *entry.node._graph_state()) for entry in self._entries
        ]
        try:
            return marshal.dumps(entries, _PLAIN_MARSHAL)
        except ValueError:
            return None

    def _index_of(self, name: str) -> int | None:
        names = [entry.node.name for entry in self._entries]
        for known in (names, self._ids()):
            if name in known:
                return known.index(name)
        return None

    def _ids(self) -> list[str]:
        return [
            entry.id or f"{_NOT_IN_IDS.sub('_', entry.node.name)}_{index}"
            for index, entry in enumerate(self._entries)
        ]

    def _chain(self) -> list[ManifestConnection]:
        return [ManifestConnection(source, target) for source, target in pairwise(self._ids())]


def _links(connections: Iterable[ManifestConnection]) -> list[tuple[str, ...]]:
    return [(c.source, c.target, c.output_port, c.input_port) for c in connections]


def _manifest_node(node_id: str, entry: _Entry, include_capabilities: bool) -> ManifestNode:
    node = entry.node
    declared = entry.capabilities or node.get_capabilities()
    return ManifestNode(
        id=node_id,
        node_type=node._type.name,
        params=node._parameters(),
        runtime_hint=runtime.normalize_hint(node.runtime_hint),
        is_streaming=True if node._type.streaming else None,
        capabilities=declared if declared and include_capabilities else None,
        execution=entry.execution,
        isolate=node._isolate if isinstance(node._isolate, bool) else dict(node._isolate),
        policy=node._policy,
    )
