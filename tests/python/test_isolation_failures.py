"""What goes wrong in a worker that lives on: errors arrive whole, and the next call works."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from isolated_nodes import Commanded, Unreadable
from node_runs import RATE, Run
from processes import marked_processes, wait_for_ends
from remotemedia import ItemTypeError, NodeError, NodeTypeError, Pipeline, WorkerError
from remotemedia._isolation.failures import WorkerTraceback
from remotemedia.nodes import PassThroughNode

SHARED_WORKERS = True  # the module's own fixture looks at what is left


@pytest.fixture(scope="module")
def session() -> Iterator[Run]:
    run = Run(Commanded(isolate=True))
    yield run
    run.finish()
    wait_for_ends(marked_processes())


@pytest.fixture(autouse=True)
def _same_worker(session: Run) -> Iterator[None]:
    before = session.push("pid")[0].payload
    yield
    assert session.push("pid")[0].payload == before


def test_what_a_node_raises_arrives_as_it_is_with_the_users_line(session: Run) -> None:
    with pytest.raises(ValueError, match=r"^too loud$") as caught:
        session.push("raise too loud")
    cause = caught.value.__cause__
    assert isinstance(cause, WorkerTraceback)
    assert "isolated_nodes.py" in cause.text
    assert "raise ValueError(text)" in cause.text
    assert "_user_node.py" not in cause.text


def test_an_exception_that_cannot_be_brought_here_is_told_in_words(session: Run) -> None:
    with pytest.raises(WorkerError, match="LocalError: too loud") as caught:
        session.push("raise_local too loud")
    assert "raise LocalError(text)" in caught.value.worker_traceback
    assert caught.value.exit_code is None


def test_a_result_that_cannot_be_sent_is_an_error(session: Run) -> None:
    expected = "a result .dict. cannot leave the worker process: .*cannot pickle '_thread.lock'"
    with pytest.raises(ItemTypeError, match=expected):
        session.push("unsendable")


def test_a_result_that_cannot_be_read_is_an_error_after_those_before_it(session: Run) -> None:
    before = len(session.packets)
    with pytest.raises(ItemTypeError, match="cannot be read: RuntimeError: not here"):
        session.push("emit_then unreadable")
    assert [packet.payload for packet in session.packets[before:]] == ["first"]


def test_an_item_that_cannot_be_sent_is_an_error(session: Run) -> None:
    with pytest.raises(ItemTypeError, match=r"an item .lock. cannot be sent to the worker"):
        session.push(threading.Lock())


def test_an_item_that_the_worker_cannot_read_is_an_error(session: Run) -> None:
    with pytest.raises(RuntimeError, match="not here"):
        session.push(Unreadable())


def test_a_result_larger_than_the_shared_memory_arrives_whole(session: Run) -> None:
    (packet,) = session.push("zeros 5000000")
    assert packet.payload.samples.shape == (5_000_000,)
    assert not packet.payload.samples.any()
    sent = np.arange(3_000_000, dtype=np.float32)
    (packet,) = session.push((sent, RATE))
    assert (packet.payload.samples == sent).all()


def test_endless_recursion_is_an_error(session: Run) -> None:
    with pytest.raises(RecursionError):
        session.push("recurse")


def test_a_child_that_a_node_forks_does_not_answer_in_its_place(session: Run) -> None:
    assert [p.payload for p in session.push("fork_and_return")] == ["parent"]


def test_the_node_of_the_program_is_not_changed(session: Run) -> None:
    node: Any = session.executor._node  # type: ignore[attr-defined]
    assert session.push("count")[0].payload > node.count == 0


@pytest.mark.parametrize("command", ["raise oops", "type_error oops"])
def test_a_pipeline_raises_the_same_error_as_without_isolation(
    command: str, use_rust: bool
) -> None:
    texts = []
    for isolate in (False, True):
        pipeline = Pipeline([PassThroughNode(), Commanded(name="n", isolate=isolate)])
        with pytest.raises(NodeError) as caught:
            pipeline.run_sync(["first", command], use_rust=use_rust)
        error = caught.value
        assert isinstance(error, NodeTypeError) == command.startswith("type")
        texts.append((str(error), error.stage, error.node_id, error.partial_results))
        assert pickle.loads(pickle.dumps(error)).args == error.args
    assert texts[0] == texts[1]
