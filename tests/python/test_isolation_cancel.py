"""A cancel ends what hangs in a worker, with the worker; what follows gets a fresh one."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pytest

from isolated_nodes import Hanging
from node_runs import Run
from processes import wait_for_ends
from remotemedia import Pipeline, WorkerError
from remotemedia._cancel import CancelScope
from remotemedia._isolation import executor as isolation
from remotemedia._packet import NodeContext, Packet
from remotemedia.nodes import PassThroughNode


@pytest.fixture
def fifo(tmp_path: Path) -> str:
    path = str(tmp_path / "fifo")
    os.mkfifo(path)
    return path


class Session:
    """An executor whose calls can be cancelled, as those of a session's thread can."""

    def __init__(self, node: Hanging) -> None:
        self.executor = node._make_executor()
        self.fifo = node.fifo
        self.results: list[Any] = []

    def call(self, action: str, item: Any = None) -> None:
        if action == "initialize":
            self.executor.initialize(NodeContext("n", "Hanging", "session"))
        elif action == "process":
            self.executor.process(Packet(item), self._emit)
        else:
            self.executor.flush(self._emit)

    def cancel_while_it_hangs(self, action: str, item: Any = None) -> int:
        """Make a call that hangs, and cancel it; gives the pid of its worker."""
        scope = CancelScope()
        raised: list[BaseException] = []

        def work() -> None:
            try:
                with scope.entered():
                    self.call(action, item)
            except CancelledError as error:
                raised.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        pid = int(Path(self.fifo).read_text())
        scope.cancel()
        thread.join(20)
        assert not thread.is_alive()
        assert len(raised) == 1
        wait_for_ends([pid])
        return pid

    def _emit(self, packet: Packet, _port: int = 0) -> bool:
        self.results.append(packet.payload)
        return True


@pytest.mark.parametrize("item", ["hang", "hang_coroutine"])
def test_the_item_after_a_cancel_gets_a_fresh_worker(item: str, fifo: str) -> None:
    session = Session(Hanging("process", fifo))
    session.call("initialize")
    first = session.cancel_while_it_hangs("process", item)
    session.call("process", "pid")
    assert session.results != [first]
    session.call("process", "pid")
    assert len(set(session.results)) == 1
    session.call("flush")
    session.executor.cleanup()


@pytest.mark.parametrize("stage", ["loading", "initialize", "flush"])
def test_a_cancel_ends_each_stage(stage: str, fifo: str) -> None:
    session = Session(Hanging(stage, fifo))
    if stage == "flush":
        session.call("initialize")
    session.cancel_while_it_hangs("flush" if stage == "flush" else "initialize")
    session.call("flush")  # of no worker: nothing is held back
    assert session.results == []
    session.executor.cleanup()


def test_a_stop_that_came_before_the_call_counts(fifo: str) -> None:
    session = Session(Hanging("process", fifo))
    session.call("initialize")
    scope = CancelScope()
    scope.stop()
    with scope.entered(), pytest.raises(CancelledError):
        session.call("process", "pid")
    assert session.results == []
    session.executor.cleanup()


def test_cancelling_a_session_ends_the_call_of_its_node(fifo: str) -> None:
    async def main() -> None:
        async with Pipeline([PassThroughNode(), Hanging("process", fifo)]).session() as session:
            push = asyncio.create_task(session.push("hang"))
            pid = int(await asyncio.to_thread(Path(fifo).read_text))
            session.cancel()
            await push
            wait_for_ends([pid])
            await session.push("pid")  # a fresh worker's
            await session.finish()
            assert [item async for item in session] != [pid]

    asyncio.run(main())


def test_cancelling_a_run_ends_the_call_of_its_node(fifo: str, use_rust: bool) -> None:
    async def main() -> None:
        pipeline = Pipeline([PassThroughNode(), Hanging("process", fifo)])
        run = asyncio.create_task(pipeline.run(["hang"], use_rust=use_rust))
        pid = int(await asyncio.to_thread(Path(fifo).read_text))
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        wait_for_ends([pid])

    asyncio.run(main())


def test_a_worker_that_is_not_ready_in_time_is_an_error(fifo: str) -> None:
    node = Hanging("loading", fifo)
    node.isolate = {"start_timeout_s": 0.2}
    with pytest.raises(WorkerError, match=r"not ready after 0.2 s; .* raise start_timeout_s$"):
        Run(node)


def test_a_cleanup_that_hangs_is_cut_short(
    fifo: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(isolation, "_CLEANUP_TIMEOUT_S", 0.1)
    session = Run(Hanging("cleanup", fifo))
    reader = threading.Thread(target=Path(fifo).read_text)
    reader.start()
    session.finish()
    reader.join(20)
    assert "worker process did not answer in time, during cleanup" in caplog.text
