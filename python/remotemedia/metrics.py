"""Metrics of a run in other forms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from .exceptions import refuse_type

__all__ = ["to_prometheus"]

_ESCAPES: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def to_prometheus(metrics: Mapping[str, Any]) -> str:
    """Give what `Pipeline.get_metrics` gave in the text format of Prometheus, version 0.0.4.

    Durations become seconds, memory bytes. ``remotemedia run --metrics FILE.prom`` writes the same.

    Parameters
    ----------
    metrics : dict
        Of `Pipeline.get_metrics` or `PipelineSession.get_metrics`.

    Raises
    ------
    TypeError
        It is no such dict, e.g. the None of a pipeline that did not run.

    Examples
    --------
    >>> from remotemedia import Pipeline
    >>> from remotemedia.nodes import AddNode
    >>> pipeline = Pipeline([AddNode(addend=1)], name="sum", enable_metrics=True)
    >>> pipeline.run_sync([1, 2])
    [2, 3]
    >>> print(to_prometheus(pipeline.get_metrics()).splitlines()[5])
    remotemedia_pipeline_executions_total{pipeline="sum"} 2
    """
    if not isinstance(metrics, Mapping) or "node_metrics" not in metrics:
        refuse_type(
            f"metrics is {metrics!r}, expected the dict of get_metrics()",
            hint="run the pipeline with enable_metrics=True first",
        )
    writer = _Writer(metrics)
    _write_pipeline(writer, metrics)
    _write_nodes(writer, metrics["node_metrics"])
    _write_queues(writer, metrics["node_metrics"])
    return "".join(writer.lines)


class _Writer:
    """Builds the text: of each family a HELP line, a TYPE line and its samples."""

    def __init__(self, metrics: Mapping[str, Any]) -> None:
        self.lines: list[str] = []
        self._pipeline = {"pipeline": metrics["pipeline_id"]}
        self._bounds = [_number(us / 1e6) for us in metrics["duration_bucket_bounds_us"]]
        self._name = ""

    def family(self, name: str, kind: str, help_text: str) -> None:
        self._name = name
        self.lines.append(f"# HELP {name} {help_text}\n# TYPE {name} {kind}\n")

    def sample(self, labels: Mapping[str, str], value: float, suffix: str = "") -> None:
        pairs = ",".join(f'{name}="{text.translate(_ESCAPES)}"' for name, text in labels.items())
        self.lines.append(f"{self._name}{suffix}{{{pairs}}} {_number(value)}\n")

    def of_pipeline(self, value: float) -> None:
        self.sample(self._pipeline, value)

    def of_node(self, node: Mapping[str, Any], value: float, **labels: str) -> None:
        self.sample({**self._labels_of(node), **labels}, value)

    def histogram_of_node(
        self, node: Mapping[str, Any], counts: Iterable[int], total_us: float
    ) -> None:
        labels = self._labels_of(node)
        cumulative = 0
        for bound, count in zip([*self._bounds, "+Inf"], counts, strict=True):
            cumulative += count
            self.sample({**labels, "le": bound}, cumulative, "_bucket")
        self.sample(labels, total_us / 1e6, "_sum")
        self.sample(labels, cumulative, "_count")

    def _labels_of(self, node: Mapping[str, Any]) -> dict[str, str]:
        return {**self._pipeline, "node": node["node_id"]}


def _number(value: float) -> str:
    return repr(value).removesuffix(".0")


def _write_pipeline(out: _Writer, metrics: Mapping[str, Any]) -> None:
    from . import __version__

    out.family("remotemedia_build_info", "gauge", "Version of the library.")
    out.sample({"version": __version__}, 1)
    out.family("remotemedia_pipeline_executions_total", "counter", "Runs, or items pushed.")
    out.of_pipeline(metrics["total_executions"])
    out.family(
        "remotemedia_pipeline_seconds_total",
        "counter",
        "Time inside the session, results taken included.",
    )
    out.of_pipeline(metrics["total_duration_us"] / 1e6)
    out.family(
        "remotemedia_metrics_overhead_seconds_total", "counter", "Time spent reading clocks."
    )
    out.of_pipeline(metrics["metrics_overhead_us"] / 1e6)
    out.family(
        "remotemedia_process_peak_memory_bytes", "gauge", "Most memory that the process has had."
    )
    out.of_pipeline(metrics["peak_memory_bytes"])


def _write_nodes(out: _Writer, nodes: list[Mapping[str, Any]]) -> None:
    out.family("remotemedia_node_info", "gauge", "Type and runtime of each node.")
    for node in nodes:
        out.of_node(node, 1, type=node["node_type"], runtime=node["runtime"])
    out.family("remotemedia_packets_total", "counter", "Packets given to a node, by result.")
    for node in nodes:
        out.of_node(node, node["success_count"], result="success")
        out.of_node(node, node["error_count"], result="error")
    out.family(
        "remotemedia_node_process_seconds",
        "histogram",
        "Time of a node per packet; its flush is in the sum only.",
    )
    for node in nodes:
        out.histogram_of_node(node, node["duration_bucket_counts"], node["total_duration_us"])
    out.family(
        "remotemedia_node_allocated_bytes_total",
        "counter",
        "Bytes of audio buffers that a node took.",
    )
    for node in nodes:
        out.of_node(node, node["allocated_bytes"])
    out.family(
        "remotemedia_node_peak_memory_bytes",
        "gauge",
        "Most bytes of a node's audio buffers that lived at one time.",
    )
    for node in nodes:
        out.of_node(node, node["peak_memory_bytes"])


def _write_queues(out: _Writer, nodes: list[Mapping[str, Any]]) -> None:
    queued = [node for node in nodes if "queue_depth" in node]
    if not queued:
        return
    out.family("remotemedia_node_queue_seconds", "histogram", "Time a packet waited for its node.")
    for node in queued:
        counts = node["queue_wait_bucket_counts"]
        out.histogram_of_node(node, counts, node["queue_wait_avg_us"] * sum(counts))
    out.family("remotemedia_queue_depth", "gauge", "Packets left in the queue of a node.")
    for node in queued:
        out.of_node(node, node["queue_depth"])
