"""Short items of native graphs, which the thread that pushes processes itself."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from remotemedia import Node, NodeError, Pipeline, PipelineError
from remotemedia._running_session import RunningSession
from remotemedia.nodes import AddNode, AudioBuffer, AudioResampleNode, PassThroughNode
from remotemedia.session import PipelineSession, SyncPipelineSession

pytestmark = pytest.mark.native_only

SHORT = (np.zeros(320, np.float32), 16_000)
LONG = (np.zeros(1 << 16, np.float32), 16_000)


class Python(Node):
    def process(self, data: Any) -> Any:
        return data


def wait_until_idle(session: PipelineSession | SyncPipelineSession) -> None:
    """The start of a session has left its thread."""
    assert session._running is not None
    worker = session._running._worker
    while not worker.claim():
        pass
    worker.release()


@pytest.fixture
def pushing_threads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The thread of each push of the engine."""
    threads: list[int] = []
    push = RunningSession._push

    def noting(running: RunningSession, packet: Any, engine: Any) -> None:
        threads.append(threading.get_ident())
        push(running, packet, engine)

    monkeypatch.setattr(RunningSession, "_push", noting)
    return threads


@pytest.mark.parametrize(
    ("make_node", "item", "is_here"),
    [
        (PassThroughNode, SHORT, True),
        (PassThroughNode, LONG, False),
        (PassThroughNode, 1, True),
        (PassThroughNode, {"any": "object"}, False),
        (Python, SHORT, False),
        (lambda: PassThroughNode(retry=True), SHORT, False),
    ],
    ids=["block", "clip", "number", "object", "Python node", "retry"],
)
def test_only_what_waits_for_nothing_stays_on_the_thread_that_pushes(
    pushing_threads: list[int], make_node: Callable[[], Node], item: Any, is_here: bool
) -> None:
    async def pushed() -> None:
        async with Pipeline([PassThroughNode(), make_node()]).session() as session:
            wait_until_idle(session)
            await session.push(item)
            await session.finish()

    with Pipeline([PassThroughNode(), make_node()]).session_sync() as session:
        wait_until_idle(session)
        session.push(item)
    asyncio.run(pushed())
    assert [thread == threading.get_ident() for thread in pushing_threads] == [is_here] * 2


def test_a_push_with_more_results_than_may_wait_does_not_wait_for_itself() -> None:
    count = 3_000
    with Pipeline([AudioBuffer(buffer_size_samples=1)]).session_sync() as session:
        session.push((np.arange(count, dtype=np.float32), 16_000))
        results = [next(session) for _ in range(count)]
        assert [float(samples[0]) for samples, *_ in results] == list(range(count))


def test_who_takes_results_has_a_turn_between_pushes() -> None:
    async def run() -> None:
        taken: list[Any] = []
        async with Pipeline([AddNode(addend=1)]).session() as session:

            async def take() -> None:
                async for result in session:
                    taken.append(result)

            taking = asyncio.create_task(take())
            for number in range(100):
                await session.push(number)
            assert taken == list(range(1, len(taken) + 1))
            assert len(taken) > 80
            await session.finish()
            await taking

    asyncio.run(run())


def test_short_and_long_items_keep_their_order() -> None:
    async def run() -> None:
        async with Pipeline([PassThroughNode()]).session() as session:
            items = [(np.full(n, i, np.float32), 16_000) for i, n in enumerate((9, 1 << 15, 9))]
            await asyncio.gather(*(session.push(item) for item in items))
            await session.finish()
            assert [float(samples[0]) async for samples, _ in session] == [0, 1, 2]

    asyncio.run(run())


def test_threads_that_push_at_the_same_time_lose_nothing() -> None:
    with Pipeline([AddNode(addend=0)]).session_sync() as session:

        def feed(first: int) -> None:
            for number in range(first, first + 200):
                session.push(number)

        threads = [threading.Thread(target=feed, args=(200 * i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        session.finish()
        assert sorted(session) == list(range(800))


def test_an_error_comes_out_of_the_push_and_of_the_iteration() -> None:
    with Pipeline([AudioResampleNode(target_sample_rate=8_000)]).session_sync() as session:
        session.push(SHORT)
        with pytest.raises(NodeError, match="expected an audio item") as first:
            session.push(1)
        with pytest.raises(NodeError) as second:
            list(session)
        assert first.value is second.value


def test_an_interrupt_of_the_caller_is_no_failure_of_the_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Pipeline([PassThroughNode()]).session_sync() as session:
        wait_until_idle(session)
        with monkeypatch.context() as patch:

            def interrupted(*_: Any) -> None:
                raise KeyboardInterrupt

            patch.setattr(RunningSession, "_push", interrupted)
            with pytest.raises(KeyboardInterrupt):
                session.push(1)
        session.push(2)
        session.finish()
        assert list(session) == [2]


def test_a_push_that_a_close_has_overtaken_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with Pipeline([PassThroughNode()]).session_sync() as session:
        wait_until_idle(session)
        monkeypatch.setattr(
            RunningSession, "_push", lambda running, packet, engine: running._stop(0.0)
        )
        with pytest.raises(PipelineError, match="the session is closed"):
            session.push(1)
