"""Graphs: order, formats, kinds, and random ones against an independent model."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from typing import Any

import pytest

from manifests import adders, manifest, random_edges
from remotemedia import ManifestError, NodeError, Pipeline
from remotemedia._graph import Graph
from remotemedia._graph_builder import build_graph
from remotemedia.manifest import read_manifest

AUDIO = {"rate": "AudioResampleNode", "vad": "VADNode", "format": "FormatConverterNode"}


def build(nodes: list[Any], edges: list[Any]) -> Graph:
    return build_graph(read_manifest(manifest(nodes, edges)))


def order_of(graph: Graph) -> list[str]:
    return graph.info()["execution_order"]  # type: ignore[no-any-return]


def sums_of_paths(count: int, edges: list[tuple[str, str]]) -> dict[str, Counter[int]]:
    """The model: what 0 becomes on each path from an input to each output."""
    after: dict[str, list[str]] = {f"n{i}": [] for i in range(count)}
    for a, b in edges:
        after[a].append(b)
    inputs = set(after) - {b for _, b in edges}
    found: dict[str, Counter[int]] = {
        node: Counter() for node, next_ones in after.items() if not next_ones
    }

    def walk(node: str, total: int) -> None:
        total += 2 ** int(node[1:])
        if node in found:
            found[node][total] += 1
        for following in after[node]:
            walk(following, total)

    for node in inputs:
        walk(node, 0)
    return found


# --- order


def test_order_among_ready_nodes_is_that_of_the_manifest() -> None:
    nodes = [(name, "PassThroughNode") for name in "dbca"]
    assert order_of(build(nodes, [])) == ["d", "b", "c", "a"]
    assert order_of(build(nodes, [("a", "b")])) == ["d", "c", "a", "b"]
    assert order_of(build(nodes, [("c", "d"), ("a", "c")])) == ["b", "a", "c", "d"]


def test_order_is_the_same_in_100_of_100_builds() -> None:
    edges = random_edges(random.Random(5), 40, 0.1)
    orders = {tuple(order_of(build(adders(40), edges))) for _ in range(100)}
    assert len(orders) == 1


@pytest.mark.parametrize("seed", range(30))
def test_every_node_comes_after_those_that_feed_it(seed: int) -> None:
    rng = random.Random(seed)
    count = rng.randint(1, 60)
    edges = random_edges(rng, count, rng.random() * 0.3)
    graph = build(adders(count), edges)
    position = {node: at for at, node in enumerate(order_of(graph))}
    assert len(position) == count
    assert all(position[a] < position[b] for a, b in edges)
    assert {graph.nodes[i].id for i in graph.inputs} == {f"n{i}" for i in range(count)} - {
        b for _, b in edges
    }
    assert graph.outputs == sorted(graph.outputs)


@pytest.mark.parametrize("seed", range(30))
def test_a_cycle_is_found_and_its_path_exists(seed: int) -> None:
    rng = random.Random(seed)
    count = rng.randint(2, 40)
    edges = random_edges(rng, count, 0.15)
    ring = rng.sample(range(count), rng.randint(1, count))
    edges += [(f"n{a}", f"n{b}") for a, b in zip(ring, ring[1:] + ring[:1], strict=True)]
    edges = list(dict.fromkeys(edges))
    with pytest.raises(ManifestError, match="Cycle detected: ") as caught:
        build(adders(count), edges)
    path = str(caught.value).split("Cycle detected: ")[1].split(" (")[0].split(" -> ")
    assert path[0] == path[-1]
    assert len(set(path)) == len(path) - 1
    steps = list(itertools.pairwise(path))
    assert set(steps) <= set(edges)
    # the pointer leads to the connection that closes the path
    assert edges[int(caught.value.pointer.rpartition("/")[2])] == steps[-1]


# --- running


@pytest.mark.parametrize("seed", range(25))
def test_every_path_carries_each_item_once(seed: int, use_rust: bool) -> None:
    rng = random.Random(seed)
    count = rng.randint(1, 14)
    edges = random_edges(rng, count, rng.random() * 0.5)
    model = sums_of_paths(count, edges)
    pipeline = Pipeline.from_manifest(manifest(adders(count), edges))
    offset = 2**20  # a second item, whose sums are all larger
    result = pipeline.run_sync([0, offset], use_rust=use_rust)
    expected = [
        sorted(list(sums.elements()) + [s + offset for s in sums.elements()])
        for _, sums in sorted(model.items(), key=lambda one: int(one[0][1:]))
    ]
    flat = result if isinstance(result, list) else [result]
    for sums in expected:  # outputs one after the other, in manifest order
        assert sorted(flat[: len(sums)]) == sums
        flat = flat[len(sums) :]
    assert flat == []


def test_fan_in_takes_its_inputs_in_connection_order(use_rust: bool) -> None:
    nodes = [
        ("in", "PassThroughNode"),
        ("ten", "AddNode", {"addend": 10}),
        ("twenty", "AddNode", {"addend": 20}),
        ("join", "PassThroughNode"),
    ]
    first = [("in", "twenty"), ("in", "ten"), ("ten", "join"), ("twenty", "join")]
    second = [*first[:2], ("twenty", "join"), ("ten", "join")]
    for edges, expected in ((first, [11, 21]), (second, [21, 11])):
        pipeline = Pipeline.from_manifest(manifest(nodes, edges))
        assert pipeline.run_sync(1, use_rust=use_rust) == expected


def test_a_failure_in_one_branch_names_it(use_rust: bool) -> None:
    nodes = [
        ("in", "PassThroughNode"),
        ("good", "AddNode"),
        ("bad", "CalculatorNode", {"operation": "divide", "operand": 0}),
    ]
    pipeline = Pipeline.from_manifest(manifest(nodes, [("in", "good"), ("in", "bad")]))
    with pytest.raises(NodeError) as caught:
        pipeline.run_sync(1, use_rust=use_rust)
    assert caught.value.node_id == "bad"
    assert caught.value.partial_results == [1]


def test_a_graph_of_1000_nodes_builds_and_runs(use_rust: bool) -> None:
    nodes = [(f"n{i}", "AddNode", {"addend": 1}) for i in range(1_000)]
    edges = [(f"n{i}", f"n{i + 1}") for i in range(999)]
    assert Pipeline.from_manifest(manifest(nodes, edges)).run_sync(0, use_rust=use_rust) == 1_000


# --- formats and kinds


def test_formats_follow_the_edges() -> None:
    graph = build(
        [("rate", AUDIO["rate"], {"mono": True}), ("pass", "PassThroughNode"),
         ("i16", AUDIO["format"], {"target_format": "i16"})],
        [("rate", "pass"), ("pass", "i16")],
    )  # fmt: skip
    assert [node.output.rate for node in graph.nodes] == [16_000] * 3
    assert graph.nodes[1].output.channels == 1
    assert [node.output.sample_format for node in graph.nodes] == ["f32", "f32", "i16"]


def test_a_rate_that_does_not_fit_is_refused_whichever_input_brings_it() -> None:
    nodes = [
        ("a", AUDIO["rate"], {"target_sample_rate": 16_000}),
        ("b", AUDIO["rate"], {"target_sample_rate": 8_000}),
        ("vad", AUDIO["vad"], {"sample_rate": 16_000}),
    ]
    for edges in ([("a", "vad"), ("b", "vad")], [("b", "vad"), ("a", "vad")]):
        with pytest.raises(ManifestError, match=r"node 'vad' .* from 'b' .*8000, expected"):
            build(nodes, edges)


def test_more_channels_than_arrive_are_refused_before_the_run() -> None:
    nodes = [
        ("two", "AudioTransform", {"output_channels": 2}),
        ("six", "AudioTransform", {"output_channels": 6}),
    ]
    with pytest.raises(ManifestError, match=r"output_channels is 6, expected 1\.\.2"):
        build(nodes, [("two", "six")])


def test_kinds_that_cannot_meet_and_ends_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ManifestError, match=r"'w' \(MediaWriterNode\) has no output"):
        build([("w", "MediaWriterNode", {"output_path": "a.wav"}), ("x", "AddNode")], [("w", "x")])
    with pytest.raises(ManifestError, match=r"'r' \(MediaReaderNode\) has no input"):
        build([("x", "AddNode"), ("r", "MediaReaderNode", {"path": "a.wav"})], [("x", "r")])


def test_continuous_needs_continuous_nodes_and_no_joints() -> None:
    a, b = ("a", AUDIO["vad"]), ("b", AUDIO["vad"])
    assert build([a, b], [("a", "b")]).continuous
    assert not build([a, ("buffer", "BufferNode")], [("a", "buffer")]).continuous
    diamond = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]
    nodes = [(name, "PassThroughNode") for name in "abcd"]
    assert not build(nodes, diamond).continuous


def test_info_counts_sources_and_sinks() -> None:
    graph = build([(name, "PassThroughNode") for name in "abc"], [("a", "b")])
    assert graph.info() == {
        "node_count": 3,
        "source_count": 2,
        "sink_count": 2,
        "execution_order": ["a", "b", "c"],
    }
