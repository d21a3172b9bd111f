"""AudioResampleNode and AudioTransform in Python: twins of ``src/nodes/resample_nodes.cc``."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .. import _kernels_numpy as kernels
from .._items import require_audio
from .._joiner import all_rules, continued_metadata, merge_metadata
from .._node_types import StreamFormat
from .._packet import Audio, Emit, Packet
from ..exceptions import refuse
from ._executor import PythonExecutor, frame_time, with_audio

__all__ = [
    "ResampleExecutor",
    "TransformExecutor",
    "resolve_resample",
    "resolve_transform",
]

_LOG: Final = logging.getLogger("remotemedia")

Samples = NDArray[Any]


class StreamResampler:
    """Resamples a stream of audio packets and keeps their envelopes.

    What a packet completes leaves with its metadata, and with those of packets before it that
    completed nothing; the rest leaves with those of the last packet, less what would be counted
    twice. A packet that ends a clip leaves with all that is left of it, and times start anew. A
    change of rate or channels flushes and goes on. `finish` is applied to each result of shape
    (channels, frames).
    """

    def __init__(
        self,
        target_rate: int,
        quality: str,
        mono: bool,
        mode: str,
        finish: Callable[[Samples], Samples],
    ) -> None:
        self._target_rate = target_rate
        self._quality = quality
        self._mono = mono
        self._mode = mode
        self._finish = finish
        self._resampler: kernels.Resampler | None = None
        self._input = (0, 0)  # rate and channels
        self._envelope = Packet()
        self._waiting: dict[str, Any] | None = None  # metadata that have not left yet
        self._one_dimensional = False
        self._start_clip()

    def process(self, packet: Packet, emit: Emit) -> None:
        """Emit what the packet completes."""
        audio = require_audio(packet)
        samples = kernels.convert_format(np.atleast_2d(audio.samples), "f32", False)
        if self._input != (audio.rate, audio.channels):
            if self._resampler is not None:
                self._emit_rest(emit)
            self._start(audio)
        self._envelope = replace(packet, payload=None)
        blocks = [packet.metadata] if self._waiting is None else [self._waiting, packet.metadata]
        self._waiting = merge_metadata(all_rules(), blocks)
        self._one_dimensional = audio.samples.ndim == 1
        self._received = True
        unchanged = audio.rate == self._target_rate and self._outputs == audio.channels
        result = samples if unchanged else self._resampled(samples, packet.ends_clip)
        if result.shape[1] > 0 or packet.ends_clip:
            self._emit(result, emit)
        if packet.ends_clip:
            self._start_clip()

    def flush(self, emit: Emit) -> None:
        """Emit the rest of the stream."""
        if self._resampler is not None:
            self._emit_rest(emit)
        self._start_clip()

    def _start(self, audio: Audio) -> None:
        self._input = (audio.rate, audio.channels)
        self._outputs = 1 if self._mono else audio.channels
        self._resampler = kernels.Resampler(
            audio.rate,
            self._target_rate,
            audio.channels,
            self._quality,
            self._mono,
            mode=self._mode,
        )

    def _start_clip(self) -> None:
        self._received = False  # any packet of this clip
        self._emitted = False
        self._emitted_frames = 0

    def _resampled(self, samples: Samples, to_the_end: bool) -> Samples:
        assert self._resampler is not None
        ready = self._resampler.process(samples)
        if not to_the_end:
            return ready
        return np.concatenate([ready, np.atleast_2d(self._resampler.flush())], axis=1)

    def _emit_rest(self, emit: Emit) -> None:
        assert self._resampler is not None
        rest = np.atleast_2d(self._resampler.flush())
        # An empty clip gives an empty clip, not nothing.
        if rest.shape[1] > 0 or (self._received and not self._emitted):
            self._emit(rest, emit)

    def _emit(self, samples: Samples, emit: Emit) -> None:
        timestamp_ns = frame_time(self._emitted_frames, self._target_rate)
        self._emitted_frames += samples.shape[1]
        self._emitted = True
        samples = self._finish(samples)
        if self._one_dimensional and len(samples) == 1:
            samples = samples[0]
        envelope = replace(self._envelope, metadata=self._take_metadata())
        emit(with_audio(envelope, Audio(samples, self._target_rate), timestamp_ns), 0)

    def _take_metadata(self) -> dict[str, Any]:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            return waiting
        return continued_metadata(all_rules(), self._envelope.metadata)


class ResampleExecutor(PythonExecutor):
    """Changes the sample rate."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._stream = StreamResampler(
            parameters["target_sample_rate"],
            parameters["quality"],
            parameters["mono"],
            parameters["mode"],
            lambda samples: samples,
        )

    def process(self, packet: Packet, emit: Emit) -> None:
        """Emit what the packet completes."""
        self._stream.process(packet, emit)

    def flush(self, emit: Emit) -> None:
        """Emit the rest."""
        self._stream.flush(emit)


class TransformExecutor(PythonExecutor):
    """Changes rate and channels: the mean before filtering, copies after it, or the first ones."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._channels: int = parameters["output_channels"]
        self._stream = StreamResampler(
            parameters["output_sample_rate"],
            "high",
            self._channels == 1,
            "live",
            self._with_copies,
        )
        self._warned = False

    def process(self, packet: Packet, emit: Emit) -> None:
        """Emit what the packet completes."""
        audio = require_audio(packet)
        _check_channels_suffice(audio.channels, self._channels)
        if self._channels > 1 and audio.channels > self._channels:
            if not self._warned:
                _LOG.warning(
                    "AudioTransform keeps %d of %d channels", self._channels, audio.channels
                )
                self._warned = True
            packet = packet.with_payload(Audio(audio.samples[: self._channels], audio.rate))
        self._stream.process(packet, emit)

    def flush(self, emit: Emit) -> None:
        """Emit the rest."""
        self._stream.flush(emit)

    def _with_copies(self, samples: Samples) -> Samples:
        if len(samples) == self._channels:
            return samples
        return np.repeat(samples, self._channels, axis=0)


def resolve_resample(parameters: Mapping[str, Any], fmt: StreamFormat) -> StreamFormat:
    """Give the format that comes out."""
    channels = 1 if parameters["mono"] else fmt.channels
    return StreamFormat("audio", parameters["target_sample_rate"], channels, "f32")


def resolve_transform(parameters: Mapping[str, Any], fmt: StreamFormat) -> StreamFormat:
    """Give the format that comes out; refuse more channels than there are."""
    channels = parameters["output_channels"]
    _check_channels_suffice(fmt.channels, channels)
    return StreamFormat("audio", parameters["output_sample_rate"], channels, "f32")


def _check_channels_suffice(present: int, wanted: int) -> None:
    if present > 1 and wanted > present:
        refuse(
            "output_channels",
            wanted,
            f"1..{present} for audio with that many channels",
            "only mono can be copied to more channels",
        )
