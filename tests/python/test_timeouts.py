"""`timeout_ms`: a node that is too slow is an error in time, and what comes after it goes on."""

from __future__ import annotations

import asyncio
import os
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from isolated_nodes import Hanging
from node_runs import Run
from policy_runs import AT_ONCE, around, counts_of, failure_of
from processes import wait_for_ends
from remotemedia import Node, NodeTimeoutError, WorkerError
from remotemedia._bounded_calls import BoundedCalls
from remotemedia._coroutines import LateError


class Slow(Node):
    """Waits for something that never comes, unless the item says otherwise."""

    is_repeatable = True

    async def process(self, data: Any) -> Any:
        if data == "slow":
            await asyncio.Event().wait()  # the user's line
        return data


class SlowStream(Node):
    """Gives a first value, then none."""

    async def process(self, data: Any) -> AsyncIterator[Any]:
        yield data
        await asyncio.Event().wait()


class Stuck(Node):
    """Hangs in a plain function for the item "slow", until `go_on`."""

    is_repeatable = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hangs = threading.Event()
        self.go_on = threading.Event()
        self.ended = threading.Event()
        self.was_cleaned_up = threading.Event()
        self.present: set[int] = set()
        self.failure: Exception | None = None

    def process(self, data: Any) -> Any:
        assert not self.present, "two calls at once"
        self.present.add(threading.get_ident())
        try:
            if data == "slow":
                self.hangs.set()
                self.go_on.wait()
                self.ended.set()
                if self.failure is not None:
                    raise self.failure
            return data
        finally:
            self.present.clear()

    def cleanup(self) -> None:
        assert not self.present, "cleaned up in the midst of a call"
        self.was_cleaned_up.set()


class StuckGenerator(Stuck):
    def process(self, data: Any) -> Iterator[Any]:
        yield data
        yield super().process(data)


class StuckFlush(Stuck):
    def flush(self) -> Any:
        return self.process("slow")


@pytest.fixture
def stuck() -> Iterator[Callable[..., Stuck]]:
    made: list[Stuck] = []

    def make(of: type[Stuck] = Stuck, **kwargs: Any) -> Stuck:
        made.append(of(**kwargs))
        return made[-1]

    yield make
    for node in made:
        node.go_on.set()


# --- coroutines


def test_a_coroutine_is_cancelled_after_its_time(use_rust: bool) -> None:
    error = failure_of(around(Slow(timeout_ms=20)), ["x", "slow"], use_rust)
    assert isinstance(error, NodeTimeoutError)
    assert isinstance(error, TimeoutError)
    assert "Timeout: Node 'Slow_1' exceeded timeout of 20 ms" in str(error)
    assert (error.node_id, error.stage, error.code) == ("Slow_1", "process", "RM3200")
    assert error.partial_results == ["x"]
    assert "await asyncio.Event().wait()  # the user's line" in "".join(
        traceback.format_exception(error)
    )


def test_the_time_counts_per_value_of_a_generator(use_rust: bool) -> None:
    error = failure_of(around(SlowStream(timeout_ms=20)), ["x"], use_rust)
    assert isinstance(error, NodeTimeoutError)
    assert "exceeded timeout of 20 ms" in str(error)


def test_a_timeout_is_transient(use_rust: bool) -> None:
    node = Slow(timeout_ms=10, retry={"max_retries": 2, **AT_ONCE}, on_error="skip")
    pipeline = around(node)
    assert pipeline.run_sync(["slow", "x"], use_rust=use_rust) == "x"
    assert counts_of(pipeline) == [2, 1, 1, 2, 1]


def test_without_a_timeout_nothing_changes(use_rust: bool) -> None:
    assert around(Slow()).run_sync(["x"], use_rust=use_rust) == "x"


# --- plain functions


def test_a_plain_function_is_left_behind_after_its_time(
    stuck: Callable[..., Stuck], use_rust: bool
) -> None:
    node = stuck(timeout_ms=300)
    error = failure_of(around(node), ["x", "slow"], use_rust)
    assert isinstance(error, NodeTimeoutError)
    assert "Timeout: Node 'Stuck_1' exceeded timeout of 300 ms" in str(error)
    assert (error.node_id, error.stage, error.code) == ("Stuck_1", "process", "RM3200")
    assert error.partial_results == ["x"]
    assert node.hangs.is_set()
    assert not node.ended.is_set()


@pytest.mark.parametrize("of", [StuckGenerator, StuckFlush])
def test_so_is_the_next_value_of_a_generator_and_a_flush(
    stuck: Callable[..., Stuck], of: type[Stuck], use_rust: bool
) -> None:
    node = stuck(of, timeout_ms=300)
    error = failure_of(around(node), ["slow" if of is StuckGenerator else "x"], use_rust)
    assert isinstance(error, NodeTimeoutError)
    assert error.stage == ("process" if of is StuckGenerator else "flush")


def test_cleanup_waits_for_the_call_that_was_left_behind(
    stuck: Callable[..., Stuck], use_rust: bool, caplog: pytest.LogCaptureFixture
) -> None:
    node = stuck(timeout_ms=300)
    failure_of(around(node), ["slow"], use_rust)
    assert not node.was_cleaned_up.is_set()
    assert "is still in a call that exceeded its time" in caplog.text
    node.go_on.set()
    assert node.was_cleaned_up.wait(60)
    assert node.ended.is_set()


def test_items_are_dropped_while_the_call_goes_on(
    stuck: Callable[..., Stuck], use_rust: bool
) -> None:
    pipeline = around(stuck(timeout_ms=300, on_error="skip"))
    assert pipeline.run_sync(["a", "slow", "dropped"], use_rust=use_rust) == "a"
    assert counts_of(pipeline) == [3, 1, 2, 0, 2]


def test_items_are_taken_again_once_the_call_has_ended(stuck: Callable[..., Stuck]) -> None:
    node = stuck(timeout_ms=300)
    run = Run(node)
    for item in ("slow", "while it hangs"):
        with pytest.raises(NodeTimeoutError):
            run.push(item)
    node.go_on.set()
    run.executor._bounded._late.result()  # type: ignore[attr-defined]
    assert [packet.payload for packet in run.push("x")] == ["x"]


def test_a_retry_succeeds_once_the_call_has_ended(
    stuck: Callable[..., Stuck], use_rust: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = stuck(timeout_ms=300, retry=AT_ONCE)
    run = BoundedCalls.run

    def run_and_end(calls: BoundedCalls, call: Any, *args: Any) -> Any:
        try:
            return run(calls, call, *args)
        except LateError:
            node.go_on.set()
            assert calls._late is not None
            calls._late.result()
            raise

    monkeypatch.setattr(BoundedCalls, "run", run_and_end)
    pipeline = around(node)
    assert pipeline.run_sync(["slow"], use_rust=use_rust) == "slow"
    assert counts_of(pipeline) == [1, 1, 0, 1, 0]


def test_what_the_call_raises_later_is_told(
    stuck: Callable[..., Stuck], use_rust: bool, caplog: pytest.LogCaptureFixture
) -> None:
    node = stuck(timeout_ms=300)
    node.failure = ValueError("too late")
    failure_of(around(node), ["slow"], use_rust)
    node.go_on.set()
    assert node.was_cleaned_up.wait(60)
    assert "the call that exceeded its time has failed" in caplog.text
    assert "ValueError: too late" in caplog.text


def test_a_call_in_time_has_the_session_and_the_errors_of_any_other(use_rust: bool) -> None:
    class Named(Node):
        def process(self, data: Any) -> Any:
            if data == "bad":
                raise ValueError("not this one")
            return self.get_session_id()

    plain = around(Named(name="n"))
    bounded = around(Named(name="n", timeout_ms=60_000))
    for pipeline in (plain, bounded):
        error = failure_of(pipeline, ["x", "bad"], use_rust)
        assert isinstance(error.__cause__, ValueError)
        assert len(error.partial_results) == 1
        assert isinstance(error.partial_results[0], str)


# --- isolated nodes


def test_an_isolated_node_that_hangs_is_ended_and_started_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fifo = str(tmp_path / "fifo")
    os.mkfifo(fifo)  # without a reader nobody gets past it
    node = Hanging("process", fifo, timeout_ms=300)
    node.isolate = {"restart": "on_failure"}
    run = Run(node)
    first = run.push("x")[0].payload
    with pytest.raises(NodeTimeoutError, match="exceeded timeout of 300 ms"):
        run.push("hang")
    wait_for_ends([first])
    assert run.push("x")[0].payload != first
    assert "did not answer in time; restart 1 of 3, its state is lost" in caplog.text
    run.finish()


def test_an_isolated_node_that_hangs_in_flush_is_ended(tmp_path: Path) -> None:
    fifo = str(tmp_path / "fifo")
    os.mkfifo(fifo)
    run = Run(Hanging("flush", fifo, timeout_ms=300))
    pid = run.push("x")[0].payload
    with pytest.raises(NodeTimeoutError, match="exceeded timeout of 300 ms") as caught:
        run.finish()
    assert caught.value.stage == "flush"
    wait_for_ends([pid])
    run.executor.cleanup()


def test_an_isolated_node_that_may_not_start_again_fails_from_then_on(tmp_path: Path) -> None:
    fifo = str(tmp_path / "fifo")
    os.mkfifo(fifo)
    node = Hanging("process", fifo, timeout_ms=300)
    node.isolate = {"restart": "never"}
    run = Run(node)
    run.push("x")
    with pytest.raises(NodeTimeoutError):
        run.push("hang")
    with pytest.raises(WorkerError, match=r"did not answer in time, during call 2 of process"):
        run.push("x")
    run.executor.cleanup()
