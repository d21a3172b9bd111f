"""How a worker ended: what its guard told, and what it wrote while it crashed."""

from __future__ import annotations

import os
import re
import signal
import sysconfig
from typing import Final

from .channel import StrangeMessageError

__all__ = ["EndedError", "describe_end", "fault_of"]

_LATE: Final = "did not answer in time"
_FRAME: Final = re.compile(r'^  File "(.*)", line (\d+) in (.*)$', re.MULTILINE)
_INSTALLED: Final = tuple(
    sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")
)


class EndedError(Exception):
    """The worker is gone.

    Attributes
    ----------
    exit_code : int or None
        None if a signal ended it, or if it is unknown.
    signal_name : str
        E.g. "SIGSEGV"; empty if no signal ended it.
    trace : str
        What it wrote while it crashed: Python's lines of all its threads; may be empty.
    is_cancelled : bool
        `WorkerProcess.cancel` ended it.
    is_late : bool
        It did not answer in time, and was killed.
    """

    def __init__(
        self,
        reason: str,
        exit_code: int | None,
        signal_name: str,
        trace: str,
        *,
        is_cancelled: bool,
        is_late: bool,
    ) -> None:
        super().__init__(reason)
        self.is_late = is_late
        self.exit_code = exit_code
        self.signal_name = signal_name
        self.trace = trace
        self.is_cancelled = is_cancelled


def fault_of(error: BaseException | None) -> str:
    """Say for what a worker that may still live is killed; empty if it has ended by itself."""
    if isinstance(error, TimeoutError):
        return _LATE
    return (
        "wrote something else than messages to its connection"
        if isinstance(error, StrangeMessageError)
        else ""
    )


def describe_end(status: list[int], trace: str, fault: str, is_cancelled: bool) -> EndedError:
    """Make the error of a worker.

    `status` is what the guard told: the pid, then the status of `os.waitpid` if it lived to see it.
    """
    told = len(status) > 1 and not fault  # else it was killed for its fault
    code = os.waitstatus_to_exitcode(status[1]) if told else None
    exit_code = code if code is not None and code >= 0 else None
    name = _signal_name(-code) if code is not None and code < 0 else ""
    if fault:
        reason = fault
    elif name:
        reason = f"was ended by {name}"
    elif exit_code is not None:
        reason = f"ended with exit code {exit_code}"
    else:
        reason = "was ended together with its guard"
    return EndedError(
        reason + _place(trace),
        exit_code,
        name,
        trace,
        is_cancelled=is_cancelled,
        is_late=fault == _LATE,
    )


def _place(trace: str) -> str:
    """Say where it crashed: the innermost line that is not Python's own or of a package."""
    frames = _FRAME.findall(trace)
    users = [frame for frame in frames if not frame[0].startswith(_INSTALLED)]
    return " at {}:{} in {}".format(*(users or frames)[0]) if frames else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
