"""Failures of users' nodes under a policy: retry, circuit breaker, timeout and skipping.

Each test runs as the environment has it, in a session of native nodes where they load, and with
every node in Python.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from policy_runs import AT_ONCE, around, counts_of, failure_of, metrics_of
from remotemedia import (
    CircuitOpenError,
    ConfigurationError,
    ManifestError,
    Node,
    NodeError,
    Pipeline,
)
from remotemedia._packet import Packet
from remotemedia._policy import BreakerPolicy, NodePolicy, NodeQueue, RetryPolicy
from remotemedia._reliable_executor import CircuitBreaker, Reliability, Surroundings, make_reliable
from remotemedia.exceptions import is_transient
from remotemedia.nodes import MultiplyNode, PassThroughNode


class Step(Node):
    """Asks a function what to do with an item."""

    is_repeatable = True

    def __init__(self, function: Callable[[Any], Any] = lambda data: data, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.function = function
        self.calls = 0

    def process(self, data: Any) -> Any:
        self.calls += 1
        return self.function(data)


class Stateful(Node):
    """Does not say that it may be repeated."""

    def process(self, data: Any) -> Any:
        return data


def fails(times: int, error: Exception | None = None) -> Callable[[Any], Any]:
    """Fail so many times, then pass items on."""
    left = times

    def function(data: Any) -> Any:
        nonlocal left
        left -= 1
        if left >= 0:
            raise error or ConnectionError("peer has gone")
        return data

    return function


# --- retry


def test_a_transient_failure_is_repeated(use_rust: bool) -> None:
    pipeline = around(Step(fails(3), retry=AT_ONCE))
    assert pipeline.run_sync(["x", "y"], use_rust=use_rust) == ["x", "y"]
    assert counts_of(pipeline) == [2, 2, 0, 3, 0]


def test_an_exhausted_retry_says_so_and_shows_the_users_line(use_rust: bool) -> None:
    step = Step(fails(100), retry=AT_ONCE)
    error = failure_of(around(step), ["x"], use_rust)
    assert step.calls == 4
    assert str(error) == (
        "Execution error: node 'Step_1' (Step) failed in process: "
        "Retry exhausted after 4 attempts: ConnectionError: peer has gone"
    )
    assert (error.attempt, error.node_id, error.node_type) == (4, "Step_1", "Step")
    assert error.stage == "process"
    assert isinstance(error.__cause__, ConnectionError)
    assert 'raise error or ConnectionError("peer has gone")' in "".join(
        traceback.format_exception(error)
    )


@pytest.mark.parametrize("error", [ValueError("no"), TypeError("no"), ConfigurationError("no")])
def test_other_errors_fail_at_once(error: Exception, use_rust: bool) -> None:
    step = Step(fails(100, error), retry=AT_ONCE)
    caught = failure_of(around(step), ["x"], use_rust)
    assert (step.calls, caught.attempt) == (1, 1)
    assert "Retry" not in str(caught)


def test_what_is_transient() -> None:
    class BusyError(Exception):
        transient = True

    class RemoteError(Exception):
        retryable = True

    for error in (OSError(), TimeoutError(), asyncio.TimeoutError(), BusyError(), RemoteError()):
        assert is_transient(error)
    wrong = (ValueError(), TypeError(), ManifestError(), ConfigurationError(), RuntimeError())
    for error in (*wrong, asyncio.CancelledError(), KeyboardInterrupt(), CircuitOpenError()):
        assert not is_transient(error)


def test_a_failed_attempt_leaves_nothing_behind(use_rust: bool) -> None:
    gate = fails(2)

    def function(data: Any) -> Any:
        yield from range(100)
        gate(data)

    pipeline = around(Step(function, retry=AT_ONCE))
    assert pipeline.run_sync(["x"], use_rust=use_rust) == list(range(100))


def test_cancelling_a_run_ends_the_wait_before_a_retry(use_rust: bool) -> None:
    async def main() -> None:
        called = asyncio.Event()
        loop = asyncio.get_running_loop()

        def function(data: Any) -> Any:
            loop.call_soon_threadsafe(called.set)
            raise ConnectionError("peer has gone")

        hour = {"initial_delay_ms": 3_600_000, "max_delay_ms": 3_600_000}
        pipeline = around(Step(function, retry=hour))
        task = asyncio.create_task(pipeline.run(["x"], use_rust=use_rust))
        await called.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_a_builtin_node_takes_a_policy(use_rust: bool) -> None:
    node = MultiplyNode(factor=2, retry=True, on_error="skip", circuit_breaker=True)
    pipeline = Pipeline([node], enable_metrics=True)
    assert pipeline.run_sync([1, {"a": object()}, 3], use_rust=use_rust) == [2, 6]
    metrics = pipeline.get_metrics()
    assert metrics is not None
    (entry,) = metrics["node_metrics"]
    assert (entry["drop_count"], entry["error_count"], entry["success_count"]) == (1, 1, 2)
    assert entry["breaker_state"] == "closed"


# --- skipping and the breaker


def only_even(data: Any) -> Any:
    if data % 2:
        raise ValueError("odd")
    return data


def test_a_skipped_item_is_counted_and_the_stream_goes_on(
    use_rust: bool, caplog: pytest.LogCaptureFixture
) -> None:
    pipeline = around(Step(only_even, on_error="skip"))
    with caplog.at_level(logging.WARNING, "remotemedia"):
        assert pipeline.run_sync(list(range(6)), use_rust=use_rust) == [0, 2, 4]
    assert counts_of(pipeline) == [6, 3, 3, 0, 3]
    assert metrics_of(pipeline)["success_rate"] == 0.5
    assert "breaker_state" not in metrics_of(pipeline)
    (line,) = [r.getMessage() for r in caplog.records if "is dropped" in r.getMessage()]
    assert line.startswith("node 'Step_1' (Step) failed in process; the packet is dropped")
    assert "ValueError: odd" in line


def test_results_before_a_failure_are_reported_also_after_skips(use_rust: bool) -> None:
    last = Step(lambda data: 1 // (data != 8) and data)
    pipeline = Pipeline([PassThroughNode(), Step(only_even, on_error="skip"), last])
    error = failure_of(pipeline, list(range(10)), use_rust)
    assert isinstance(error.__cause__, ZeroDivisionError)
    assert error.partial_results == [0, 2, 4, 6]


def test_a_node_that_always_fails_is_no_end_of_the_stream(use_rust: bool) -> None:
    async def main() -> list[Any]:
        pipeline = around(Step(fails(10, ValueError("no")), on_error="skip"))
        async with pipeline.session(use_rust=use_rust) as session:
            for number in range(12):
                await session.push(number)
            await session.finish()
            return [item async for item in session]

    assert asyncio.run(main()) == [10, 11]


def test_an_open_breaker_stops_the_calls(use_rust: bool, caplog: pytest.LogCaptureFixture) -> None:
    step = Step(fails(100), circuit_breaker=True, on_error="skip")
    pipeline = around(step)
    with caplog.at_level(logging.WARNING, "remotemedia"):
        assert pipeline.run_sync(list(range(50)), use_rust=use_rust) is None
    assert step.calls == 5
    assert counts_of(pipeline) == [50, 0, 50, 0, 50]
    assert metrics_of(pipeline)["breaker_state"] == "open"
    assert (
        "Circuit breaker is open for node 'Step_1' - too many consecutive failures" in caplog.text
    )


def test_a_breaker_recovers_alone(use_rust: bool) -> None:
    reset_at_once = {"failure_threshold": 2, "reset_timeout_ms": 0}
    pipeline = around(Step(fails(4), circuit_breaker=reset_at_once, on_error="skip"))
    assert pipeline.run_sync(list(range(6)), use_rust=use_rust) == [4, 5]
    assert metrics_of(pipeline)["breaker_state"] == "closed"


def test_the_breaker_on_simulated_time() -> None:
    breaker = CircuitBreaker(BreakerPolicy(failure_threshold=3, reset_timeout_ms=1_000))
    assert [breaker.fail(0) for _ in range(3)] == [False, False, True]
    assert not breaker.allows(999_999_999)
    assert breaker.allows(1_000_000_000)
    assert breaker.state == "half_open"
    assert breaker.fail(1_200_000_000)
    assert not breaker.allows(2_199_999_999)
    assert breaker.allows(2_200_000_000)
    breaker.succeed()
    assert breaker.state == "closed"
    assert not breaker.fail(0)


class Failing:
    """An executor whose calls all fail."""

    def initialize(self, context: Any) -> None: ...

    def process(self, packet: Packet, emit: Any) -> None:
        raise ConnectionError("peer has gone")

    def flush(self, emit: Any) -> None: ...

    def cleanup(self) -> None: ...


def reliable(policy: NodePolicy, waits: list[float], random_number: float = 0.0) -> Any:
    around_it = Surroundings(
        lambda: 0, lambda s: waits.append(s) is None, lambda: False, lambda: random_number
    )
    return make_reliable(Failing(), policy, around_it, Reliability())


def test_waits_double_up_to_their_cap() -> None:
    waits: list[float] = []
    with pytest.raises(ConnectionError):
        reliable(NodePolicy(retry=RetryPolicy(max_retries=4)), waits).process(Packet(), None)
    assert waits == [0.1, 0.2, 0.4, 0.4]


def test_jitter_takes_from_a_half_to_the_whole() -> None:
    for number, first in ((0.0, 0.05), (0.5, 0.075)):
        waits: list[float] = []
        policy = NodePolicy(retry=RetryPolicy(max_retries=1, jitter=True))
        with pytest.raises(ConnectionError):
            reliable(policy, waits, number).process(Packet(), None)
        assert waits == [first]


def test_an_open_breaker_is_an_error_where_errors_are_not_skipped() -> None:
    executor = reliable(NodePolicy(circuit_breaker=BreakerPolicy(failure_threshold=1)), [])
    with pytest.raises(ConnectionError):
        executor.process(Packet(), None)
    with pytest.raises(CircuitOpenError, match="Circuit breaker is open for node") as caught:
        executor.process(Packet(), None)
    assert caught.value.code == "RM3100"


# --- arguments and manifests


def test_a_node_that_keeps_state_is_not_repeated() -> None:
    with pytest.raises(ManifestError, match="'retry' needs a node type that may be called twice"):
        Pipeline([Stateful(retry=True)]).run_sync(1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"retry": 3}, "'retry' is 3, expected true or an object"),
        ({"retry": {"max_retris": 3}}, "in retry; did you mean 'max_retries'?"),
        ({"circuit_breaker": {"failure_threshold": 0}}, "'failure_threshold' is 0, expected"),
        ({"timeout_ms": 0}, "'timeout_ms' is 0, expected a whole number in 1..86400000"),
        ({"on_error": "ignore"}, "expected one of fail, skip"),
        ({"queue": 3}, "queue must be an object, not 3"),
        ({"queue": {"capacity": 0}}, "'capacity' is 0, expected a whole number in 1..1000000"),
        ({"queue": {"policy": "lose"}}, "expected one of block, drop_oldest, coalesce"),
    ],
)
def test_wrong_arguments_are_told_at_once(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match="Stateful: ") as caught:
        Stateful(**arguments)
    assert message in str(caught.value)


def test_a_policy_is_no_configuration_and_survives_the_text_form() -> None:
    node = Stateful(
        circuit_breaker={"failure_threshold": 2},
        timeout_ms=5,
        on_error="skip",
        queue={"capacity": 8},
        color="red",
    )
    assert node.config == {"color": "red"}
    again = Pipeline.from_manifest(Pipeline([node]).serialize()).nodes[0]
    assert again._policy == NodePolicy(None, BreakerPolicy(2), 5, "skip", NodeQueue(8))
    assert again.to_manifest()["on_error"] == "skip"
    definition = Pipeline([node]).export_definition()
    assert asyncio.run(Pipeline.from_definition(definition)).nodes[0]._policy == again._policy


class Own(Node):
    """Has a parameter of its own with the name of a policy's field."""

    def __init__(self, timeout_ms: int = 7) -> None:
        super().__init__()
        self.timeout_ms = timeout_ms

    def process(self, data: Any) -> Any:
        return data + self.timeout_ms


def test_a_class_may_use_the_names_itself() -> None:
    pipeline = Pipeline.from_manifest(Pipeline([Own(timeout_ms=3)]).serialize())
    assert pipeline.run_sync(1) == 4


def test_the_second_dialects_config_reaches_the_nodes_that_it_suits() -> None:
    pipeline = Pipeline.from_manifest(
        {
            "version": "1.0",
            "nodes": [
                {"id": "a", "type": "MultiplyNode"},
                {"id": "b", "type": "AudioResampleNode"},
            ],
            "config": {"max_retries": 7, "circuit_breaker_threshold": 2},
        }
    )
    assert [node._policy for node in pipeline.nodes] == [
        NodePolicy(RetryPolicy(max_retries=7), BreakerPolicy(2)),
        NodePolicy(None, BreakerPolicy(2)),
    ]


# --- both runtimes, and many items


# What a metric begins with that is no count of calls.
TIMED: Final = ("runtime", "duration")


def outcome(seed: int, use_rust: bool) -> Any:
    """Run random nodes that fail at random; the choices follow from the seed alone."""
    dice = random.Random(seed)

    def function(rng: random.Random) -> Callable[[Any], Any]:
        share = rng.random() * 0.5
        kinds = [ConnectionError("gone"), ValueError("no")]

        def step(data: Any) -> Any:
            if rng.random() < share:
                raise rng.choice(kinds)
            return data + 1

        return step

    nodes: list[Node] = [PassThroughNode()]
    for _ in range(dice.randint(1, 3)):
        policy: dict[str, Any] = {"on_error": dice.choice(["fail", "skip", "skip"])}
        if dice.random() < 0.7:
            policy["retry"] = {"max_retries": dice.randint(0, 3), **AT_ONCE}
        if dice.random() < 0.7:
            policy["circuit_breaker"] = {
                "failure_threshold": dice.randint(1, 4),
                "reset_timeout_ms": dice.choice([0, 3_600_000]),
            }
        nodes.append(Step(function(random.Random(dice.random())), **policy))
    pipeline = Pipeline(nodes, name="random", enable_metrics=True)
    try:
        result = pipeline.run_sync(list(range(30)), use_rust=use_rust)
    except NodeError as error:
        result = (str(error), error.attempt, error.partial_results)
    metrics = pipeline.get_metrics()
    assert metrics is not None
    told = [
        {k: v for k, v in n.items() if not k.endswith("_us") and not k.startswith(TIMED)}
        for n in metrics["node_metrics"]
    ]
    return result, told


@pytest.mark.native_only
def test_both_runtimes_treat_random_failures_alike() -> None:
    outcomes = [outcome(seed, True) for seed in range(200)]
    assert outcomes == [outcome(seed, False) for seed in range(200)]
    failed = sum(isinstance(result, tuple) for result, _ in outcomes)
    assert 20 < failed < 180


def test_a_thousand_items_recover_from_transient_failures(use_rust: bool) -> None:
    dice = random.Random(7)

    def function(data: Any) -> Any:
        if dice.random() < 0.05:
            raise ConnectionError("peer has gone")
        return data

    pipeline = around(Step(function, retry=AT_ONCE))
    assert pipeline.run_sync(list(range(1_000)), use_rust=use_rust) == list(range(1_000))
    assert metrics_of(pipeline)["retry_count"] > 20
    assert metrics_of(pipeline)["error_count"] == 0


def test_the_example_of_the_page_prints_what_it_shows() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text(encoding="utf-8")
    shown = re.compile(r"^```python\n(.*?)^```\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    ((code, printed),) = shown.findall(page)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout == printed, done.stderr
