"""Nodes that are coroutines: while they wait they hold no thread, and runs need none at all."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from remotemedia import Node, NodeError, Pipeline
from remotemedia.nodes import AddNode, AudioBuffer, AudioResampleNode, PassThroughNode

pytestmark = pytest.mark.native_only

# Brief calls of native sessions are made on these.
MOST_THREADS = max(4, os.cpu_count() or 1)


def run(main: Callable[[], Awaitable[Any]]) -> Any:
    """A test that hangs fails."""
    return asyncio.run(asyncio.wait_for(main(), 60))


def threads() -> int:
    """Count all threads of the process, also those that Python knows nothing of."""
    return len(list(Path("/proc/self/task").iterdir()))


class Gathering(Node):
    """Waits until as many calls are under way as are expected."""

    def __init__(self, expected: int) -> None:
        super().__init__()
        self.expected, self.begun, self.most_threads = expected, 0, 0
        self.all_here = asyncio.Event()

    async def process(self, data: Any) -> Any:
        self.begun += 1
        if self.begun == self.expected:
            self.most_threads = threads()
            self.all_here.set()
        await self.all_here.wait()
        return data


class Slow(Node):
    """Gives each item after a turn of the loop, and tells how it ended."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = 0
        self.ended: list[Any] = []
        self.entered = asyncio.Event()
        self.opened = asyncio.Event()

    async def process(self, data: Any) -> Any:
        self.begun += 1
        self.entered.set()
        try:
            await self.opened.wait()
        except asyncio.CancelledError:
            self.ended.append("cancelled")
            raise
        self.ended.append(data)
        return data


class Counting(Node):
    async def process(self, data: Any) -> AsyncIterator[Any]:
        for number in range(data):
            await asyncio.sleep(0)
            yield number


class Doubling(Node):
    is_streaming = True

    async def process(self, stream: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for item in stream:
            await asyncio.sleep(0)
            yield item * 2


class Failing(Node):
    async def process(self, data: Any) -> Any:
        await asyncio.sleep(0)
        raise ValueError(f"no {data}")


def test_runs_of_one_pipeline_take_no_threads_after_the_first() -> None:
    async def main() -> None:
        meet = Gathering(1)
        pipeline = Pipeline([PassThroughNode(), meet, AddNode(1)])
        await pipeline.run(0)
        before = threads()
        meet.begun, meet.expected = 0, 500
        meet.all_here.clear()
        results = await asyncio.gather(*(pipeline.run(i) for i in range(500)))
        assert results == [i + 1 for i in range(500)]
        assert meet.most_threads <= before + MOST_THREADS

    run(main)


def test_runs_of_coroutines_alone_take_no_threads() -> None:
    async def main() -> None:
        meet = Gathering(500)
        before = threads()
        results = await asyncio.gather(*(Pipeline([meet]).run(i) for i in range(500)))
        assert results == list(range(500))
        assert meet.most_threads <= before + MOST_THREADS

    run(main)


def test_sessions_that_wait_take_no_threads() -> None:
    async def use(slow: Slow, number: int) -> list[Any]:
        async with Pipeline([slow]).session() as session:
            await session.push(number)
            await session.finish()
            return [item async for item in session]

    def at_work() -> int:
        return sum(t.name.startswith("remotemedia-session") for t in threading.enumerate())

    async def main() -> None:
        slow = Slow()
        uses = asyncio.gather(*(use(slow, number) for number in range(200)))
        while slow.begun < 200 or at_work() > 0:
            await asyncio.sleep(0)
        slow.opened.set()
        assert await uses == [[number] for number in range(200)]

    run(main)


@pytest.mark.parametrize("node", [Counting, Doubling, Failing])
@pytest.mark.parametrize("item", [3, "text", [1, 2]])
def test_an_awaited_run_gives_what_a_blocking_one_gives(node: type[Node], item: Any) -> None:
    def outcome(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except NodeError as error:
            return str(error), type(error.__cause__), error.partial_results

    awaited = outcome(lambda: run(lambda: Pipeline([AddNode(1), node()]).run(item)))
    assert repr(awaited) == repr(outcome(lambda: Pipeline([AddNode(1), node()]).run_sync(item)))


def test_a_run_measures_the_time_in_which_a_call_waits() -> None:
    class Waits(Node):
        async def process(self, data: Any) -> Any:
            await asyncio.sleep(0.01)
            return data

    pipeline = Pipeline([Waits()], enable_metrics=True)
    run(lambda: pipeline.run(1))
    metrics = pipeline.get_metrics()
    assert metrics is not None
    (node,) = metrics["node_metrics"]
    assert (node["execution_count"], node["success_count"]) == (1, 1)
    assert node["total_duration_us"] >= 10_000


def test_more_packets_than_a_queue_takes_do_not_stop_a_run() -> None:
    class Echo(Node):
        async def process(self, data: Any) -> Any:
            await asyncio.sleep(0)
            return data

    async def main() -> None:
        pipeline = Pipeline([AudioBuffer(buffer_size_samples=10), Echo()])
        await pipeline.run(
            (np.zeros(10, np.float32), 16_000)
        )  # so that the next one takes no thread
        results = await pipeline.run((np.zeros(3_000, np.float32), 16_000))
        assert len(results) == 300

    run(main)


def test_a_cancelled_run_cancels_the_coroutine_and_waits_for_its_end() -> None:
    async def main() -> None:
        slow = Slow()
        task = asyncio.create_task(Pipeline([slow]).run(1))
        await slow.entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert slow.ended == ["cancelled"]

    run(main)


def test_a_cancelled_session_cancels_the_coroutine_and_goes_on() -> None:
    async def main() -> None:
        slow = Slow()
        async with Pipeline([slow]).session() as session:
            await session.push("old")
            await slow.entered.wait()
            session.cancel()
            while not slow.ended:
                await asyncio.sleep(0)
            slow.opened.set()
            await session.push("new")
            await session.finish()
            assert [item async for item in session] == ["new"]
        assert slow.ended == ["cancelled", "new"]

    run(main)


def test_a_run_that_is_thrown_away_holds_nothing_up() -> None:
    async def main() -> None:
        slow = Slow()
        running = Pipeline([slow]).run(1)
        asyncio.get_running_loop().call_soon(slow.opened.set)
        running.send(None)
        running.close()
        await asyncio.sleep(0)

    run(main)


def test_a_loop_that_ends_before_the_coroutine_leaves_no_thread() -> None:
    async def main(slow: Slow) -> None:
        asyncio.create_task(Pipeline([slow]).run(1))  # noqa: RUF006 - the end of the loop has it
        await slow.entered.wait()

    slow = Slow()
    asyncio.run(main(slow))
    assert slow.ended == ["cancelled"]


def test_an_error_of_one_run_leaves_the_others_alone() -> None:
    async def main() -> None:
        runs = [Pipeline([Failing() if i % 2 else Counting()]).run(2) for i in range(40)]
        results = await asyncio.gather(*runs, return_exceptions=True)
        assert [type(result) for result in results] == [list, NodeError] * 20

    run(main)


def test_a_node_that_prepares_itself_does_so_on_a_thread() -> None:
    class Prepared(Node):
        def initialize(self) -> None:
            self.thread = threading.get_ident()

        async def process(self, data: Any) -> Any:
            return data

    node = Prepared()
    assert run(lambda: Pipeline([node]).run(1)) == 1
    assert node.thread != threading.get_ident()


def test_native_nodes_around_a_coroutine_give_the_same_audio() -> None:
    class Echo(Node):
        async def process(self, data: Any) -> Any:
            await asyncio.sleep(0)
            return data

    item = (np.sin(np.arange(960, dtype=np.float32)), 48_000)
    expected, _ = Pipeline([AudioResampleNode(16_000)]).run_sync(item)
    pipeline = Pipeline([AudioResampleNode(16_000), Echo(), PassThroughNode()])
    for _ in range(2):  # on a thread, then on the loop
        given, rate = run(lambda: pipeline.run(item))
        assert rate == 16_000
        np.testing.assert_array_equal(given, expected)
