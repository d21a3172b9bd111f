"""The first code of a worker process, which is two: a guard, and its child, the worker.

The guard runs no code of users, so it can do what the worker cannot promise: when the pipeline's
process ends, however it ends, when that process lets go, or when the worker ends, the guard kills
the worker's process group and everything that the worker has left behind. Should the guard itself
be killed, the kernel kills the worker.

Run as a script: arguments are the pid of the pipeline's process and the numbers of the inherited
file descriptors. Needs the standard library only, so that the guard stays small.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import struct
import sys
from contextlib import suppress

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Become the guard, and in a child the worker."""
    parent, lifeline, channel, memory, crash = map(int, sys.argv[1:])
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)  # what the worker leaves behind becomes a child of ours
    try:
        parent_end = os.pidfd_open(parent)
    except ProcessLookupError:
        return
    if os.getppid() != parent:  # it ended before, and its number may be another's
        return
    guard = os.getpid()
    worker = os.fork()
    if worker == 0:
        os.setpgid(0, 0)
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guard:
            os._exit(1)
        os.close(lifeline)
        os.close(parent_end)
        _become_worker(channel, memory, crash)
        return
    for descriptor in (channel, memory, crash):
        os.close(descriptor)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # for the pipeline's process to obey, not for us
    _set_group(worker)
    _watch(worker, parent_end, lifeline)
    os._exit(0)


def _watch(worker: int, parent_end: int, lifeline: int) -> None:
    _tell(lifeline, worker)
    worker_end = os.pidfd_open(worker)
    poll = select.poll()
    for descriptor in (parent_end, lifeline, worker_end):
        poll.register(descriptor, select.POLLIN)
    poll.poll()
    _kill_group(worker)
    _, status = os.waitpid(worker, 0)
    _tell(lifeline, status)
    _sweep()


def _kill_group(worker: int) -> None:
    # The worker is not waited for yet, so its number is still its own, dead or alive.
    for kill in (os.killpg, os.kill):
        with suppress(ProcessLookupError):
            kill(worker, signal.SIGKILL)


def _sweep() -> None:
    """Kill what has left the worker's group: it became ours when its own parent ended."""
    while True:
        try:
            with open(f"/proc/self/task/{os.getpid()}/children") as file:
                children = [int(child) for child in file.read().split()]
        except OSError:  # a kernel that does not tell: the group was killed, at least
            return
        for child in children:
            with suppress(OSError):  # it may have taken the rights of another user
                os.kill(child, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _tell(lifeline: int, number: int) -> None:
    with suppress(OSError):  # nobody is there any more
        os.write(lifeline, struct.pack("<i", number))


def _set_group(worker: int) -> None:
    with suppress(OSError):  # it has ended
        os.setpgid(worker, worker)  # as the worker does: whoever is first


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl failed")


def _become_worker(channel: int, memory: int, crash: int) -> None:
    import faulthandler
    import socket
    import traceback

    faulthandler.enable(crash)
    connection = socket.socket(fileno=channel)
    try:
        sys.path[:] = _receive_path(connection)
        from remotemedia._isolation.worker import serve

        serve(connection, memory)
    except SystemExit:
        raise
    except BaseException:
        os.write(crash, traceback.format_exc().encode(errors="replace"))
        raise SystemExit(1) from None


def _receive_path(connection: object) -> list[str]:
    """Read the first message: where modules are found."""
    import json

    (size,) = struct.unpack("<I", _receive(connection, 4))
    path: list[str] = json.loads(_receive(connection, size))
    return path


def _receive(connection: object, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))  # type: ignore[attr-defined]
        if not more:
            raise SystemExit(0)  # the pipeline's process let go
        data += more
    return data


if __name__ == "__main__":
    main()
