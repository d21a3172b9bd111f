"""Runs a node with a policy between two others, and tells how it went."""

from __future__ import annotations

from typing import Any

import pytest

from remotemedia import Node, NodeError, Pipeline
from remotemedia.nodes import PassThroughNode

AT_ONCE = {"initial_delay_ms": 0, "max_delay_ms": 0}


def around(node: Node) -> Pipeline:
    """The node between two that run native where they can."""
    return Pipeline(
        [PassThroughNode(name="in"), node, PassThroughNode(name="out")], enable_metrics=True
    )


def metrics_of(pipeline: Pipeline) -> dict[str, Any]:
    metrics = pipeline.get_metrics()
    assert metrics is not None
    entry: dict[str, Any] = metrics["node_metrics"][1]
    return entry


def counts_of(pipeline: Pipeline) -> list[int]:
    names = ("execution_count", "success_count", "error_count", "retry_count", "drop_count")
    return [metrics_of(pipeline)[name] for name in names]


def failure_of(pipeline: Pipeline, data: Any, use_rust: bool) -> NodeError:
    with pytest.raises(NodeError) as caught:
        pipeline.run_sync(data, use_rust=use_rust)
    return caught.value
