"""FormatConverterNode, ExtractAudioDataNode and AudioBuffer in Python.

Twins of ``src/nodes/format_node.cc`` and ``src/nodes/audio_buffer_node.cc``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import _kernels_numpy as kernels
from .._items import require_audio
from .._joiner import all_rules, continued_metadata, merge_metadata, shifted_metadata
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


class _StreamClock:
    """The time in a stream whose rate may change."""

    def __init__(self) -> None:
        self._base_s = 0.0  # up to the last change of rate
        self._frames = 0  # since then
        self._rate = 0

    def advance(self, frames: int, rate: int) -> None:
        if rate != self._rate:
            self._base_s = self.seconds
            self._frames = 0
            self._rate = rate
        self._frames += frames

    @property
    def seconds(self) -> float:
        return self._base_s + self._frames / self._rate if self._rate else 0.0


@dataclass
class _Waiting:
    """An item's envelope and how many of its frames still wait."""

    envelope: Packet
    frames: int
    delivered: bool = False  # its declared metadata have left


class AudioBufferExecutor(PythonExecutor):
    """Cuts the stream into chunks of one size, across items and clips.

    What a detector said of an item (the metadata that a node type declares) leaves once, with the
    first chunk that has audio of the item, or that follows on an item without audio; other
    metadata are those of the item of the chunk's first sample.
    """

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._size: int = parameters["buffer_size_samples"]
        self._queue = FrameQueue()
        self._waiting: deque[_Waiting] = deque()
        self._format = Audio(np.zeros((1, 0), np.float32), 0)  # of what is queued, without frames
        self._clock = _StreamClock()  # of what has arrived
        self._clip_begin_s = 0.0
        self._position = 0  # frames that have left

    def process(self, packet: Packet, emit: Emit) -> None:
        """Emit the chunks that the packet completes."""
        audio = require_audio(packet)
        if self._queue.frames and _stream_of(audio) != _stream_of(self._format):
            self.flush(emit)
        metadata = shifted_metadata(packet.metadata, self._clip_begin_s)
        self._clock.advance(audio.frames, audio.rate)
        if packet.ends_clip:
            self._clip_begin_s = self._clock.seconds
        if audio.frames == 0 and not _declared(metadata):
            return
        self._queue.push(audio.samples)
        envelope = replace(packet, payload=None, metadata=metadata)
        self._waiting.append(_Waiting(envelope, audio.frames))
        self._format = replace(audio, samples=audio.samples[..., :0])
        while self._queue.frames >= self._size:
            self._emit(self._size, emit)

    def flush(self, emit: Emit) -> None:
        """Emit the rest."""
        if self._waiting:
            self._emit(self._queue.frames, emit)

    def _emit(self, frames: int, emit: Emit) -> None:
        first = next((item for item in self._waiting if item.frames > 0), self._waiting[0])
        envelope = replace(first.envelope, ends_clip=False)
        samples = self._queue.take(frames) if frames > 0 else self._format.samples
        time_ns = frame_time(self._position, self._format.rate)
        self._position += frames
        metadata = {**envelope.metadata, **self._take_declared(frames)}
        chunk = Audio(samples, self._format.rate)
        emit(with_audio(replace(envelope, metadata=metadata), chunk, time_ns), 0)

    def _take_declared(self, frames: int) -> dict[str, Any]:
        """Take frames, and the items without any among and behind them: their metadata in one."""
        blocks = []
        while self._waiting and (frames > 0 or self._waiting[0].frames == 0):
            item = self._waiting[0]
            blocks.append(_declared(item.envelope.metadata))
            used = min(frames, item.frames)
            item.frames -= used
            frames -= used
            if item.frames == 0:
                self._waiting.popleft()
            elif not item.delivered:
                item.delivered = True
                continued = continued_metadata(all_rules(), item.envelope.metadata)
                item.envelope = replace(item.envelope, metadata=continued)
        return merge_metadata(all_rules(), blocks)


def _stream_of(audio: Audio) -> tuple[Any, ...]:
    return audio.rate, audio.channels, audio.samples.dtype


def _declared(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metadata.items() if name in all_rules()}


def resolve_format(parameters: Mapping[str, Any], fmt: StreamFormat) -> StreamFormat:
    """Give the format that comes out."""
    return replace(fmt, kind="audio", sample_format=parameters["target_format"])


def resolve_extract(parameters: Mapping[str, Any], fmt: StreamFormat) -> StreamFormat:
    """Give no format: bare samples are no audio."""
    return StreamFormat()
