"""Manifests that several tests read: a valid one, mistakes, and random graphs."""

from __future__ import annotations

import copy
import random
from typing import Any

VALID: dict[str, Any] = {
    "version": "v1",
    "metadata": {"name": "call", "description": "d", "created_at": "2026-01-31T12:00:00Z"},
    "nodes": [
        {"id": "mic", "node_type": "PassThroughNode"},
        {"id": "rate", "node_type": "AudioResampleNode", "params": {"target_sample_rate": 16_000}},
        {"id": "vad", "node_type": "VADNode", "params": {"sample_rate": 16_000}},
    ],
    "connections": [{"from": "mic", "to": "rate"}, {"from": "rate", "to": "vad"}],
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """VALID with another value at a path like "nodes/0/id"; ... removes it."""
    manifest = copy.deepcopy(VALID)
    *parents, last = [int(p) if p.isdigit() else p for p in path.split("/")]
    at: Any = manifest
    for step in parents:
        at = at[step]
    if value is ...:
        del at[last]
    elif isinstance(at, list) and last == len(at):
        at.append(value)
    else:
        at[last] = value
    return manifest


BAD: list[tuple[str, Any, str, str, str]] = [
    # where, what, pointer, message, hint
    ("version", "v2", "/version", 'Unsupported manifest version: "v2"', 'reads "v1"'),
    ("version", 1, "/version", "Unsupported manifest version: 1", 'reads "v1"'),
    ("version", True, "/version", "Unsupported manifest version: true", 'reads "v1"'),
    ("version", ..., "", "a manifest has no 'version'", 'add "version"'),
    ("manifest", {}, "/manifest", "this is a manifest with its input around it", "under"),
    ("edges", [], "/edges", "'edges' belongs to the other dialect", "called 'connections'"),
    ("conections", [], "/conections", "unknown field 'conections'", "did you mean 'connections'?"),
    ("docker", {}, "/docker", "field 'docker' is not supported", "remove it"),
    ("metadata", ..., "", "a manifest has no 'metadata'", 'add "metadata"'),
    ("metadata", [], "/metadata", "metadata must be an object, not []", ""),
    ("metadata/name", ..., "/metadata", "metadata has no 'name'", 'add "name"'),
    ("metadata/name", "", "/metadata/name", "the name has 0 characters, expected 1..255", ""),
    ("metadata/name", "é" * 256, "/metadata/name", "the name has 256 characters", ""),
    ("metadata/name", 7, "/metadata/name", "'name' must be text, not 7", ""),
    ("metadata/created_at", "today", "/metadata/created_at", "'today' is no date", "2026-01-31"),
    ("metadata/created_at", "2026-13-01T00:00:00Z", "/metadata/created_at", "is no date", ""),
    ("nodes", [], "/nodes", "the graph has no nodes", "add at least one node"),
    ("nodes", {}, "/nodes", "'nodes' must be a list, not {}", ""),
    ("nodes/0", 3, "/nodes/0", "a node must be an object, not 3", ""),
    ("nodes/0/retry", 3, "/nodes/0/retry", "'retry' is 3, expected true or an object", ""),
    ("nodes/0/retry", False, "/nodes/0/retry", "expected true or an object", ""),
    ("nodes/0/retry", {"max_retris": 3}, "/nodes/0/retry/max_retris", "in retry", "'max_retries'?"),
    (
        "nodes/0/retry",
        {"max_retries": 1.5},
        "/nodes/0/retry/max_retries",
        "'max_retries' is 1.5, expected a whole number in 0..100",
        "",
    ),
    ("nodes/0/retry", {"max_retries": True}, "/nodes/0/retry/max_retries", "is true", ""),
    (
        "nodes/0/retry",
        {"multiplier": 0.5},
        "/nodes/0/retry/multiplier",
        "'multiplier' is 0.5, expected a number in 1..100",
        "",
    ),
    (
        "nodes/0/retry",
        {"initial_delay_ms": 500},
        "/nodes/0/retry",
        "'max_delay_ms' is 400, expected at least initial_delay_ms, which is 500",
        "give both",
    ),
    ("nodes/0/retry", {"jitter": 1}, "/nodes/0/retry/jitter", "expected true or false", ""),
    (
        "nodes/0/circuit_breaker",
        {"failure_threshold": 0},
        "/nodes/0/circuit_breaker/failure_threshold",
        "expected a whole number in 1..1000000",
        "",
    ),
    ("nodes/0/circuit_breaker", "on", "/nodes/0/circuit_breaker", '"on", expected true or', ""),
    ("nodes/0/timeout_ms", 0, "/nodes/0/timeout_ms", "a whole number in 1..86400000", ""),
    ("nodes/0/on_error", "x", "/nodes/0/on_error", "expected one of fail, skip", ""),
    ("nodes/0/queue", 3, "/nodes/0/queue", "queue must be an object, not 3", ""),
    ("nodes/0/queue", {"capacity": 0}, "/nodes/0/queue/capacity", "expected a whole number", ""),
    ("nodes/0/queue", {"policy": "x"}, "/nodes/0/queue/policy", "expected one of block, drop", ""),
    ("nodes/0/queue", {"size": 1}, "/nodes/0/queue/size", "unknown field 'size' in queue", ""),
    ("nodes/0/id", ..., "/nodes/0", "a node has no 'id'", 'add "id"'),
    ("nodes/0/id", "a b", "/nodes/0/id", "'a b' is no node id", "use letters, digits, _ and -"),
    ("nodes/1/id", "mic", "/nodes/1/id", "Duplicate node ID: mic", "/nodes/0 has it already"),
    ("nodes/0/node_type", "", "/nodes/0/node_type", "the node type is empty", ""),
    ("nodes/0/type", "X", "/nodes/0/type", "'type' belongs to the other dialect", "'node_type'"),
    ("nodes/0/parms", {}, "/nodes/0/parms", "unknown field 'parms'", "did you mean 'params'?"),
    ("nodes/0/params", [], "/nodes/0/params", "'params' must be an object, not []", ""),
    ("nodes/0/is_streaming", 1, "/nodes/0/is_streaming", "'is_streaming' is 1, expected true", ""),
    (
        "nodes/0/is_streaming",
        True,
        "/nodes/0/is_streaming",
        "node 'mic' says is_streaming true, but PassThroughNode is not streaming",
        "remove the field",
    ),
    (
        "nodes/0/runtime_hint",
        "gpu",
        "/nodes/0/runtime_hint",
        "unknown runtime_hint 'gpu'",
        "rust is the old name of native",
    ),
    (
        "nodes/0/capabilities",
        {"gpu": {}},
        "/nodes/0/capabilities/gpu",
        "capabilities.gpu has no 'type'",
        'add "type"',
    ),
    (
        "nodes/0/capabilities",
        {"cpu": {"cores": 0}},
        "/nodes/0/capabilities/cpu/cores",
        "'cores' is 0, expected a number of at least 1",
        "",
    ),
    (
        "nodes/0/capabilities",
        {"gpu": {"type": "npu"}},
        "/nodes/0/capabilities/gpu/type",
        "'type' is \"npu\", expected one of cuda, rocm, metal, vulkan, any",
        "",
    ),
    (
        "nodes/0/host",
        "far:80",
        "/nodes/0/host",
        "node on host 'far:80': remote nodes are not supported",
        "nodes run in this process",
    ),
    ("nodes/0/host", "far", "/nodes/0/host", "host 'far' is not of the form name:port", ""),
    (
        "nodes/0/execution",
        {"placement": "requires_remote"},
        "/nodes/0/execution/placement",
        "placement 'requires_remote' is not supported",
        'use "local"',
    ),
    (
        "nodes/0/execution",
        {"placement": "moon"},
        "/nodes/0/execution/placement",
        "unknown placement 'moon'",
        "known: anywhere",
    ),
    ("nodes/0/isolate", 1, "/nodes/0/isolate", "'isolate' is 1, expected true, false or an", ""),
    (
        "nodes/0/isolate",
        {"restarts": 1},
        "/nodes/0/isolate/restarts",
        "unknown field 'restarts' in isolate",
        "did you mean 'restart'?",
    ),
    (
        "nodes/0/isolate",
        {"restart": "always"},
        "/nodes/0/isolate/restart",
        "'restart' is \"always\", expected one of never, on_failure",
        "",
    ),
    (
        "nodes/0/isolate",
        {"max_restarts": 0},
        "/nodes/0/isolate/max_restarts",
        "'max_restarts' is 0, expected a number of at least 1",
        "",
    ),
    (
        "nodes/0/isolate",
        True,
        "/nodes/0/isolate",
        "node 'mic' (PassThroughNode): a built-in node cannot be isolated",
        "only a Python node of your own",
    ),
    ("connections/0", [], "/connections/0", "a connection must be an object, not []", ""),
    ("connections/0/to", ..., "/connections/0", "a connection has no 'to'", 'add "to"'),
    (
        "connections/0/from",
        "mik",
        "/connections/0/from",
        "Connection references unknown source node: mik",
        "did you mean 'mic'?",
    ),
    (
        "connections/1/to",
        "elsewhere",
        "/connections/1/to",
        "Connection references unknown target node: elsewhere",
        "known: mic, rate, vad",
    ),
    # the graph
    (
        "nodes/1/node_type",
        "AudioResampelNode",
        "/nodes/1/node_type",
        "Unknown node type: AudioResampelNode",
        "did you mean 'AudioResampleNode'?",
    ),
    (
        "nodes/1/params",
        {"qualty": 1},
        "/nodes/1/params/qualty",
        "node 'rate' (AudioResampleNode): unknown parameter 'qualty'",
        "did you mean 'quality'?",
    ),
    (
        "nodes/1/params",
        {"target_sample_rate": 16},
        "/nodes/1/params/target_sample_rate",
        "target_sample_rate is 16, expected 8000..192000 Hz",
        "",
    ),
    (
        "nodes/1/params",
        {"target_rate": 8_000, "target_sample_rate": 8_000},
        "/nodes/1/params/target_sample_rate",
        "'target_sample_rate' is given twice",
        "keep target_sample_rate",
    ),
    (
        "connections/0/output_port",
        "left",
        "/connections/0",
        "'mic' (PassThroughNode) has no output port 'left'",
        "known: default",
    ),
    (
        "connections/2",
        {"from": "mic", "to": "rate"},
        "/connections/2",
        "the connection mic -> rate stands twice",
        "a packet would arrive twice",
    ),
    (
        "connections/2",
        {"from": "vad", "to": "mic"},
        "/connections/2",
        "Cycle detected: mic -> rate -> vad -> mic",
        "remove one of these connections",
    ),
    (
        "connections/2",
        {"from": "mic", "to": "mic"},
        "/connections/2",
        "Cycle detected: mic -> mic",
        "remove one of these connections",
    ),
    (
        "nodes/2/params",
        {"sample_rate": 48_000},
        "/nodes/2",
        "input of node 'vad' (VADNode) from 'rate' (AudioResampleNode): "
        "VADNode: input rate is 16000, expected 48000 Hz",
        "put an AudioResampleNode(target_sample_rate=48000) in front",
    ),
]


def manifest(nodes: list[Any], edges: list[Any], name: str = "test") -> dict[str, Any]:
    """Nodes are (id, type) or (id, type, params); edges are (from, to)."""
    return {
        "version": "v1",
        "metadata": {"name": name},
        "nodes": [
            {"id": node[0], "node_type": node[1], "params": dict(node[2]) if node[2:] else {}}
            for node in nodes
        ],
        "connections": [{"from": a, "to": b} for a, b in edges],
    }


def adders(count: int) -> list[Any]:
    """Node i adds 2**i, so a sum tells the path that a number went."""
    return [(f"n{i}", "AddNode", {"addend": 2**i}) for i in range(count)]


def random_edges(rng: random.Random, count: int, density: float) -> list[tuple[str, str]]:
    """Edges of a graph without cycles, in random order, between shuffled node numbers."""
    numbers = list(range(count))
    rng.shuffle(numbers)
    edges = [
        (f"n{numbers[a]}", f"n{numbers[b]}")
        for a in range(count)
        for b in range(a + 1, count)
        if rng.random() < density
    ]
    rng.shuffle(edges)
    return edges
