"""Base of the executors that run built-in nodes where the native module is not in use."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .._arrays import FORMATS
from .._packet import Audio, Emit, NodeContext, Packet

__all__ = ["PythonExecutor", "format_name", "frame_time", "with_audio"]

_NAMES = {dtype: name for name, dtype in FORMATS.items()}


class PythonExecutor:
    """An executor that takes nothing and holds nothing back."""

    def initialize(self, context: NodeContext) -> None:
        """Take what the node needs."""

    def process(self, packet: Packet, emit: Emit) -> None:
        """Take one packet, emit 0..n results."""
        raise NotImplementedError

    def flush(self, emit: Emit) -> None:
        """Emit what is held back."""

    def cleanup(self) -> None:
        """Free what initialize took."""


def with_audio(packet: Packet, audio: Audio, timestamp_ns: int) -> Packet:
    """Give the envelope of `packet` around audio of another time; the metadata dict is its own."""
    return replace(packet, payload=audio, metadata=dict(packet.metadata), timestamp_ns=timestamp_ns)


def frame_time(frame: int, rate: int) -> int:
    """Time of a frame in ns."""
    return frame * 1_000_000_000 // rate


def format_name(audio: Audio) -> str:
    """Name of the sample format: "f32", "i16" or "i32"."""
    return _NAMES[np.dtype(audio.samples.dtype)]
