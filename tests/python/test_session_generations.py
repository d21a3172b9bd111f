"""Sessions that go on: after a flush, which ends a stream, and after a cancel, which drops one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import numpy as np
import pytest

from remotemedia import Node, Pipeline, PipelineSession
from remotemedia.nodes import AddNode, AudioResampleNode, BufferNode, PassThroughNode
from signals import tone


def run(main: Callable[[], Awaitable[Any]]) -> Any:
    """A test that hangs fails."""
    return asyncio.run(asyncio.wait_for(main(), 60))


async def finished(session: PipelineSession) -> list[Any]:
    await session.finish()
    return [item async for item in session]


class Waiting(Node):
    """Waits for ever in its first call, on the event loop."""

    def __init__(self) -> None:
        super().__init__()
        self.started, self.events = asyncio.Event(), list[str]()

    async def process(self, data: Any) -> Any:
        if not self.started.is_set():
            self.started.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.events.append("unwound")
        return data


class Lines(Node):
    """Joins the items of a stream."""

    is_streaming = True

    async def process(self, data: Any) -> AsyncIterator[Any]:
        lines = [item async for item in data]
        yield "+".join(lines)


# Behind a native node the others have lanes; alone they run in the Python session.
@pytest.fixture(params=["alone", "behind a native node"])
def chain(request: pytest.FixtureRequest) -> Callable[[Node], Pipeline]:
    before = [] if request.param == "alone" else [PassThroughNode()]
    return lambda node: Pipeline([*before, node])


def test_flush_gives_what_is_held_back_and_goes_on(chain: Callable[[Node], Pipeline]) -> None:
    async def main() -> list[Any]:
        async with chain(BufferNode(buffer_size=10)).session() as session:
            await session.push(1)
            await session.push(2)
            await session.flush()
            await session.push(3)
            return await finished(session)

    assert run(main) == [[1, 2], [3]]


def test_two_streams_through_a_resampler_are_as_two_runs() -> None:
    block = (tone(440.0, 44_100, 0.31), 44_100)

    async def main() -> list[Any]:
        async with Pipeline([AudioResampleNode(target_sample_rate=16_000)]).session() as session:
            await session.push(block)
            await session.flush()
            await session.push(block)
            return await finished(session)

    results = run(main)
    whole, _ = Pipeline([AudioResampleNode(target_sample_rate=16_000)]).run_sync(block)
    both = np.concatenate([samples for samples, _ in results], axis=-1)
    # The fallback's sums may be rounded otherwise where an array lies elsewhere in memory.
    np.testing.assert_allclose(both, np.concatenate([whole, whole], axis=-1), rtol=0, atol=1e-6)


def test_a_streaming_node_is_called_once_a_stream(chain: Callable[[Node], Pipeline]) -> None:
    async def main() -> list[Any]:
        async with chain(Lines()).session() as session:
            for word in ("a", "b"):
                await session.push(word)
            await session.flush()
            await session.push("c")
            return await finished(session)

    assert run(main) == ["a+b", "c"]


def test_cancel_ends_a_coroutine_and_the_session_goes_on(
    chain: Callable[[Node], Pipeline],
) -> None:
    async def main() -> list[Any]:
        node = Waiting()
        async with chain(node).session() as session:
            pushing = asyncio.create_task(session.push("old"))
            await node.started.wait()
            session.cancel()
            await pushing  # returns: its item was dropped
            await session.push("new")
            results = await finished(session)
        assert node.events == ["unwound"]
        return results

    assert run(main) == ["new"]


def test_cancel_drops_results_that_nobody_has_taken() -> None:
    async def main() -> list[Any]:
        async with Pipeline([AddNode(addend=1)]).session() as session:
            await session.push(1)
            session.cancel()
            await session.push(10)
            return await finished(session)

    assert run(main) == [11]


def test_nodes_forget_what_a_cancelled_stream_left_in_them(
    chain: Callable[[Node], Pipeline],
) -> None:
    async def main(node: Node) -> list[Any]:
        async with chain(node).session() as session:
            await session.push("old")
            session.cancel()
            await session.push("new")
            return await finished(session)

    assert run(lambda: main(BufferNode(buffer_size=10))) == [["new"]]
    assert run(lambda: main(Lines())) == ["new"]


def test_cancel_wakes_nobody_who_waits_for_results() -> None:
    async def main() -> None:
        async with Pipeline([AddNode(addend=1)]).session() as session:
            taking = asyncio.create_task(anext(aiter(session)))
            session.cancel()
            await session.push(1)
            assert await taking == 2

    run(main)


def test_a_storm_of_cancels_leaves_a_session_that_works(
    chain: Callable[[Node], Pipeline],
) -> None:
    class Slow(Node):
        async def process(self, data: Any) -> Any:
            await asyncio.sleep(0)
            return data

    async def main() -> list[Any]:
        async with chain(Slow()).session() as session:
            for number in range(200):
                pushing = asyncio.create_task(session.push(number))
                if number % 3 == 0:
                    await asyncio.sleep(0)
                session.cancel()
                await pushing
            await session.push("last")
            return await finished(session)

    assert run(main)[-1] == "last"


def test_an_error_of_a_cancelled_call_is_dropped_with_it() -> None:
    class Angry(Node):
        async def process(self, data: Any) -> Any:
            if data == "new":
                return data
            started.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise ValueError("do not disturb") from None

    async def main() -> list[Any]:
        async with Pipeline([PassThroughNode(), Angry()]).session() as session:
            pushing = asyncio.create_task(session.push("old"))
            await started.wait()
            session.cancel()
            await pushing
            await session.push("new")
            return await finished(session)

    started = asyncio.Event()
    assert run(main) == ["new"]


def test_cancel_may_come_from_any_thread() -> None:
    async def main() -> list[Any]:
        node = Waiting()
        async with Pipeline([PassThroughNode(), node]).session() as session:
            pushing = asyncio.create_task(session.push("old"))
            await node.started.wait()
            thread = threading.Thread(target=session.cancel)
            thread.start()
            await asyncio.to_thread(thread.join)
            await pushing
            await session.push("new")
            return await finished(session)

    assert run(main) == ["new"]
