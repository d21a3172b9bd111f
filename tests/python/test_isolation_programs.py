"""Isolated nodes of a program's own file, and what a running session takes of the system."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from isolated_nodes import Commanded, Sync
from node_runs import RATE, Run
from processes import parent_of

PROGRAM = """
from remotemedia import Node, Pipeline

class Mine(Node):
    def process(self, data):
        return type(self).__name__, Item(data)

class Item:
    def __init__(self, value):
        self.value = value

def main():
    name, item = Pipeline([Mine(isolate=True)]).run_sync([7])
    print(name, item.value, type(item) is Item)
"""


def run_program(tmp_path: Path, text: str) -> subprocess.CompletedProcess[str]:
    path = tmp_path / "program.py"
    path.write_text(text)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, path],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_classes_of_a_program_work(tmp_path: Path) -> None:
    done = run_program(tmp_path, PROGRAM + "\nif __name__ == '__main__':\n    main()\n")
    assert (done.stdout, done.returncode) == ("Mine 7 True\n", 0), done.stderr


def test_a_program_without_a_guard_around_its_start_is_told_so(tmp_path: Path) -> None:
    done = run_program(tmp_path, PROGRAM + "\nmain()\n")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("remotemedia.exceptions.WorkerError: Execution error: node 'Mine_0'")
    assert last.endswith("put what it does under: if __name__ == '__main__':")


def open_files(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def mapped_memory(pid: int) -> list[str]:
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    return [line.split()[0] for line in lines if "memfd:remotemedia" in line]


def test_items_leave_nothing_open_and_no_memory_shared_beyond_the_two_blocks() -> None:
    session = Run(Commanded(isolate=True))
    worker = session.push("pid")[0].payload
    pids = [os.getpid(), worker, parent_of(worker)]
    block = (np.zeros(400_000, np.float32), RATE)
    session.push(block)
    before = [(open_files(pid), mapped_memory(pid)) for pid in pids]
    for _ in range(50):
        session.push(block)
        session.packets.clear()
    assert [(open_files(pid), mapped_memory(pid)) for pid in pids] == before
    assert [len(memory) for _, memory in before] == [1, 1, 0]  # the guard holds nothing
    session.finish()
    assert mapped_memory(os.getpid()) == []


def test_a_fork_of_the_program_cannot_talk_to_its_worker() -> None:
    session = Run(Sync(isolate=True))
    child = os.fork()
    if child == 0:
        try:
            session.push("item")
        except ValueError as error:
            os._exit(0 if "the process is a fork" in str(error) else 2)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert session.push("item")[0].payload == "item"
    session.finish()


@pytest.mark.parametrize(
    "name", ["numpy.testing", "multiprocessing", "remotemedia._native", "scipy"]
)
def test_a_worker_does_not_import_what_it_does_not_need(name: str) -> None:
    code = f"import sys, remotemedia._isolation.worker; sys.exit({name!r} in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], env=environment, timeout=60, check=True)
