"""The death of a worker is an error of its node, which says how it died and at which line."""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import signal
from typing import Any

import pytest

from isolated_nodes import Commanded, Failing, Streaming
from node_runs import Run
from processes import wait_for_ends
from remotemedia import ConfigurationError, NodeError, Pipeline, WorkerError
from remotemedia.nodes import PassThroughNode

ENDS = [
    # command, what the error says, exit code, signal
    (
        "crash",
        r"was ended by SIGSEGV at .*isolated_nodes.py:\d+ in do_crash, during call 2",
        "SIGSEGV",
    ),
    ("exit 4", "ended with exit code 4, during call 2 of process", 4),
    (
        "kill SIGKILL",
        "was ended by SIGKILL, during call 2 of process; the kernel does that",
        "SIGKILL",
    ),
    ("close_fds", "its worker process ended with exit code 1, during call 2", 1),
    ("write_fds", "wrote something else than messages to its connection", None),
]


@pytest.mark.parametrize(("command", "message", "how"), ENDS, ids=[end[0] for end in ENDS])
def test_the_error_says_how_the_worker_ended(
    command: str, message: str, how: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    session = Run(Commanded(isolate=True))
    session.push("print before the end")
    with pytest.raises(WorkerError, match=message) as caught:
        session.push(command)
    error = caught.value
    assert error.code == "RM3300"
    assert error.exit_code == (how if isinstance(how, int) else None)
    assert error.signal_name == (how if isinstance(how, str) else "")
    assert ("do_crash" in error.worker_traceback) == (command == "crash")
    with pytest.raises(WorkerError) as again:  # no worker takes its place
        session.push("pid")
    assert again.value is error
    session.executor.cleanup()
    output, errors = capfd.readouterr()
    assert output == ""
    assert errors.count("before the end\n") == 3


def test_a_pipeline_names_the_node_whose_worker_crashed(use_rust: bool) -> None:
    pipeline = Pipeline([PassThroughNode(), Commanded(name="fragile", isolate=True)])
    with pytest.raises(WorkerError) as caught:
        pipeline.run_sync(["first", "crash"], use_rust=use_rust)
    error = caught.value
    assert str(error).startswith(
        "Execution error: node 'fragile_1' (Commanded) failed in process: its worker process was "
        "ended by SIGSEGV at "
    )
    assert (error.node_id, error.node_type) == ("fragile_1", "Commanded")
    assert (error.stage, error.signal_name) == ("process", "SIGSEGV")
    assert error.partial_results == ["first"]
    assert "do_crash" in error.worker_traceback
    assert pickle.loads(pickle.dumps(error)).signal_name == "SIGSEGV"


def test_a_node_that_fails_in_initialize_is_cleaned_up(
    use_rust: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    texts = []
    for isolate in (False, True):
        with pytest.raises(NodeError) as caught:
            Pipeline([PassThroughNode(), Failing(isolate=isolate)]).run_sync([1], use_rust=use_rust)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]
    assert texts[0].endswith("(Failing) failed in initialize: LookupError: no model")
    output, errors = capfd.readouterr()
    assert (output, errors) == ("cleaned up\n", "cleaned up\n")


def test_a_worker_that_dies_between_two_items_is_missed_at_the_next() -> None:
    session = Run(Commanded(isolate=True))
    (worker,) = [packet.payload for packet in session.push("pid")]
    os.kill(worker, signal.SIGKILL)
    wait_for_ends([worker])
    with pytest.raises(WorkerError, match="was ended by SIGKILL"):
        session.push("pid")
    session.executor.cleanup()


def test_memory_above_a_limit_is_an_error_and_the_worker_lives_on() -> None:
    session = Run(Commanded(isolate=True))
    with pytest.raises(MemoryError):
        session.push("fill_memory")
    assert session.push("count")[0].payload == 2
    session.finish()


def test_a_restarted_worker_gets_the_item_again(caplog: pytest.LogCaptureFixture) -> None:
    """Once at most twice here; the state is lost, and each restart is told."""
    session = Run(Commanded(isolate={"restart": "on_failure", "max_restarts": 2}))
    first = session.push("pid")[0].payload
    with caplog.at_level(logging.WARNING, "remotemedia"):
        assert session.push("crash_once")[0].payload == 1  # call of a fresh node
    assert "was ended by SIGSEGV" in caplog.text
    assert "restart 1 of 2, its state is lost" in caplog.text
    assert session.push("pid")[0].payload != first
    with pytest.raises(WorkerError, match=r"ended with exit code 3, during .*no restart after 2$"):
        session.push("exit")
    with pytest.raises(WorkerError, match="ended with exit code 3"):
        session.push("pid")
    session.executor.cleanup()


def test_no_result_is_given_twice_by_a_restart() -> None:
    session = Run(Commanded(isolate={"restart": "on_failure"}))
    with pytest.raises(WorkerError, match="no restart: it had given 1 results"):
        session.push("emit_then exit")
    assert [packet.payload for packet in session.packets] == ["first"]
    session.executor.cleanup()


def test_a_streaming_node_cannot_be_restarted() -> None:
    with pytest.raises(ConfigurationError, match="expected 'never' for a streaming node"):
        Streaming(isolate={"restart": "on_failure"})


def test_a_held_node_keeps_its_worker_between_runs() -> None:
    """As `Pipeline.initialize` holds a node: initialised once, whatever runs come."""

    async def main() -> list[Any]:
        pipeline = Pipeline([Commanded(isolate=True)])
        await pipeline.initialize()
        runs = [await pipeline.run(["pid", "count"]) for _ in range(2)]
        async with pipeline.session() as session:  # has the worker, so a run at once has not
            await session.push("pid")
            assert await anext(session) == runs[0][0] != await pipeline.run(["pid"])
        with pytest.raises(WorkerError):
            await pipeline.run(["exit"])
        after = await pipeline.run(["count"])
        await pipeline.cleanup()
        return [*runs, after]

    (first, one), (second, two), after = asyncio.run(main())
    assert (first, one, two) == (second, 2, 4)
    assert after == 1
