"""What fails between the processes: values that cannot travel, and exceptions that have to."""

from __future__ import annotations

import pickle
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

from .._packet import Packet
from ..exceptions import WorkerError, refuse_type
from .channel import Frame, MessageSizeError, pack

__all__ = ["SENDABLE_HINT", "Failure", "WorkerTraceback", "pack_packet"]

SENDABLE_HINT: Final = "use arrays, text, numbers, lists, dicts, or objects of classes in modules"

_PACKAGE: Final = str(Path(__file__).resolve().parent.parent)


class WorkerTraceback(Exception):  # noqa: N818 - not raised, shown by its name
    """The cause of an exception that came from a worker: where in the worker it was raised."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        """Give the traceback on lines of its own."""
        return f"\n{self.text}"


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception on its way: pickled if that works, and its text."""

    pickled: bytes | None
    summary: str
    text: str

    @staticmethod
    def of(error: BaseException) -> Failure:
        """Take an exception that was raised."""
        lines = traceback.format_exception(type(error), error, _users_part(error.__traceback__))
        summary = "".join(traceback.format_exception_only(type(error), error)).strip()
        return Failure(_pickled(error), summary, "".join(lines).rstrip())

    def to_exception(self) -> BaseException:
        """Make the exception again; a `WorkerError` if it cannot be had here."""
        error: BaseException | None = None
        if self.pickled is not None:
            try:
                made = pickle.loads(self.pickled)
            except Exception:  # its class is to blame; the text says it all
                made = None
            error = made if isinstance(made, BaseException) else None
        if error is None:
            error = WorkerError(self.summary, worker_traceback=self.text)
        error.__cause__ = WorkerTraceback(self.text)
        return error


def _pickled(error: BaseException) -> bytes | None:
    try:
        data = pickle.dumps(error)
        pickle.loads(data)
    except Exception:  # of whatever the exception holds
        return None
    return data


def _users_part(trace: TracebackType | None) -> TracebackType | None:
    """Leave out our own frames before the user's first one."""
    at = trace
    while at is not None and at.tb_frame.f_code.co_filename.startswith(_PACKAGE):
        at = at.tb_next
    return at or trace


def pack_packet(message: object, packet: Packet, what: str, does: str) -> Frame:
    """Pack a message with a packet; the type error "<what> cannot <does> the worker process"."""
    try:
        return pack(message)
    except MessageSizeError as error:
        problem = str(error)
    except Exception as error:  # of whatever the packet holds
        problem = f"{type(error).__name__}: {error}"
    kind = type(packet.payload).__name__
    refuse_type(f"{what} ({kind}) cannot {does} the worker process: {problem}", SENDABLE_HINT)
