"""FormatConverterNode, ExtractAudioDataNode and AudioBuffer in Python.

Twins of ``src/nodes/format_node.cc`` and ``src/nodes/audio_buffer_node.cc``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from .. import _kernels_numpy as kernels
from .._items import require_audio
from .._node_types import StreamFormat
from .._packet import Audio, Emit, Packet
from ._executor import PythonExecutor, frame_time, with_audio
from ._frames import FrameQueue

__all__ = [
    "AudioBufferExecutor",
    "ExtractExecutor",
    "FormatExecutor",
    "resolve_extract",
    "resolve_format",
]


class FormatExecutor(PythonExecutor):
    """Converts the sample format."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._target: str = parameters["target_format"]
        self._dither: bool = parameters["dither"] and self._target == "i16"
        self._position = 0  # in the clip, so that chunking does not change the dither

    def process(self, packet: Packet, emit: Emit) -> None:
        """Emit the packet's audio, converted."""
        audio = require_audio(packet)
        samples = kernels.convert_format(audio.samples, self._target, self._dither, self._position)
        self._position = 0 if packet.ends_clip else self._position + audio.frames
        emit(packet.with_payload(Audio(samples, audio.rate)), 0)


class ExtractExecutor(PythonExecutor):
    """Gives bare samples, channel after channel."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        pass

    def process(self, packet: Packet, emit: Emit) -> None:
        """Emit the packet's samples as a flat array."""
        audio = require_audio(packet)
        flat = Audio(np.ascontiguousarray(audio.samples).reshape(-1), audio.rate)
        emit(replace(packet, payload=flat, form="array"), 0)


class AudioBufferExecutor(PythonExecutor):
    """Cuts the stream into chunks of one size, across items."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._size: int = parameters["buffer_size_samples"]
        self._queue = FrameQueue()
        self._envelopes: deque[tuple[Packet, int]] = deque()  # and how many of their frames wait
        self._format: tuple[Any, ...] = ()  # of what is queued
        self._rate = 0
        self._position = 0

    def process(self, packet: Packet, emit: Emit) -> None:
        """Emit the chunks that the packet completes."""
        audio = require_audio(packet)
        stream = (audio.rate, audio.channels, audio.samples.dtype)
        if self._queue.frames and stream != self._format:
            self.flush(emit)
        if audio.frames == 0:
            return
        self._queue.push(audio.samples)
        self._envelopes.append((replace(packet, payload=None), audio.frames))
        self._format, self._rate = stream, audio.rate
        while self._queue.frames >= self._size:
            self._emit(self._size, emit)

    def flush(self, emit: Emit) -> None:
        """Emit the rest."""
        if self._queue.frames:
            self._emit(self._queue.frames, emit)

    def _emit(self, frames: int, emit: Emit) -> None:
        # The envelope is that of the chunk's first sample; chunks are cut across clips.
        envelope = replace(self._envelopes[0][0], ends_clip=False)
        time_ns = frame_time(self._position, self._rate)
        chunk = with_audio(envelope, Audio(self._queue.take(frames), self._rate), time_ns)
        self._position += frames
        while frames > 0:
            first, waiting = self._envelopes.popleft()
            if waiting > frames:
                self._envelopes.appendleft((first, waiting - frames))
            frames -= min(frames, waiting)
        emit(chunk, 0)


def resolve_format(parameters: Mapping[str, Any], fmt: StreamFormat) -> StreamFormat:
    """Give the format that comes out."""
    return replace(fmt, kind="audio", sample_format=parameters["target_format"])


def resolve_extract(parameters: Mapping[str, Any], fmt: StreamFormat) -> StreamFormat:
    """Give no format: bare samples are no audio."""
    return StreamFormat()
