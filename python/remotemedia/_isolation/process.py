"""A worker process, seen from the pipeline's: started, asked, watched, and ended."""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from ..exceptions import refuse
from . import starting
from .cancelling import ended_by_cancel
from .channel import BLOCK_BYTES, Channel, Frame, StrangeMessageError, pack
from .ending import EndedError, describe_end, fault_of

__all__ = ["WorkerProcess", "check_platform"]

_BOOTSTRAP: Final = str(Path(__file__).with_name("bootstrap.py"))
_NUMBER: Final = struct.Struct("<i")
# From the end of a worker until its guard has told the status and has ended, too.
_STATUS_TIMEOUT_S: Final = 1.0
# Longest a worker may take for its interpreter's own end.
_EXIT_TIMEOUT_S: Final = 5.0
_MAX_CRASH_BYTES: Final = 1 << 16


def check_platform() -> None:
    """Refuse isolation where the kernel cannot promise that no worker outlives its pipeline."""
    try:
        os.close(os.pidfd_open(os.getpid()))
        os.close(os.memfd_create("remotemedia"))
    except (AttributeError, OSError):
        refuse("isolate", f"True on {sys.platform}", "False there", "it needs Linux 5.3 or later")


class WorkerProcess:
    """One worker. One thread at a time asks it, which `lock` is for; any thread may cancel.

    Attributes
    ----------
    lock : lock
        To be held around what belongs together: a request, its results and its answer.
    slots : set of int
        Sessions that have initialised the node in this worker and not cleaned it up yet.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.slots: set[int] = set()
        self._owner = os.getpid()
        self._deadline: float | None = None
        self._is_cancelled = False
        self._ended: EndedError | None = None
        self._status: list[int] = []  # pid of the worker, then how it ended
        self._connection, connection = socket.socketpair()
        self._lifeline, lifeline = socket.socketpair()
        memory = os.memfd_create("remotemedia-arrays")
        self._crash = os.memfd_create("remotemedia-crash")
        try:
            os.ftruncate(memory, 2 * BLOCK_BYTES)
            self._channel = Channel(self._connection, memory, is_worker=False, wait=self._wait)
            self._guard = _start(lifeline.fileno(), connection.fileno(), memory, self._crash)
        finally:
            os.close(memory)
            connection.close()
            lifeline.close()
        self._poll = select.poll()
        self._poll.register(self._connection, select.POLLIN)
        self._poll.register(self._lifeline, select.POLLIN)
        self._abandon = weakref.finalize(
            self, _abandon, self._owner, self._guard, self._lifeline, self._crash
        )
        self._abandon.atexit = False  # the guard sees that the process ends

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked, as far as one can see."""
        while self._ended is None and (ready := self._ready(0)):
            # Nothing but the worker's number is said before a question.
            is_number = ready == {self._lifeline.fileno()} and self._read_number()
            if not is_number or len(self._status) > 1:
                self._end()
        return self._ended is None

    def load(self, main: dict[str, Any], pickled: bytes, timeout_s: float) -> Frame:
        """Send the node, and give the answer; raises as `ask` does."""
        path = json.dumps(starting.module_path()).encode()
        try:
            self._connection.sendall(struct.pack("<I", len(path)) + path)
        except OSError:
            raise self._end() from None
        return self.ask(pack(("load", main, pickled)), timeout_s)

    def ask(self, frame: Frame, timeout_s: float | None = None) -> Frame:
        """Send a message and give the answer.

        Raises `EndedError` if the worker is gone, and if it takes longer than `timeout_s`: then it
        is killed.
        """
        if os.getpid() != self._owner:
            refuse(
                "the process",
                "a fork of the one that started the worker",
                "that one",
                "start the session after the fork",
            )
        if not self.is_alive:
            raise self._end()
        self._deadline = None if timeout_s is None else time.monotonic() + timeout_s
        try:
            with ended_by_cancel(self.cancel):
                answer = None if self._is_cancelled else self._talk(frame)
            if answer is None or self._is_cancelled:  # it may have been quicker than its end
                raise EOFError
            return answer
        except (OSError, EOFError, StrangeMessageError) as error:
            raise self._end(error) from None
        except BaseException:  # in the midst of a message: nothing that follows would fit
            self._let_go()
            raise

    def _talk(self, frame: Frame) -> Frame:
        self._channel.send(frame)
        return self._channel.receive()

    def cancel(self) -> None:
        """Kill it because its result is not wanted any more. Any thread."""
        self._is_cancelled = True
        self._let_go()

    def kill(self) -> None:
        """Kill it and all that it has started, and wait for that. Repeatable."""
        self._let_go()
        self._end()

    def end(self) -> None:
        """Have its interpreter end in its own way, or kill it; wait for that. Repeatable."""
        if self._ended is None:
            try:
                self._channel.send(pack(("end",)))
                self._read_lifeline(_EXIT_TIMEOUT_S)
            except OSError:  # it is gone already
                pass
        self.kill()

    # --- how it ends

    def _wait(self) -> None:
        """Wait until the worker has sent something; EOFError if it ended before."""
        while True:
            ready = self._ready(_milliseconds_until(self._deadline))
            if self._connection.fileno() in ready:
                return
            if not ready:
                raise TimeoutError
            if not self._read_number() or len(self._status) > 1:
                raise EOFError

    def _ready(self, timeout_ms: int | None) -> set[int]:
        """Wait for the worker's connection or its guard's lifeline; gives which has something."""
        return {number for number, _ in self._poll.poll(timeout_ms)}

    def _end(self, error: BaseException | None = None) -> EndedError:
        """Make sure that it is gone, and say how it went."""
        if self._ended is None:
            self._ended = self._make_ended(error)
        return self._ended

    def _make_ended(self, error: BaseException | None) -> EndedError:
        fault = fault_of(error)
        if fault or not self._read_lifeline(_STATUS_TIMEOUT_S):
            fault = fault or "closed its connection"
            self._let_go()
            self._read_lifeline(_STATUS_TIMEOUT_S)
        self._wait_for_guard()
        trace = os.pread(self._crash, _MAX_CRASH_BYTES, 0).decode(errors="replace").strip()
        self._channel.close()
        self._lifeline.close()
        os.close(self._crash)
        self._abandon.detach()
        return describe_end(self._status, trace, fault, self._is_cancelled)

    def _wait_for_guard(self) -> None:
        try:
            self._guard.wait(_STATUS_TIMEOUT_S)
        except subprocess.TimeoutExpired:  # stopped, perhaps: its end is the worker's, too
            self._guard.kill()
            self._guard.wait()
        if len(self._status) == 1:  # the guard did not live to see the worker's end
            _kill_group(self._status[0])

    def _let_go(self) -> None:
        try:
            self._lifeline.shutdown(socket.SHUT_WR)
        except OSError as error:
            if error.errno not in (errno.ENOTCONN, errno.EBADF):  # gone, or closed
                raise

    def _read_number(self) -> bool:
        """Read what the guard tells; False at the end of its messages."""
        data = self._lifeline.recv(_NUMBER.size, socket.MSG_WAITALL)
        if len(data) == _NUMBER.size:
            self._status += _NUMBER.unpack(data)
        return len(data) == _NUMBER.size

    def _read_lifeline(self, timeout_s: float) -> bool:
        """Wait for the guard's end; False if it takes longer."""
        deadline = time.monotonic() + timeout_s
        poll = select.poll()
        poll.register(self._lifeline, select.POLLIN)
        while poll.poll(_milliseconds_until(deadline)):
            if not self._read_number():
                return True
        return False


def _start(lifeline: int, connection: int, memory: int, crash: int) -> subprocess.Popen[bytes]:
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    numbers = map(str, (os.getpid(), lifeline, connection, memory, crash))
    return subprocess.Popen(
        [sys.executable, *flags, _BOOTSTRAP, *numbers],
        stdin=subprocess.DEVNULL,
        stdout=_error_output(),  # what a node prints must not mix with the program's output
        pass_fds=(lifeline, connection, memory, crash),
        start_new_session=True,  # signals of the terminal are for the pipeline's process
    )


def _error_output() -> int:
    try:
        os.fstat(2)
    except OSError:
        return subprocess.DEVNULL
    return 2


def _milliseconds_until(deadline: float | None) -> int | None:
    return None if deadline is None else max(0, round((deadline - time.monotonic()) * 1_000))


def _kill_group(worker: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(worker, signal.SIGKILL)


def _abandon(
    owner: int, guard: subprocess.Popen[bytes], lifeline: socket.socket, crash: int
) -> None:
    """End a worker that nobody has ended; in a fork of its owner it is none of our business."""
    os.close(crash)
    if os.getpid() != owner:
        return
    with suppress(OSError):
        lifeline.shutdown(socket.SHUT_WR)
    try:
        guard.wait(_STATUS_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        guard.kill()
        guard.wait()
