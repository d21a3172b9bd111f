"""No worker outlives its pipeline's process, in whatever state that is killed."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import remotemedia
from isolated_nodes import Commanded
from node_runs import Run
from orphan_program import STATES
from processes import (
    marked_processes,
    parent_of,
    state_of,
    wait_for_ends,
    wait_for_marks,
    wait_until,
)
from remotemedia import WorkerError
from remotemedia._isolation import process

PROGRAM = Path(__file__).with_name("orphan_program.py")


@pytest.fixture
def program() -> Iterator[subprocess.Popen[str]]:
    started = subprocess.Popen([sys.executable, PROGRAM], stderr=subprocess.PIPE, text=True)
    with started:
        yield started
        started.kill()


def read_states(program: subprocess.Popen[str]) -> dict[str, list[int]]:
    """Read until each state has been reached; gives the pids of the workers, and of children."""
    assert program.stderr is not None
    pids: dict[str, list[int]] = {}
    while not set(STATES) <= set(pids):
        line = program.stderr.readline()
        assert line, "the program ended"
        state, pid = line.split()
        pids.setdefault(state, []).append(int(pid))
    return pids


def test_nothing_outlives_a_killed_program(program: subprocess.Popen[str]) -> None:
    shared_memory = set(os.listdir("/dev/shm"))
    pids = read_states(program)
    (stopped,) = pids["stopped"]
    os.kill(stopped, signal.SIGSTOP)
    wait_until(lambda: state_of(stopped) == "T")
    workers = [pid for state in STATES for pid in pids[state]]
    everything = wait_for_marks([*workers, *pids["child"], program.pid])
    # Beside the program and what nodes have started: a guard and a worker for each state.
    assert len(everything) == 1 + len(pids["child"]) + 2 * len(STATES)

    program.kill()
    wait_for_ends(everything)
    assert marked_processes() == []
    assert set(os.listdir("/dev/shm")) == shared_memory


@pytest.mark.parametrize("is_running", [True, False])
def test_a_guard_whose_program_is_gone_starts_no_worker(is_running: bool) -> None:
    bootstrap = Path(remotemedia.__file__).parent / "_isolation" / "bootstrap.py"
    other = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    if not is_running:
        other.communicate()
    descriptor = str(os.open(os.devnull, os.O_RDWR))
    arguments = [str(other.pid), *[descriptor] * 4]
    done = subprocess.run(
        [sys.executable, bootstrap, *arguments],
        pass_fds=[int(descriptor)],
        stderr=subprocess.PIPE,
        timeout=20,
        check=False,
    )
    os.close(int(descriptor))
    if is_running:
        other.communicate()
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_worker_ends_with_its_guard() -> None:
    session = Run(Commanded(isolate=True))
    worker = session.push("pid")[0].payload
    os.kill(parent_of(worker), signal.SIGKILL)
    wait_for_ends([worker])
    with pytest.raises(WorkerError, match="was ended together with its guard"):
        session.push("pid")
    session.executor.cleanup()


def test_a_guard_that_is_stopped_does_not_keep_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_STATUS_TIMEOUT_S", 0.1)
    session = Run(Commanded(isolate=True))
    everything = [session.push("pid")[0].payload, *session.push("child")[0].payload[:2]]
    guard = parent_of(everything[0])
    os.kill(guard, signal.SIGSTOP)
    wait_until(lambda: state_of(guard) == "T")
    session.executor._worker.kill()  # type: ignore[attr-defined]
    wait_for_ends([guard, *everything])
    for pid in marked_processes():  # what left the group has nobody to end it but a running guard
        os.kill(pid, signal.SIGKILL)


def test_a_session_that_is_dropped_takes_its_worker_along() -> None:
    session = Run(Commanded(isolate=True))
    _, *children = session.push("child")[0].payload
    everything = wait_for_marks(children)
    assert set(children) < set(everything)
    del session
    gc.collect()
    wait_for_ends(everything)


def test_a_program_that_just_ends_leaves_nothing_and_loses_no_result() -> None:
    program = "\n".join(
        [
            "from isolated_nodes import Commanded",
            "from node_runs import Run",
            "if __name__ == '__main__':",
            "    session = Run(Commanded(isolate=True))",
            "    print(session.push('child')[0].payload)",
        ]
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.startswith("[")
    wait_for_ends(json.loads(done.stdout))
