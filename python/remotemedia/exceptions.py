"""Exceptions of the SDK: all are a `RemoteMediaError`, and each the built-in that it refines."""

from __future__ import annotations

import asyncio
import builtins
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any, ClassVar, Final, NoReturn

from ._messages import shortened

__all__ = [
    "CircuitOpenError",
    "ConfigurationError",
    "ItemTypeError",
    "ManifestError",
    "MediaIOError",
    "MissingExtraError",
    "NodeError",
    "NodeErrors",
    "NodeTimeoutError",
    "NodeTypeError",
    "PipelineError",
    "RemoteMediaError",
    "SerializationError",
    "WebRTCError",
    "WorkerError",
]

# A hostile text can put megabytes into an id or a type; no message needs more than this.
_MAX_MESSAGE_BYTES = 1_000


class RemoteMediaError(Exception):
    """Base of all errors.

    Parameters
    ----------
    message : str
        What is wrong with which value, and where.
    hint : str
        What to do about it; becomes the last part of the text.

    Attributes
    ----------
    code : str
        Stable name of the kind of error, e.g. ``"RM1000"``.
    hint : str
        What to do about it; may be empty.
    retryable : bool
        The same call may succeed later (files and connections), so a retry makes sense.
    """

    code: str = "RM0000"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
        self.hint = hint

    @property
    def message(self) -> str:
        """The text without the hint."""
        text = str(self)
        return text.removesuffix(f"; {self.hint}") if self.hint else text


class ConfigurationError(RemoteMediaError, ValueError):
    """A parameter or an argument is out of range, or contradicts another one."""

    code = "RM1000"


class PipelineError(RemoteMediaError):
    """A pipeline cannot be built, or cannot do that in its present state."""

    code = "RM2100"


class ManifestError(PipelineError, ValueError):
    """A manifest, or the graph it describes, is wrong.

    Attributes
    ----------
    pointer : str
        JSON pointer (RFC 6901) to the offending value; empty for the whole document.
    line : int
        Line in the text, from 1; 0 where the manifest did not come from text.
    """

    code = "RM2000"

    def __init__(
        self, message: str = "", *, hint: str = "", pointer: str = "", line: int = 0
    ) -> None:
        super().__init__(message, hint=hint)
        self.pointer = pointer
        self.line = line


class NodeError(RemoteMediaError, RuntimeError):
    """A node failed while it ran. ``__cause__`` is what the node raised, if it raised.

    Attributes
    ----------
    node_id, node_type : str
        Which node of the graph.
    stage : str
        ``"initialize"``, ``"process"`` or ``"flush"``.
    timestamp : str
        When it failed: UTC, ISO 8601.
    attempt : int
        Which call for the packet failed, from 1; more than 1 if it was repeated.
    partial_results : list
        Items that the graph had given before.
    """

    code = "RM3000"

    def __init__(
        self,
        message: str = "",
        *,
        hint: str = "",
        node_id: str = "",
        node_type: str = "",
        stage: str = "",
        attempt: int = 1,
        partial_results: Sequence[Any] = (),
    ) -> None:
        super().__init__(message, hint=hint)
        self.node_id = node_id
        self.node_type = node_type
        self.stage = stage
        self.attempt = attempt
        self.timestamp = datetime.now(timezone.utc).isoformat()
        self.partial_results = list(partial_results)

    @staticmethod
    def from_cause(
        node_id: str, node_type: str, stage: str, cause: BaseException, attempt: int = 1
    ) -> NodeError:
        """Say which node failed because of `cause`, in which attempt.

        It is a `NodeTypeError` if that is a `TypeError`, a `NodeTimeoutError` if it is a
        `TimeoutError`, a `CircuitOpenError` or a `WorkerError` with the same attributes if it is
        one.
        """
        kind = next((kind for kinds, kind in _NODE_ERRORS if isinstance(cause, kinds)), NodeError)
        of_worker: dict[str, Any] = {}
        if isinstance(cause, WorkerError):
            of_worker = {name: getattr(cause, name) for name in _OF_WORKER}
        text = retried_text(cause, attempt)
        error = kind(
            f"Execution error: node '{node_id}' ({node_type}) failed in {stage}: {text}",
            node_id=node_id,
            node_type=node_type,
            stage=stage,
            attempt=attempt,
            **of_worker,
        )
        error.hint = getattr(cause, "hint", "")
        error.__cause__ = cause
        return error


_OF_WORKER: Final = ("exit_code", "signal_name", "worker_traceback")


if sys.version_info >= (3, 11):
    _Group = builtins.ExceptionGroup[Exception]
else:

    class _Group(Exception):  # noqa: N818 - as the one of later versions
        """What groups have in common with those of later versions."""

        exceptions: tuple[Exception, ...]

        def __new__(cls, message: str, exceptions: Sequence[Exception]) -> Any:
            """Keep the exceptions."""
            made = super().__new__(cls, message, exceptions)
            made.exceptions = tuple(exceptions)
            return made


class NodeErrors(_Group, NodeError):  # noqa: N818 - several
    """Several nodes failed, on branches that run at the same time.

    An ``ExceptionGroup`` where Python has it (3.11), so that ``except*`` takes it apart. Its
    attributes are those of the first error.

    Attributes
    ----------
    exceptions : tuple of NodeError
        Of all nodes that failed, in graph order.
    """

    def __new__(cls, errors: Sequence[NodeError]) -> Any:
        """Make the group."""
        return super().__new__(cls, _message_of(errors), errors)

    def __init__(self, errors: Sequence[NodeError]) -> None:
        first = errors[0]
        NodeError.__init__(
            self,
            _message_of(errors),
            node_id=first.node_id,
            node_type=first.node_type,
            stage=first.stage,
            attempt=first.attempt,
        )

    def __str__(self) -> str:
        """Say what all nodes failed with."""
        return _message_of(self.exceptions)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the errors."""
        return type(self), (list(self.exceptions),)


def _message_of(errors: Sequence[BaseException]) -> str:
    return "; also ".join(str(error) for error in errors)


class NodeTypeError(NodeError, TypeError):
    """A node was given an item it cannot take."""


class WorkerError(NodeError):
    """The worker process of an isolated node ended, or could not be started.

    Also for what a node raised there, if its exception cannot be brought here.

    Attributes
    ----------
    exit_code : int or None
        Of the worker; None if it did not end, a signal ended it, or nobody knows.
    signal_name : str
        The signal that ended it, e.g. ``"SIGSEGV"``; empty if none did.
    worker_traceback : str
        The Python lines where it crashed or raised, in the worker; may be empty.
    """

    code = "RM3300"

    def __init__(
        self,
        message: str = "",
        *,
        exit_code: int | None = None,
        signal_name: str = "",
        worker_traceback: str = "",
        **details: Any,
    ) -> None:
        super().__init__(message, **details)
        self.exit_code = exit_code
        self.signal_name = signal_name
        self.worker_traceback = worker_traceback


class NodeTimeoutError(NodeError, TimeoutError):
    """A node did not give its result within its ``timeout_ms``, or raised a `TimeoutError`."""

    code = "RM3200"
    retryable = True


class CircuitOpenError(NodeError):
    """A node was not called, because it has failed too often in a row."""

    code = "RM3100"


_NODE_ERRORS: tuple[tuple[Any, type[NodeError]], ...] = (
    (TypeError, NodeTypeError),
    # The second one is another class before Python 3.11.
    ((TimeoutError, asyncio.TimeoutError), NodeTimeoutError),
    (CircuitOpenError, CircuitOpenError),
    (WorkerError, WorkerError),
)


class ItemTypeError(RemoteMediaError, TypeError):
    """An item of the wrong type, or of the right type with the wrong dtype or shape."""

    code = "RM5000"


class MediaIOError(RemoteMediaError, OSError):
    """A file could not be read or written.

    Attributes
    ----------
    path : str
        The file.
    partial_results : list
        What came out of a run before its input could not be read any further.
    """

    code = "RM4000"
    retryable = True

    def __init__(self, message: str = "", *, hint: str = "", path: str = "") -> None:
        super().__init__(message, hint=hint)
        self.path = path
        self.partial_results: list[Any] = []


class SerializationError(RemoteMediaError):
    """A value has no text form."""

    code = "RM6000"


class WebRTCError(RemoteMediaError):
    """A WebRTC connection failed."""

    code = "RM7000"
    retryable = True


class MissingExtraError(RemoteMediaError, ImportError):
    """An optional package is needed; the text names the command that installs it."""

    code = "RM8000"


def refuse(what: str, value: object, expected: str, hint: str = "") -> NoReturn:
    """Raise the configuration error "<what> is <value>, expected <expected>; <hint>"."""
    raise ConfigurationError(f"{what} is {value}, expected {expected}", hint=hint)


def refuse_argument(message: str, hint: str = "") -> NoReturn:
    """Raise the configuration error of an argument."""
    raise ConfigurationError(message, hint=hint)


def is_transient(error: BaseException) -> bool:
    """Whether the cause of an error may pass, so that the same call may succeed later.

    Files, connections and timeouts, and what has a true attribute ``transient`` or ``retryable``.
    """
    if isinstance(error, OSError | asyncio.TimeoutError):  # a TimeoutError is an OSError
        return True
    return bool(getattr(error, "transient", False) or getattr(error, "retryable", False))


def node_failure(
    node_id: str, node_type: str, stage: str, cause: BaseException, attempt: int = 1
) -> Exception:
    """Make the error of a node that failed because of `cause`."""
    return NodeError.from_cause(node_id, node_type, stage, cause, attempt)


def node_timeout(node_id: str, node_type: str, stage: str, timeout_ms: int) -> Exception:
    """Make the error of a node that was too slow."""
    message = f"Timeout: Node '{node_id}' exceeded timeout of {timeout_ms} ms"
    return NodeTimeoutError(message, node_id=node_id, node_type=node_type, stage=stage)


def open_circuit(node_id: str) -> Exception:
    """Make the error of a node that is not called, because it has failed too often in a row."""
    return CircuitOpenError(
        f"Circuit breaker is open for node '{node_id}' - too many consecutive failures",
        node_id=node_id,
    )


def refuse_type(message: str, hint: str = "") -> NoReturn:
    """Raise the type error of an item or an array."""
    raise ItemTypeError(message, hint=hint)


def fail_reading(path: str, problem: str, hint: str = "") -> NoReturn:
    """Raise the I/O error "cannot read '<path>': <problem>; <hint>"."""
    raise MediaIOError(f"I/O error: cannot read '{path}': {problem}", hint=hint, path=path)


def refuse_manifest(message: str, pointer: str = "", line: int = 0, hint: str = "") -> NoReturn:
    """Raise the error of a manifest, or of the graph it describes, with the position in words."""
    where = ", ".join(filter(None, (f"line {line}" if line > 0 else "", pointer)))
    text = shortened(message, _MAX_MESSAGE_BYTES) + (f" ({where})" if where else "")
    hint = shortened(hint, _MAX_MESSAGE_BYTES)
    raise ManifestError(f"Manifest error: {text}", hint=hint, pointer=pointer, line=line)


def retried_text(cause: BaseException, attempt: int) -> str:
    """Give the text of a failure in words, with the attempts if a repeat did not help."""
    text = str(cause) if isinstance(cause, RemoteMediaError) else _describe(cause)
    if attempt > 1 and is_transient(cause):
        return f"Retry exhausted after {attempt} attempts: {text}"
    return text


def _describe(cause: BaseException) -> str:
    name = type(cause).__name__
    try:
        text = str(cause)
    except Exception:  # of a user's class, whose failure must not hide that of the node
        return f"{name} without words: its __str__ fails"
    return f"{name}: {text}" if text else name
