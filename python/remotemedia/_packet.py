"""What travels through a graph: the Python twins of ``base/packet.h`` and ``graph/node.h``.

Both sessions, native and Python, hand these objects to the executors of Python nodes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, Protocol

from numpy.typing import NDArray

__all__ = [
    "Audio",
    "AwaitingExecutor",
    "Collected",
    "Emit",
    "Executor",
    "Form",
    "NodeContext",
    "Packet",
]

Form = Literal["tuple", "mapping", "array"]

_SHORT_BYTES: Final = 1 << 16
_SOON_DONE_BYTES: Final = 1 << 22


@dataclass(slots=True)
class Audio:
    """Samples and their rate in Hz.

    ``samples`` is float32, int16 or int32, of shape (channels, frames), or (frames,) where a mono
    item came as such.
    """

    samples: NDArray[Any]
    rate: int

    @property
    def channels(self) -> int:
        """Number of channels."""
        return 1 if self.samples.ndim == 1 else int(self.samples.shape[0])

    @property
    def frames(self) -> int:
        """Number of frames."""
        return int(self.samples.shape[-1])


@dataclass(slots=True)
class Packet:
    """One item of data with its envelope.

    Attributes
    ----------
    payload : Audio, str, Collected, any other object, or None (the call that starts a source)
    metadata : dict
        JSON values. A node that changes it makes a copy.
    form : {"tuple", "mapping", "array"}
        How an audio item was written, and is answered: ``(array, rate[, metadata])``,
        ``{"audio_data": ...}``, or the bare array of an ``ExtractAudioDataNode``.
    ends_clip : bool
        Nothing of this clip follows: what a node holds back of it leaves with this packet.
    timestamp_ns : int
        Media time of the first frame.
    """

    payload: Any = None
    metadata: dict[str, Any] = field(default_factory=dict)
    form: Form = "tuple"
    ends_clip: bool = False
    timestamp_ns: int = 0
    sequence: int = 0
    stream_id: int = 0
    generation: int = 0
    port: int = 0

    @property
    def is_short(self) -> bool:
        """Whether native nodes take less time for it than a change of threads."""
        return self._has_at_most(_SHORT_BYTES)

    @property
    def is_soon_done(self) -> bool:
        """Whether native nodes usually take so little time for it that Ctrl-C may wait."""
        return self._has_at_most(_SOON_DONE_BYTES)

    def _has_at_most(self, size: int) -> bool:
        payload = self.payload
        if isinstance(payload, Audio):
            return payload.samples.nbytes <= size
        return isinstance(payload, int | float) or (
            isinstance(payload, str) and len(payload) <= size
        )

    def with_payload(self, payload: Any) -> Packet:
        """Give the same envelope around another payload; the metadata dict is shared."""
        return replace(self, payload=payload)


@dataclass(slots=True)
class Collected:
    """Several packets as one, e.g. what a ``BufferNode`` collected."""

    packets: list[Packet]


@dataclass(frozen=True, slots=True)
class NodeContext:
    """What an executor learns before its first packet.

    ``loop`` is the event loop on which coroutines of the user run while the session works on
    another thread; None if the session works on the caller's own thread.
    """

    node_id: str
    node_type: str
    session_id: str
    loop: asyncio.AbstractEventLoop | None = None


# Sends a packet out of an output port; False once the session was cancelled.
Emit = Callable[[Packet, int], bool]


class Executor(Protocol):
    """A node of a running session, as ``graph/node.h`` defines it.

    One object per session; all calls come from one thread at a time. Errors are exceptions: the
    session adds node id, type and stage.
    """

    def initialize(self, context: NodeContext) -> None:
        """Take what the node needs."""

    def process(self, packet: Packet, emit: Emit) -> None:
        """Take one packet, emit 0..n results. A source gets one empty packet."""

    def flush(self, emit: Emit) -> None:
        """Emit what is held back: the input has ended."""

    def cleanup(self) -> None:
        """Free what initialize took. Called once, also after an error."""


class AwaitingExecutor(Executor, Protocol):
    """One whose `process` may wait without a thread, as ``AwaitingNode`` of ``graph/node.h``.

    A native session begins the call and goes on with it where ``awaits`` is true.
    """

    awaits: bool

    def begin(self, packet: Packet, emit: Emit, resume: Callable[[], None]) -> bool:
        """As `process`. False if the call waits: `resume` is called, then `go_on` has to be."""

    def go_on(self, emit: Emit, resume: Callable[[], None]) -> bool:
        """Go on with the call, as `begin`; `emit` is the same as before."""
