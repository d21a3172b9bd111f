"""Sessions for code without an event loop."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from remotemedia import Node, NodeError, Pipeline, PipelineError
from remotemedia.nodes import AddNode, BufferNode, PassThroughNode


class Asynchronous(Node):
    async def process(self, data: Any) -> Any:
        await asyncio.sleep(0)
        return data * 2


def test_items_go_in_and_results_come_out() -> None:
    with Pipeline([AddNode(addend=1), Asynchronous()]).session_sync() as session:
        session.push(1)
        session.push(2)
        session.finish()
        assert list(session) == [4, 6]


def test_iteration_waits_for_another_thread_that_pushes() -> None:
    with Pipeline([AddNode(addend=1)]).session_sync() as session:

        def feed() -> None:
            for number in range(3_000):  # more than may wait
                session.push(number)
            session.finish()

        thread = threading.Thread(target=feed)
        thread.start()
        assert list(session) == list(range(1, 3_001))
        thread.join()


def test_flush_and_cancel_begin_another_stream() -> None:
    with Pipeline([BufferNode(buffer_size=10)]).session_sync() as session:
        session.push(1)
        session.flush()
        session.push(2)
        session.cancel()
        session.push(3)
        session.finish()
        assert list(session) == [[3]]


def test_flushed_results_stay_while_later_ones_come() -> None:
    with Pipeline([BufferNode(buffer_size=10)]).session_sync() as session:
        session.push(1)
        session.flush()
        session.push(2)
        session.finish()
        assert list(session) == [[1], [2]]


def test_a_failure_comes_out_of_a_call() -> None:
    class Failing(Node):
        def process(self, data: Any) -> Any:
            raise ValueError("no")

    with Pipeline([Failing()]).session_sync() as session:
        session.try_push(1)
        with pytest.raises(NodeError, match="no"):
            session.flush()
        with pytest.raises(NodeError, match="no"):
            next(session)


def test_a_closed_session_refuses_and_closing_is_repeatable() -> None:
    session = Pipeline([PassThroughNode()]).session_sync()
    assert session.close() is True
    assert session.close() is True
    with pytest.raises(PipelineError, match="cannot push: the session is closed"):
        session.push(1)
    assert list(session) == []


def test_metrics_are_there_while_it_runs() -> None:
    pipeline = Pipeline([AddNode(addend=1)], enable_metrics=True)
    with pipeline.session_sync() as session:
        session.push(1)
        metrics = session.get_metrics()
        assert metrics is not None
        assert metrics["node_metrics"][0]["success_count"] == 1
    last = pipeline.get_metrics()
    assert last is not None
    assert last["node_metrics"][0]["success_count"] == 1


def test_try_push_hands_over_without_waiting() -> None:
    with Pipeline([AddNode(addend=1)]).session_sync() as session:
        assert session.try_push(1) is True
        session.finish()
        assert list(session) == [2]
