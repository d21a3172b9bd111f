"""Graphs and sessions of the native module, as its tests build them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from remotemedia import runtime
from remotemedia._packet import Audio, Emit, NodeContext, Packet


def native() -> ModuleType:
    return runtime.native_module()


class Echo:
    """An executor that passes everything on and notes what is called."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def initialize(self, context: NodeContext) -> None:
        self.calls.append(context)

    def process(self, packet: Packet, emit: Emit) -> None:
        self.calls.append(packet)
        emit(packet, 0)

    def flush(self, emit: Emit) -> None:
        self.calls.append("flush")

    def cleanup(self) -> None:
        self.calls.append("cleanup")


def chain(*nodes: str | tuple[str, dict[str, Any]] | Callable[[], Any]) -> Any:
    """A graph of nodes in a row: type names, (type name, parameters) or factories of executors.

    Nodes are called n0, n1, ...; those of factories have the type "Custom".
    """
    entries: list[dict[str, Any]] = []
    foreign: dict[str, Any] = {}
    for index, node in enumerate(nodes):
        node_id = f"n{index}"
        if isinstance(node, str):
            name, params = node, {}
        elif isinstance(node, tuple):
            name, params = node
        else:
            name, params = "Custom", {}
            foreign[node_id] = (node, "hint python", False, False)
        entries.append({"id": node_id, "node_type": name, "params": params})
    return native().Graph(manifest(entries), foreign)


def manifest(nodes: list[dict[str, Any]], *edges: tuple[str, str]) -> dict[str, Any]:
    """A manifest; without `edges` the nodes form a chain."""
    ids = [node["id"] for node in nodes]
    pairs = edges or tuple(itertools.pairwise(ids))
    return {
        "version": "v1",
        "metadata": {"name": "test"},
        "nodes": nodes,
        "connections": [{"from": a, "to": b} for a, b in pairs],
    }


class Run:
    """A session and what came out of it."""

    def __init__(
        self,
        graph: Any,
        sink: Callable[[str, Packet], None] | None = None,
        *,
        enable_metrics: bool = True,
        loop: Any = None,
    ) -> None:
        self.out: list[tuple[str, Packet]] = []
        sink = sink or (lambda node_id, packet: self.out.append((node_id, packet)))
        self.session = native().Session(graph, "session-1", enable_metrics, sink, loop)

    @property
    def packets(self) -> list[Packet]:
        return [packet for _, packet in self.out]

    @property
    def payloads(self) -> list[Any]:
        return [packet.payload for packet in self.packets]


def audio_packet(samples: Any, rate: int = 16_000, **envelope: Any) -> Packet:
    return Packet(Audio(samples, rate), **envelope)


def noise(*shape: int, dtype: Any = np.float32, seed: int = 1) -> Any:
    generator = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return generator.uniform(-1, 1, shape).astype(dtype)
    limits = np.iinfo(dtype)
    return generator.integers(limits.min, limits.max, shape, dtype, endpoint=True)
