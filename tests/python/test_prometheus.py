"""Metrics as Prometheus reads them, by its own parser and the rules of its linter."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from cli_program import SPEECH, json_of, talk, write_wav
from remotemedia import ItemTypeError, Node, NodeError, Pipeline, __version__
from remotemedia import metrics as metrics_module
from remotemedia.metrics import to_prometheus
from remotemedia.nodes import AddNode, AudioResampleNode, VADNode
from signals import tone

CALL = 'a "call"\n\\ here'


def families(text: str) -> dict[str, Metric]:
    found = list(text_string_to_metric_families(text))
    by_name = {family.name: family for family in found}
    assert len(by_name) == len(found)
    return by_name


def lint(text: str) -> None:
    """What ``promtool check metrics`` complains about, and what the format requires."""
    assert text.endswith("\n")
    for family in families(text).values():
        assert re.fullmatch("remotemedia(_[a-z]+)+", family.name)
        assert family.documentation
        assert family.type in {"counter", "gauge", "histogram"}
        assert not re.search("_(ms|us|mb|kb|minutes|hours|milliseconds|microseconds)", family.name)
        assert not re.search("_(count|sum|bucket|total|gauge|counter|histogram)$", family.name)
        assert family.samples
        labels = {frozenset(sample.labels.items()) for sample in family.samples}
        if family.type != "histogram":
            assert len(labels) == len(family.samples)
        if family.type == "counter":
            assert f"# TYPE {family.name}_total counter\n" in text
        if family.type == "histogram":
            check_histogram(family)


def check_histogram(family: Metric) -> None:
    assert family.name.endswith("_seconds")
    series: dict[str, list[tuple[float, float]]] = {}
    ends: dict[tuple[str, str], float] = {}
    for sample in family.samples:
        node = sample.labels["node"]
        if sample.name.endswith("_bucket"):
            series.setdefault(node, []).append((float(sample.labels["le"]), sample.value))
        else:
            ends[node, sample.name.removeprefix(family.name)] = sample.value
    for node, buckets in series.items():
        assert buckets == sorted(buckets)
        counts = [count for _, count in buckets]
        assert counts == sorted(counts)
        assert (buckets[0][0], buckets[-2][0], buckets[-1][0]) == (50e-6, 2.5, float("inf"))
        assert counts[-1] == ends[node, "_count"]
        assert ends[node, "_sum"] > 0


def measured(pipeline: Pipeline) -> dict[str, Any]:
    metrics = pipeline.get_metrics()
    assert metrics is not None
    return metrics


def test_it_is_what_prometheus_reads_and_passes_its_linter(use_rust: bool) -> None:
    pipeline = Pipeline([AudioResampleNode(), VADNode()], name=CALL, enable_metrics=True)
    pipeline.run_sync([(tone(), 48_000)] * 5, use_rust=use_rust)
    metrics = measured(pipeline)
    text = to_prometheus(metrics)
    lint(text)
    found = families(text)
    assert set(found) == {
        "remotemedia_build_info",
        "remotemedia_pipeline_executions",
        "remotemedia_pipeline_seconds",
        "remotemedia_metrics_overhead_seconds",
        "remotemedia_process_peak_memory_bytes",
        "remotemedia_node_info",
        "remotemedia_packets",
        "remotemedia_node_process_seconds",
        "remotemedia_node_allocated_bytes",
        "remotemedia_node_peak_memory_bytes",
    }
    executions = found["remotemedia_pipeline_executions"].samples[0]
    assert (executions.labels, executions.value) == ({"pipeline": CALL}, 5)
    assert found["remotemedia_build_info"].samples[0].labels == {"version": __version__}
    seconds = found["remotemedia_pipeline_seconds"].samples[0].value
    assert seconds == pytest.approx(metrics["total_duration_us"] / 1e6)
    info = found["remotemedia_node_info"].samples
    assert [sample.labels["type"] for sample in info] == ["AudioResampleNode", "VADNode"]
    assert {s.labels["runtime"] for s in info} == {n["runtime"] for n in metrics["node_metrics"]}
    taken = found["remotemedia_node_allocated_bytes"].samples
    assert [s.value for s in taken] == [n["allocated_bytes"] for n in metrics["node_metrics"]]


def test_failed_packets_have_a_label_of_their_own(use_rust: bool) -> None:
    class Picky(Node):
        def process(self, data: Any) -> Any:
            if data > 2:
                raise ValueError("too large")
            return data

    pipeline = Pipeline([AddNode(addend=0), Picky(name="picky")], enable_metrics=True)
    with pytest.raises(NodeError):
        pipeline.run_sync([1, 2, 3], use_rust=use_rust)
    text = to_prometheus(measured(pipeline))
    samples = families(text)["remotemedia_packets"].samples
    node = measured(pipeline)["node_metrics"][1]["node_id"]
    assert {s.labels["result"]: s.value for s in samples if s.labels["node"] == node} == {
        "success": 2,
        "error": 1,
    }


def test_queues_are_shown_where_there_are_any() -> None:
    pipeline = Pipeline([AddNode()], name="q", enable_metrics=True)
    pipeline.run_sync(1)
    metrics = measured(pipeline)
    assert "queue" not in to_prometheus(metrics)
    metrics["node_metrics"][0].update(
        queue_depth=4,
        queue_wait_avg_us=2_000.0,
        queue_wait_max_us=3_000.0,
        queue_wait_p99_us=3_000.0,
        queue_wait_bucket_counts=[0] * 5 + [2] + [0] * 10,
    )
    text = to_prometheus(metrics)
    lint(text)
    assert families(text)["remotemedia_queue_depth"].samples[0].value == 4
    ends = {s.name: s.value for s in families(text)["remotemedia_node_queue_seconds"].samples}
    assert ends["remotemedia_node_queue_seconds_sum"] == pytest.approx(0.004)


@pytest.mark.parametrize("wrong", [None, {}, "text", [1]])
def test_what_is_no_metrics_is_refused(wrong: Any) -> None:
    with pytest.raises(ItemTypeError, match="enable_metrics=True"):
        to_prometheus(wrong)


def test_the_module_is_an_attribute_of_the_package() -> None:
    import remotemedia

    assert remotemedia.metrics is metrics_module


# --- the program


def without_values(text: str) -> list[str]:
    return [line if line.startswith("#") else line.rsplit(" ", 1)[0] for line in text.splitlines()]


@pytest.mark.native_only
@pytest.mark.parametrize("ending", [".prom", ".txt"])
def test_the_program_writes_the_same_text(tmp_path: Path, ending: str) -> None:
    recording = write_wav(tmp_path / "talk.wav", talk(), 16_000)
    path = tmp_path / f"metrics{ending}"
    result = json_of("run", SPEECH, "-i", recording, "--metrics", path)
    assert result["metrics_file"] == str(path)
    text = path.read_text(encoding="utf-8")
    lint(text)
    ours = to_prometheus(result["metrics"])
    assert without_values(text) == without_values(ours)
    for mine, other in zip(families(text).values(), families(ours).values(), strict=True):
        for sample, twin in zip(mine.samples, other.samples, strict=True):
            assert sample.value == pytest.approx(twin.value, rel=1e-9), sample.name
