"""Runs after the first one: the graph is kept while nothing changes, short items need no thread."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from remotemedia import Node, NodeError, Pipeline
from remotemedia._worker import Worker
from remotemedia.nodes import AddNode, AudioResampleNode, MultiplyNode, PassThroughNode

SHORT = (np.zeros(320, np.float32), 16_000)
LONG = (np.zeros(1 << 16, np.float32), 16_000)
LONGER = (np.zeros((1 << 20) + 1, np.float32), 16_000)


class Python(Node):
    def process(self, data: Any) -> Any:
        return data


@pytest.fixture
def calls_on_threads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What workers were asked to call."""
    calls: list[str] = []
    submit = Worker.submit

    def noting(worker: Worker, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        calls.append(repr(call))
        return submit(worker, call, *args, **kwargs)

    monkeypatch.setattr(Worker, "submit", noting)
    return calls


@pytest.mark.native_only
@pytest.mark.parametrize(
    ("make_nodes", "item", "is_here_in_loop", "is_here"),
    [
        (lambda: [PassThroughNode()], SHORT, True, True),
        (lambda: [PassThroughNode()], LONG, False, True),
        (lambda: [PassThroughNode()], LONGER, False, False),
        (lambda: [PassThroughNode()], 1, True, True),
        (lambda: [PassThroughNode()], "text", True, True),
        (lambda: [PassThroughNode()], [1], False, False),
        (lambda: [PassThroughNode()], {"any": "object"}, False, False),
        (lambda: [Python()], SHORT, False, False),
        (lambda: [Python()], LONG, False, False),
        (lambda: [PassThroughNode(), Python()], SHORT, False, False),
        (lambda: [PassThroughNode(retry=True)], SHORT, False, False),
    ],
)
def test_short_items_of_native_nodes_need_no_thread(
    make_nodes: Callable[[], list[Node]],
    item: Any,
    is_here_in_loop: bool,
    is_here: bool,
    calls_on_threads: list[str],
) -> None:
    pipeline = Pipeline(make_nodes())
    asyncio.run(pipeline.run(item))
    assert calls_on_threads, "the first run makes filters and reads models"
    calls_on_threads.clear()
    asyncio.run(pipeline.run(item))
    assert bool(calls_on_threads) is not is_here_in_loop
    calls_on_threads.clear()
    pipeline.run_sync(item)
    assert bool(calls_on_threads) is not is_here


def test_others_have_a_turn_between_runs() -> None:
    pipeline = Pipeline([PassThroughNode()])
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def run_often() -> None:
        await pipeline.run(1)
        counting = asyncio.create_task(count())
        for _ in range(5):
            await pipeline.run(1)
        counting.cancel()

    asyncio.run(run_often())
    assert turns >= 5


def change_number(pipeline: Pipeline) -> None:
    pipeline.nodes[0].addend = 7  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda pipeline: None, 3),
        (change_number, 9),
        (lambda pipeline: pipeline.add_node(MultiplyNode(10)), 30),
        (lambda pipeline: pipeline.add_node(AddNode(1)).remove_node("AddNode"), 3),
    ],
)
def test_what_has_changed_since_the_last_run_counts(
    change: Callable[[Pipeline], object], expected: int
) -> None:
    pipeline = Pipeline([AddNode(1)])
    for _ in range(3):
        assert pipeline.run_sync(2) == 3
    change(pipeline)
    for _ in range(2):
        assert pipeline.run_sync(2) == expected


@pytest.mark.native_only
def test_the_runtime_is_decided_in_each_run(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = Pipeline([AudioResampleNode(8_000)], enable_metrics=True)

    def runtime_of_run(**options: Any) -> str:
        pipeline.run_sync(SHORT, **options)
        metrics = pipeline.get_metrics()
        assert metrics is not None
        return str(metrics["node_metrics"][0]["runtime"])

    assert runtime_of_run() == "native"
    assert runtime_of_run(use_rust=False) == "python"
    assert runtime_of_run() == "native"
    monkeypatch.setenv("REMOTEMEDIA_RUNTIME", "python")
    assert runtime_of_run() == "python"
    monkeypatch.delenv("REMOTEMEDIA_RUNTIME")
    pipeline.nodes[0].runtime_hint = "python"
    assert runtime_of_run() == "python"


def test_the_log_names_the_runtime_in_each_run(caplog: pytest.LogCaptureFixture) -> None:
    pipeline = Pipeline([PassThroughNode()])
    with caplog.at_level(logging.INFO, logger="remotemedia"):
        for _ in range(3):
            pipeline.run_sync(1)
    lines = [line for line in caplog.messages if line.startswith("node 'PassThroughNode_0'")]
    assert len(lines) == 3


@pytest.mark.native_only
def test_a_failure_on_the_callers_thread_is_told_as_on_another() -> None:
    pipeline = Pipeline([AddNode(1)], enable_metrics=True)
    told = []
    for _ in range(2):
        with pytest.raises(NodeError) as failure:
            pipeline.run_sync("no number")
        told.append(str(failure.value))
        metrics = pipeline.get_metrics()
        assert metrics is not None
        assert metrics["node_metrics"][0]["error_count"] == 1
    assert told[0] == told[1]


@pytest.mark.native_only
def test_a_run_leaves_nothing_that_waits_for_the_collector() -> None:
    pipeline = Pipeline([PassThroughNode()], enable_metrics=True)
    pipeline.run_sync(SHORT)
    gc.collect()
    gc.disable()
    try:
        samples = np.zeros(320, np.float32)
        alive = weakref.ref(samples)
        pipeline.run_sync((samples, 16_000))
        del samples
        assert alive() is None
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_each_run_finds_fresh_nodes() -> None:
    pipeline = Pipeline([AudioResampleNode(8_000)])
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, 320).astype(np.float32)
    first, second, third = (pipeline.run_sync((noise, 16_000))[0] for _ in range(3))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, third)
