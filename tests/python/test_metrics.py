"""What a run measures, in both runtimes."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest

from remotemedia import Node, NodeError, Pipeline, runtime
from remotemedia._graph_builder import build_graph
from remotemedia._metrics import NodeMetrics
from remotemedia._packet import Packet
from remotemedia._session_python import PythonSession
from remotemedia.manifest import read_manifest
from remotemedia.nodes import AddNode, AudioResampleNode, PassThroughNode, VADNode
from signals import tone

PIPELINE_KEYS = {
    "pipeline_id",
    "total_executions",
    "total_duration_us",
    "total_duration_ms",
    "peak_memory_bytes",
    "peak_memory_mb",
    "node_metrics",
    "metrics_overhead_us",
    "duration_bucket_bounds_us",
}
NODE_KEYS = {
    "node_id",
    "node_type",
    "runtime",
    "runtime_reason",
    "execution_count",
    "success_count",
    "error_count",
    "success_rate",
    "total_duration_us",
    "avg_duration_us",
    "min_duration_us",
    "max_duration_us",
    "p50_duration_us",
    "p95_duration_us",
    "p99_duration_us",
    "p999_duration_us",
    "duration_bucket_counts",
    "allocated_bytes",
    "peak_memory_bytes",
}
QUANTILES = ("p50_duration_us", "p95_duration_us", "p99_duration_us", "p999_duration_us")


def measured(pipeline: Pipeline) -> dict[str, Any]:
    metrics = pipeline.get_metrics()
    assert metrics is not None
    return metrics


def test_nothing_is_measured_before_a_run_or_without_being_asked() -> None:
    pipeline = Pipeline([AddNode()], enable_metrics=True)
    assert pipeline.get_metrics() is None
    silent = Pipeline([AddNode()])
    silent.run_sync(1)
    assert silent.get_metrics() is None


def test_every_field_is_there_and_true(use_rust: bool) -> None:
    pipeline = Pipeline([AudioResampleNode(), VADNode()], name="call", enable_metrics=True)
    items = [(tone(), 48_000)] * 5
    begin = time.perf_counter()
    pipeline.run_sync(items, use_rust=use_rust)
    wall_us = 1e6 * (time.perf_counter() - begin)
    metrics = measured(pipeline)
    assert set(metrics) == PIPELINE_KEYS
    assert metrics["pipeline_id"] == "call"
    assert metrics["total_executions"] == 5
    assert 0 < metrics["total_duration_us"] < wall_us
    assert metrics["total_duration_ms"] == pytest.approx(metrics["total_duration_us"] / 1e3)
    assert metrics["peak_memory_bytes"] > 10 * 2**20  # numpy alone takes more
    assert metrics["peak_memory_mb"] == pytest.approx(metrics["peak_memory_bytes"] / 2**20)
    assert 0 < metrics["metrics_overhead_us"] < metrics["total_duration_us"]
    nodes = metrics["node_metrics"]
    assert [node["node_id"] for node in nodes] == ["AudioResampleNode_0", "VADNode_1"]
    for node in nodes:
        assert set(node) == NODE_KEYS | {"retry_count", "drop_count"}
        assert node["execution_count"] == node["success_count"] == 5
        assert node["error_count"] == 0
        assert node["success_rate"] == 1.0
        assert 0 < node["min_duration_us"] <= node["avg_duration_us"]
        assert node["max_duration_us"] <= node["total_duration_us"]
        assert node["avg_duration_us"] == pytest.approx(node["total_duration_us"] / 5)
        times = [node[name] for name in ("min_duration_us", *QUANTILES, "max_duration_us")]
        assert times == sorted(times)
        assert sum(node["duration_bucket_counts"]) == 5
        assert len(node["duration_bucket_counts"]) == len(metrics["duration_bucket_bounds_us"]) + 1
    assert sum(n["total_duration_us"] for n in nodes) <= metrics["total_duration_us"]


def test_runtime_and_reason_are_told_per_node() -> None:
    pipeline = Pipeline(
        [AddNode(runtime_hint="python"), AddNode(runtime_hint="rust"), AddNode()],
        enable_metrics=True,
    )
    pipeline.run_sync(1, use_rust=False)
    nodes = measured(pipeline)["node_metrics"]
    assert {(n["runtime"], n["runtime_reason"]) for n in nodes} == {("python", "use_rust=False")}


@pytest.mark.native_only
def test_runtimes_can_differ_in_one_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    class Mine(Node):
        def process(self, data: Any) -> Any:
            return data

    pipeline = Pipeline(
        [AddNode(runtime_hint="python"), AddNode(runtime_hint="rust"), AddNode(), Mine()],
        enable_metrics=True,
    )
    pipeline.run_sync(1)
    assert [(n["runtime"], n["runtime_reason"]) for n in measured(pipeline)["node_metrics"]] == [
        ("python", "hint python"),
        ("native", "hint native"),
        ("native", "native implementation available"),
        ("python", "python only"),
    ]
    monkeypatch.setenv(runtime.RUNTIME_VARIABLE, "python")
    pipeline.run_sync(1)
    reasons = {node["runtime_reason"] for node in measured(pipeline)["node_metrics"]}
    assert reasons == {"REMOTEMEDIA_RUNTIME=python"}


def test_failures_are_counted_and_measured(use_rust: bool) -> None:
    class Picky(Node):
        def process(self, data: Any) -> Any:
            if data > 2:
                raise ValueError("too large")
            return data

    pipeline = Pipeline([AddNode(addend=0), Picky()], enable_metrics=True)
    with pytest.raises(NodeError):
        pipeline.run_sync([1, 2, 3], use_rust=use_rust)
    add, picky = measured(pipeline)["node_metrics"]
    assert (add["execution_count"], add["error_count"]) == (3, 0)
    assert picky["execution_count"] == 3
    assert picky["success_count"] == 2
    assert picky["error_count"] == 1
    assert picky["success_rate"] == pytest.approx(2 / 3)


def test_a_node_that_never_ran_has_zeros(use_rust: bool) -> None:
    class Quiet(Node):
        def process(self, data: Any) -> Any:
            return None

    pipeline = Pipeline([Quiet(), AddNode()], enable_metrics=True)
    pipeline.run_sync(1, use_rust=use_rust)
    never = measured(pipeline)["node_metrics"][1]
    assert never["execution_count"] == 0
    assert never["success_rate"] == 0
    assert all(never[name] == 0 for name in QUANTILES)
    assert never["min_duration_us"] == never["avg_duration_us"] == 0


def test_each_run_counts_anew() -> None:
    pipeline = Pipeline([AddNode()], enable_metrics=True)
    for items in ([1, 2, 3], [1]):
        pipeline.run_sync(items)
        assert measured(pipeline)["total_executions"] == len(items)
    asyncio.run(pipeline.run([1, 2]))
    assert measured(pipeline)["total_executions"] == 2


@pytest.mark.parametrize("use_rust", [pytest.param(True, marks=pytest.mark.native_only), False])
def test_metrics_that_are_asked_for_late_are_those_of_the_run(use_rust: bool) -> None:
    pipeline = Pipeline([AddNode()], enable_metrics=True)
    pipeline.run_sync([1, 2, 3], use_rust)
    late = pipeline._measured
    assert late is not None
    pipeline.run_sync([1], use_rust)
    asked = measured(pipeline)
    assert asked is measured(pipeline)
    assert asked["total_executions"] == 1
    assert late.to_dict()["total_executions"] == 3
    assert late.to_dict()["node_metrics"][0]["execution_count"] == 3


# --- memory

LARGE_PROGRAM = """
import os, sys
held = b"x" * (400 << 20)
os.execv(sys.executable, [sys.executable, "-c", sys.argv[1]])
"""
SMALL_PROGRAM = """
from remotemedia import Pipeline
from remotemedia.nodes import AddNode
pipeline = Pipeline([AddNode()], enable_metrics=True)
def peak():
    pipeline.run_sync(1)
    return pipeline.get_metrics()["peak_memory_bytes"]
peaks = [peak() for _ in range(3)]
held = b"x" * (64 << 20)
print(*peaks, peak())
"""


def test_the_peak_is_that_of_the_program_and_rises_with_what_it_takes() -> None:
    # Linux hands the peak of the program before on, which is above all that this one takes.
    command = [sys.executable, "-c", LARGE_PROGRAM, SMALL_PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    *before, after = map(int, done.stdout.split())
    assert before == sorted(before)
    assert after < 400 << 20
    assert after - before[-1] > 60 << 20


class Doubled(Node):
    """Gives new audio."""

    def process(self, data: Any) -> Any:
        samples, rate = data
        return 2 * samples, rate


class Front(Node):
    """Gives a part of the audio it gets, without a copy."""

    def process(self, data: Any) -> Any:
        samples, rate = data
        return samples[..., : samples.shape[-1] // 2], rate


def memory_of(pipeline: Pipeline) -> list[tuple[int, int]]:
    nodes = measured(pipeline)["node_metrics"]
    return [(node["allocated_bytes"], node["peak_memory_bytes"]) for node in nodes]


def test_a_node_that_makes_audio_has_taken_memory(use_rust: bool) -> None:
    pipeline = Pipeline([AudioResampleNode(), VADNode()], enable_metrics=True)
    pipeline.run_sync([(tone(), 48_000)] * 3, use_rust=use_rust)
    resample, vad = memory_of(pipeline)
    results_bytes = 3 * 4 * len(tone()) // 3  # at 16 kHz
    assert resample[0] >= results_bytes
    assert results_bytes / 3 <= resample[1] <= resample[0]
    assert vad == (0, 0), "it passes its input on"


def test_a_python_node_has_taken_what_its_results_bring(use_rust: bool) -> None:
    given = tone().astype(np.float32)
    items = [(given, 48_000)] * 4
    nodes = [Doubled(name="new"), Front(name="part")]
    pipeline = Pipeline([*nodes, PassThroughNode()], enable_metrics=True)
    results = pipeline.run_sync(items, use_rust=use_rust)
    assert len(results) == 4
    new, part, passed = memory_of(pipeline)
    assert new[0] == 4 * given.nbytes
    assert given.nbytes <= new[1] <= new[0]  # a part may keep the whole alive
    assert part == passed == (0, 0)


def test_memory_that_is_let_go_does_not_add_up_in_the_peak(use_rust: bool) -> None:
    given = tone().astype(np.float32)
    pipeline = Pipeline([Doubled(), PassThroughNode()], enable_metrics=True)

    async def main() -> None:
        async with pipeline.session(use_rust=use_rust) as session:
            for _ in range(5):
                await session.push((given, 48_000))
                await session.__anext__()

    asyncio.run(main())
    doubled, _ = memory_of(pipeline)
    assert doubled[0] == 5 * given.nbytes
    assert given.nbytes <= doubled[1] <= 2 * given.nbytes


# --- on a clock of the test


class Ticking:
    """A clock that goes on only when the test says so."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


class Busy:
    """An executor that takes a fixed time before and after it gives its result."""

    def __init__(self, clock: Ticking, before_us: int, after_us: int) -> None:
        self._clock = clock
        self._times = before_us, after_us

    def initialize(self, context: Any) -> None:
        self._clock.now_ns += 10**9  # not counted

    def process(self, packet: Packet, emit: Any) -> None:
        self._clock.now_ns += self._times[0] * 1_000
        emit(packet, 0)
        self._clock.now_ns += self._times[1] * 1_000

    def flush(self, emit: Any) -> None:
        self._clock.now_ns += 7_000

    def cleanup(self) -> None:
        pass


def test_a_nodes_time_is_its_own() -> None:
    manifest = {
        "version": "v1",
        "metadata": {"name": "timed"},
        "nodes": [{"id": i, "node_type": "PassThroughNode"} for i in "ab"],
        "connections": [{"from": "a", "to": "b"}],
    }
    clock = Ticking()
    executors = {"a": Busy(clock, 10, 20), "b": Busy(clock, 100, 200)}
    session = PythonSession(
        build_graph(read_manifest(manifest)),
        lambda *_: setattr(clock, "now_ns", clock.now_ns + 5_000_000),  # the sink is slow
        lambda node: executors[node.id],
        session_id="s",
        clock=clock,
    )
    session.push(Packet(1))
    session.push(Packet(2))
    session.finish()
    metrics = session.metrics()
    a, b = metrics["node_metrics"]
    assert a["min_duration_us"] == a["max_duration_us"] == 30
    assert all(a[name] == 30 and b[name] == 300 for name in QUANTILES)
    assert (a["duration_bucket_counts"][0], b["duration_bucket_counts"][3]) == (2, 2)
    assert b["min_duration_us"] == b["max_duration_us"] == 300
    assert a["total_duration_us"] == 2 * 30 + 7
    assert b["total_duration_us"] == 2 * 300 + 7
    assert metrics["total_duration_us"] == 2 * (330 + 5_000) + 14
    assert metrics["metrics_overhead_us"] == 0  # this clock costs nothing


def test_an_untouched_nodes_metrics_are_zeros() -> None:
    assert NodeMetrics("n", "T", "python", "why").to_dict() == {
        "node_id": "n",
        "node_type": "T",
        "runtime": "python",
        "runtime_reason": "why",
        **dict.fromkeys(NODE_KEYS - {"node_id", "node_type", "runtime", "runtime_reason"}, 0),
        "duration_bucket_counts": [0] * 16,
    }


@pytest.mark.parametrize("name", ["metrics", 'of "a" \\ path\n', "\u00fcber \U0001f600"])
def test_metrics_as_json_are_the_dict(use_rust: bool, name: str) -> None:
    pipeline = Pipeline([AddNode()], name=name, enable_metrics=True)
    assert pipeline.get_metrics_json() is None
    pipeline.run_sync([1, 2, 3], use_rust)
    text = pipeline.get_metrics_json()
    assert text is not None
    assert "\n" not in text
    assert json.loads(text) == measured(pipeline)
    assert list(json.loads(text)) == list(measured(pipeline))


def test_metrics_of_a_session_as_json_are_its_dict(use_rust: bool) -> None:
    pipeline = Pipeline([AddNode()], enable_metrics=True)
    with pipeline.session_sync(use_rust=use_rust) as session:
        session.push(1)
        assert next(iter(session)) == 1
        text = session.get_metrics_json()
        assert text is not None
        assert json.loads(text)["node_metrics"][0]["execution_count"] == 1
    text = session.get_metrics_json()
    assert text is not None
    assert json.loads(text) == session.get_metrics() == measured(pipeline)
