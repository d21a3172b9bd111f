"""Python nodes in a native session: they run beside all others, and hold up nobody before them."""

from __future__ import annotations

import asyncio
import builtins
import pickle
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from remotemedia import ConfigurationError, Node, NodeError, NodeErrors, Pipeline, PipelineError
from remotemedia.nodes import PassThroughNode

pytestmark = pytest.mark.native_only


def run(main: Callable[[], Awaitable[Any]]) -> Any:
    """A test that hangs fails."""
    return asyncio.run(asyncio.wait_for(main(), 60))


class Gate(Node):
    """Holds each item until it is let through."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.entered, self.opened = threading.Semaphore(0), threading.Semaphore(0)

    def process(self, data: Any) -> Any:
        self.entered.release()
        self.opened.acquire()
        return f"slow {data}"

    async def has_entered(self) -> None:
        await asyncio.to_thread(self.entered.acquire)


class Quick(Node):
    def process(self, data: Any) -> Any:
        return f"quick {data}"


def gated(gate: Gate, **settings: Any) -> Any:
    return Pipeline([PassThroughNode(), gate]).session(**settings)


class Meet(Node):
    """Ends a call when a call of another node is under way too."""

    barrier = threading.Barrier(2)

    def process(self, data: Any) -> Any:
        self.barrier.wait(timeout=30)
        return data


class MeetToo(Meet):
    pass


def forked(first: str, **behind: str) -> Pipeline:
    """A node of the first type, and behind it one of each other type by its id."""
    nodes = [{"id": "in", "node_type": first}]
    nodes += [{"id": node_id, "node_type": node_type} for node_id, node_type in behind.items()]
    return Pipeline.from_manifest(
        {
            "version": "v1",
            "metadata": {"name": "branches"},
            "nodes": nodes,
            "connections": [{"from": "in", "to": node_id} for node_id in behind],
        }
    )


def branches(gate: Gate) -> Pipeline:
    """A native node whose results go to the gate and to a native node."""
    pipeline = forked("PassThroughNode", gate="Gate", native="PassThroughNode")
    made = pipeline.get_node("gate")
    assert isinstance(made, Gate)
    made.entered, made.opened = gate.entered, gate.opened
    return pipeline


def test_a_node_that_blocks_does_not_delay_a_native_branch() -> None:
    async def main() -> None:
        gate = Gate()
        async with branches(gate).session() as session:
            results = aiter(session)
            for number in range(10):
                await session.push(number)
                assert await anext(results) == number  # of the native branch: the gate is shut
            gate.opened.release(10)
            await session.finish()
            assert [item async for item in results] == [f"slow {n}" for n in range(10)]

    run(main)


def test_try_push_says_when_the_queue_is_full() -> None:
    async def main() -> None:
        gate = Gate()
        async with gated(gate, queue_capacity=2) as session:
            await session.push(0)
            await gate.has_entered()
            await session.push(1)
            await session.push(2)
            assert session.try_push(3) is False
            gate.opened.release(4)
            assert await anext(aiter(session)) == "slow 0"
            await gate.has_entered()
            assert session.try_push(4) is True
            await session.finish()
            assert [item async for item in session] == ["slow 1", "slow 2", "slow 4"]

    run(main)


@pytest.mark.parametrize("node_asks", [False, True])
@pytest.mark.parametrize(
    ("policy", "kept", "lost"), [("drop_oldest", [0, 4, 5], 3), ("coalesce", [0, 5], 4)]
)
def test_a_full_queue_can_lose_items_and_counts_them(
    policy: str, kept: list[int], lost: int, node_asks: bool
) -> None:
    of_session: dict[str, Any] = {"queue_capacity": 2, "queue_policy": policy}
    of_node = {"capacity": 2, "policy": policy}

    async def main() -> None:
        gate = Gate(queue=of_node if node_asks else None)
        pipeline = Pipeline([PassThroughNode(), gate], enable_metrics=True)
        async with pipeline.session(**({} if node_asks else of_session)) as session:
            await session.push(0)
            await gate.has_entered()
            for number in range(1, 6):
                await session.push(number)
            gate.opened.release(6)
            await session.finish()
            assert [item async for item in session] == [f"slow {n}" for n in kept]
        metrics = pipeline.get_metrics()
        assert metrics is not None
        node = metrics["node_metrics"][1]
        assert (node["queue_capacity"], node["queue_policy"]) == (2, policy)
        assert node["queue_drop_count"] == lost
        assert node["queue_depth"] == 0

    run(main)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"queue_capacity": 0}, "queue_capacity is 0, expected a whole number of 1..1000000"),
        ({"queue_capacity": "many"}, "queue_capacity is 'many', expected a whole number"),
        ({"queue_policy": "lose"}, "queue_policy is 'lose', expected 'block', 'drop_oldest' or"),
    ],
)
def test_settings_of_queues_are_checked(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Pipeline([PassThroughNode()]).session(**settings)


def test_close_with_a_deadline_leaves_a_call_behind_that_does_not_end() -> None:
    cleaned = threading.Event()

    class Kept(Gate):
        def cleanup(self) -> None:
            cleaned.set()

    async def main() -> None:
        gate = Kept()
        session = gated(gate)
        await session.push(0)
        await gate.has_entered()
        assert await session.close(timeout_s=0.01) is False
        assert not cleaned.is_set()
        gate.opened.release()
        assert await asyncio.to_thread(cleaned.wait, 30)
        assert await session.close() is True

    run(main)


def test_the_error_of_a_node_on_a_lane_comes_with_the_iteration_and_the_next_call() -> None:
    class Failing(Gate):
        def process(self, data: Any) -> Any:
            super().process(data)
            raise ValueError("no such item")

    async def main() -> None:
        gate = Failing()
        async with gated(gate) as session:
            await session.push(1)
            gate.opened.release()
            with pytest.raises(NodeError, match="no such item") as raised:
                await anext(aiter(session))
            assert isinstance(raised.value.__cause__, ValueError)
            with pytest.raises(NodeError, match="no such item"):
                await session.push(2)

    run(main)


def test_a_thousand_sessions_with_python_nodes_at_once() -> None:
    async def one(number: int) -> list[Any]:
        async with Pipeline([PassThroughNode(), Quick()]).session() as session:
            await session.push(number)
            await session.finish()
            return [item async for item in session]

    async def main() -> list[list[Any]]:
        return await asyncio.gather(*(one(number) for number in range(1_000)))

    assert run(main) == [[f"quick {number}"] for number in range(1_000)]


def test_branches_of_python_nodes_alone_work_at_the_same_time() -> None:
    pipeline = forked("Quick", left="Meet", right="MeetToo")
    assert pipeline.run_sync(1) == ["quick 1", "quick 1"]


class FailTogether(Meet):
    barrier = threading.Barrier(2)

    def process(self, data: Any) -> Any:
        super().process(data)
        raise ValueError(f"{self.name} takes no {data}")


class FailToo(FailTogether):
    pass


def test_the_errors_of_several_branches_come_together() -> None:
    pipeline = forked("Quick", left="FailTogether", right="FailToo")
    with pytest.raises(NodeErrors) as raised:
        pipeline.run_sync(1)
    errors = raised.value
    assert [error.node_id for error in errors.exceptions] == ["left", "right"]
    assert [str(error.__cause__) for error in errors.exceptions] == [
        "left takes no quick 1",
        "right takes no quick 1",
    ]
    assert isinstance(errors, NodeError)
    assert (errors.node_id, errors.stage, errors.partial_results) == ("left", "process", [])
    assert str(errors) == " also ".join(f"{error};" for error in errors.exceptions)[:-1]
    assert str(pickle.loads(pickle.dumps(errors))) == str(errors)
    if sys.version_info >= (3, 11):
        assert isinstance(errors, builtins.ExceptionGroup)
        of_right, _ = errors.split(lambda error: getattr(error, "node_id", "") == "right")
        assert of_right is not None
        assert of_right.exceptions == errors.exceptions[1:]


def test_nodes_of_a_chain_in_python_work_at_the_same_time() -> None:
    class First(Meet):
        def process(self, data: Any) -> Any:
            return super().process(data) if data == "second" else data

    class Last(Meet):
        def process(self, data: Any) -> Any:
            return super().process(data) if data == "first" else data

    with Pipeline([First(), Last()]).session_sync() as session:
        for item in ("first", "second"):
            session.push(item)
        session.finish()
        assert list(session) == ["first", "second"]


def test_try_push_needs_a_session_that_has_started() -> None:
    with pytest.raises(PipelineError, match="the session has not started"):
        Pipeline([PassThroughNode()]).session().try_push(1)


def test_a_run_loses_nothing_whatever_nodes_ask_for() -> None:
    class Single(Node):
        def __init__(self) -> None:
            super().__init__(queue={"capacity": 1, "policy": "coalesce"})

        def process(self, data: Any) -> Any:
            return data

    pipeline = forked("Quick", left="Single", right="PassThroughNode")
    assert len(pipeline.run_sync(list(range(50)))) == 100
