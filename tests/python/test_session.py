"""Sessions: items go in and results come out while the pipeline runs."""

from __future__ import annotations

import asyncio
import gc
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import pytest

from remotemedia import ItemTypeError, Node, NodeError, Pipeline, PipelineError, PipelineSession
from remotemedia._outbox import CAPACITY
from remotemedia.nodes import (
    AddNode,
    AudioResampleNode,
    BufferNode,
    MediaReaderNode,
    MultiplyNode,
    VADNode,
)
from signals import chunks, speech_like, tone, write_wav


def run(main: Callable[[], Awaitable[Any]]) -> Any:
    """A test that hangs fails."""
    return asyncio.run(asyncio.wait_for(main(), 60))


class Count(Node):
    """Gives as many items as it is asked for."""

    def process(self, data: Any) -> Any:
        yield from range(data)


class Failing(Node):
    def process(self, data: Any) -> Any:
        if data == "bad":
            raise ValueError("bad item")
        return data


async def all_of(session: PipelineSession) -> list[Any]:
    return [item async for item in session]


async def push_through(session: PipelineSession, item: Any) -> None:
    """Return when the nodes have processed the item, also those that have a lane."""
    await session.push(item)
    await session.flush()


def test_items_pushed_before_iteration_are_there() -> None:
    async def main() -> list[Any]:
        async with Pipeline([MultiplyNode(factor=2)]).session() as session:
            for number in (1, 2, 3):
                await session.push(number)
            await session.finish()
            return await all_of(session)

    assert run(main) == [2, 4, 6]


def test_results_come_while_items_go_in() -> None:
    async def main() -> None:
        async with Pipeline([AddNode(addend=1)]).session() as session:
            results = aiter(session)
            for number in range(5):
                await session.push(number)
                assert await anext(results) == number + 1

    run(main)


def test_a_consumer_in_another_task_is_woken() -> None:
    async def main() -> list[Any]:
        async with Pipeline([AddNode(addend=1)]).session() as session:
            consumer = asyncio.create_task(all_of(session))
            await asyncio.sleep(0)  # it waits now
            for number in range(100):
                await session.push(number)
            await session.finish()
            return await consumer

    assert run(main) == list(range(1, 101))


def test_a_stream_of_chunks_equals_the_whole() -> None:
    samples = tone(440, 48_000, 0.7)
    nodes = [AudioResampleNode(), VADNode()]
    whole, _, metadata = Pipeline(nodes).run_sync((samples, 48_000))

    async def main() -> list[Any]:
        async with Pipeline(nodes).session() as session:
            for chunk in chunks(samples, 480):
                await session.push((chunk, 48_000))
            await session.finish()
            return await all_of(session)

    results = run(main)
    assert np.array_equal(np.concatenate([r[0] for r in results], axis=1), whole)
    assert sum(r[2]["speech_frames"] for r in results) == metadata["speech_frames"]


def test_ending_the_input_gives_what_is_held_back_and_is_repeatable() -> None:
    async def main() -> list[Any]:
        async with Pipeline([BufferNode(buffer_size=2)]).session() as session:
            for number in (1, 2, 3):
                await session.push(number)
            await session.finish()
            await session.finish()
            with pytest.raises(PipelineError, match="the session's input has ended"):
                await session.push(4)
            return await all_of(session)

    assert run(main) == [[1, 2], [3]]


def test_leaving_the_block_drops_what_was_not_taken() -> None:
    async def main() -> None:
        async with Pipeline([AddNode()]).session() as session:
            await session.push(1)
        assert await all_of(session) == []
        with pytest.raises(PipelineError, match="the session is closed"):
            await session.push(2)
        await session.close()  # repeatable

    run(main)


def test_close_without_a_start_and_before_a_block() -> None:
    async def main() -> None:
        session = Pipeline([AddNode()]).session()
        await session.close()
        assert await all_of(session) == []

    run(main)


def test_a_session_also_works_without_a_block() -> None:
    async def main() -> list[Any]:
        session = Pipeline([AddNode(addend=1)]).session()
        await session.push(1)
        await session.finish()
        results = await all_of(session)
        await session.close()
        return results

    assert run(main) == [2]


def test_a_failure_comes_out_of_push_and_after_the_results_out_of_the_iteration() -> None:
    async def main() -> None:
        async with Pipeline([AddNode(addend=0), Failing()]).session() as session:
            await session.push(1)
            with pytest.raises(NodeError, match="expected a number"):
                await session.push("bad")
            results = aiter(session)
            assert await anext(results) == 1
            with pytest.raises(NodeError, match="AddNode_0"):
                await anext(results)
            with pytest.raises(NodeError, match="AddNode_0"):  # it never looks like an end
                await anext(results)

    run(main)


def test_a_failure_wakes_a_consumer() -> None:
    async def main() -> None:
        async with Pipeline([Failing()]).session() as session:
            consumer = asyncio.create_task(all_of(session))
            await asyncio.sleep(0)
            with pytest.raises(NodeError) as pushed:
                await push_through(session, "bad")
            with pytest.raises(NodeError) as taken:
                await consumer
            assert str(taken.value) == str(pushed.value)
            assert taken.value.partial_results == pushed.value.partial_results == []

    run(main)


def test_the_error_has_the_results_that_nobody_took() -> None:
    async def main() -> list[Any]:
        async with Pipeline([Failing()]).session() as session:
            await session.push(1)
            await session.push(2)
            with pytest.raises(NodeError) as pushed:
                await push_through(session, "bad")
            return pushed.value.partial_results

    assert run(main) == [1, 2]


def test_an_item_that_is_none_is_refused_and_the_session_goes_on() -> None:
    async def main() -> list[Any]:
        async with Pipeline([AddNode(addend=1)]).session() as session:
            with pytest.raises(ItemTypeError):
                await session.push(None)
            await session.push(1)
            await session.finish()
            return await all_of(session)

    assert run(main) == [2]


def test_a_node_that_fails_to_initialize_fails_the_block() -> None:
    log = []

    class Broken(Node):
        def initialize(self) -> None:
            raise OSError("no device")

        def process(self, data: Any) -> Any:
            return data

        def cleanup(self) -> None:
            log.append("cleaned")

    async def main() -> None:
        async with Pipeline([Broken()]).session():
            raise AssertionError("entered")

    with pytest.raises(NodeError, match=r"'Broken_0' \(Broken\) failed in initialize: .*no device"):
        run(main)
    assert log == ["cleaned"]


class Announced(logging.Handler):
    """Sets an event of the loop when the session's thread says that it waits for room."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.get_running_loop()
        self.waits = asyncio.Event()
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        if "results are not taken" in record.getMessage():
            self.count += 1
            self.loop.call_soon_threadsafe(self.waits.set)


def test_a_session_waits_while_its_results_are_full_and_says_so_once() -> None:
    given = []

    class Noting(Node):
        def process(self, data: Any) -> Any:
            for number in range(data):
                given.append(number)
                yield number

    async def main() -> None:
        announced = Announced()
        logging.getLogger("remotemedia").addHandler(announced)
        try:
            async with Pipeline([Noting()]).session() as session:
                pushing = asyncio.create_task(push_through(session, 3 * CAPACITY))
                await announced.waits.wait()
                assert len(given) == CAPACITY + 1  # the last one waits for room
                assert not pushing.done()
                results = aiter(session)
                assert [await anext(results) for _ in range(3 * CAPACITY)] == given
                await pushing
                assert announced.count == 1
        finally:
            logging.getLogger("remotemedia").removeHandler(announced)

    run(main)
    assert given == list(range(3 * CAPACITY))


def test_closing_frees_a_push_that_waits_for_room() -> None:
    async def main() -> None:
        session = Pipeline([Count()]).session()
        async with session:
            pushing = asyncio.create_task(push_through(session, 10 * CAPACITY))
            assert await anext(aiter(session)) == 0
        with pytest.raises(PipelineError, match="closed"):
            await pushing

    run(main)


def test_cancelling_the_task_of_a_block_closes_the_session() -> None:
    async def main() -> None:
        async def work() -> None:
            async with Pipeline([Cleaned()]).session() as session:
                entered.set()
                await anext(aiter(session))  # nothing comes

        task = asyncio.create_task(work())
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert log == ["cleaned"]

    log: list[str] = []

    class Cleaned(Node):
        def process(self, data: Any) -> Any:
            return data

        def cleanup(self) -> None:
            log.append("cleaned")

    entered = asyncio.Event()
    run(main)


def test_sources_run_by_themselves(tmp_path: Any) -> None:
    path = write_wav(tmp_path / "a.wav", speech_like())

    async def main() -> list[Any]:
        async with Pipeline([MediaReaderNode(path=path), VADNode()]).session() as session:
            with pytest.raises(ValueError, match="the graph's sources produce their own data"):
                await session.push((tone(), 48_000))
            return await all_of(session)

    blocks = run(main)
    assert len(blocks) > 1
    assert sum(samples.shape[1] for samples, _, _ in blocks) == speech_like().shape[1]


def test_nodes_see_the_id_of_their_session() -> None:
    class Remember(Node):
        def process(self, data: Any) -> Any:
            assert self.state is not None
            total = self.state.get("total", 0) + data
            self.state.set("total", total)
            return self.get_session_id(), total

    pipeline = Pipeline([Remember()])

    async def talk(session_id: str, numbers: list[int]) -> list[Any]:
        async with pipeline.session(session_id) as session:
            for number in numbers:
                await session.push(number)
            await session.finish()
            return await all_of(session)

    async def main() -> list[Any]:
        return await asyncio.gather(talk("a", [1, 2]), talk("b", [10, 20]))

    assert run(main) == [[("a", 1), ("a", 3)], [("b", 10), ("b", 30)]]


def test_a_copy_may_be_written_to_at_once() -> None:
    async def main() -> list[Any]:
        samples, plain = np.ones((1, 8), np.float32), np.ones(3)
        async with Pipeline([BufferNode(buffer_size=2)]).session() as session:
            await session.push((samples, 16_000), copy=True)
            await session.push(plain, copy=True)
            samples[:] = plain[:] = 0
            return await anext(aiter(session))

    (samples, _), plain = run(main)
    assert np.array_equal(samples, np.ones((1, 8)))
    assert np.array_equal(plain, np.ones(3))


def test_metrics_are_there_while_it_runs_and_after_the_close() -> None:
    async def main() -> Any:
        pipeline = Pipeline([AddNode()], enable_metrics=True)
        async with pipeline.session() as session:
            await session.push(1)
            running = session.get_metrics()
            assert running is not None
            assert running["total_executions"] == 1
            await session.push(2)
        assert session.get_metrics() is pipeline.get_metrics()
        return session.get_metrics()

    assert run(main)["node_metrics"][0]["execution_count"] == 2


def test_a_session_that_is_thrown_away_cleans_up() -> None:
    cleaned = threading.Event()

    class Cleaned(Node):
        def process(self, data: Any) -> Any:
            return data

        def cleanup(self) -> None:
            cleaned.set()

    async def main() -> None:
        session = Pipeline([Cleaned()]).session()
        await session.push(1)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del session
            gc.collect()
        assert [w.category for w in caught] == [ResourceWarning]
        assert "was not closed" in str(caught[0].message)
        assert cleaned.wait(30)

    run(main)


FORGOTTEN = """
import asyncio
from remotemedia import Node, Pipeline

class Count(Node):
    def process(self, data):
        yield from range(data)

    def cleanup(self):
        print("cleaned")

async def main():
    session = Pipeline([Count()]).session()
    globals()["kept"] = session
    pushing = asyncio.create_task(session.push(100_000))
    print(await anext(aiter(session)))

asyncio.run(main())
"""


def test_the_process_ends_although_a_session_is_open() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORGOTTEN], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "0\ncleaned\n"


def test_many_sessions_at_once_keep_apart() -> None:
    pipeline = Pipeline([AudioResampleNode(), VADNode()])

    async def talk(number: int) -> Any:
        samples = tone(100 + 20 * number, 48_000, 0.1)
        async with pipeline.session() as session:
            for chunk in chunks(samples, 960):
                await session.push((chunk, 48_000))
            await session.finish()
            results = await all_of(session)
        alone, _, _ = pipeline.run_sync((samples, 48_000))
        return np.array_equal(np.concatenate([r[0] for r in results], axis=1), alone)

    async def main() -> list[Any]:
        return await asyncio.gather(*map(talk, range(20)))

    assert all(run(main))


def test_use_rust_false_runs_a_session_in_python() -> None:
    async def main() -> Any:
        pipeline = Pipeline([AddNode()], enable_metrics=True)
        async with pipeline.session(use_rust=False) as session:
            await session.push(1)
        return session.get_metrics()

    node = run(main)["node_metrics"][0]
    assert (node["runtime"], node["runtime_reason"]) == ("python", "use_rust=False")
