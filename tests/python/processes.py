"""What tests ask about processes; each wait is for an event of the kernel, and is bounded."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Iterable
from pathlib import Path

MARK = "REMOTEMEDIA_TEST_PROCESS"
TIMEOUT_S = 20.0  # of a loaded machine


def marked_processes() -> list[int]:
    """The processes that carry this one's mark: all it has started, and what those have."""
    mark = f"{MARK}={os.getpid()}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if mark in environment:
            found.append(int(entry.name))
    return found


def wait_for_marks(pids: Iterable[int]) -> list[int]:
    """All marked processes, once those of `pids` are among them.

    A program that has just been started has no environment for a moment: the kernel lays it after
    it has closed what `exec` closes, which is what `Popen` waits for.
    """
    awaited = set(pids)
    found: list[int] = []

    def are_marked() -> bool:
        found[:] = marked_processes()
        return awaited <= set(found)

    wait_until(are_marked)
    return found


def wait_for_ends(pids: Iterable[int], timeout_s: float = TIMEOUT_S) -> None:
    """Wait until none of the processes runs; a zombie has ended."""
    deadline = time.monotonic() + timeout_s
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            left_ms = max(0, round((deadline - time.monotonic()) * 1_000))
            if not poll.poll(left_ms):
                raise AssertionError(f"still runs: {_describe(pid)}")
        finally:
            os.close(descriptor)


def state_of(pid: int) -> str:
    """State letter of a process, e.g. "T" for a stopped one."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def wait_until(condition: Callable[[], bool], timeout_s: float = TIMEOUT_S) -> None:
    """Poll a state of which the kernel sends no event."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "the state did not come"
        os.sched_yield()


def _describe(pid: int) -> str:
    command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return f"{pid} ({state_of(pid)}): {command}"
