"""VADNode in Python: the twin of ``src/nodes/vad_node.cc``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels_numpy as kernels
from .._items import require_audio
from .._node_types import StreamFormat
from .._packet import Emit, Packet
from ..exceptions import refuse
from ._executor import PythonExecutor

__all__ = ["VadExecutor", "resolve_vad"]


class VadExecutor(PythonExecutor):
    """Says in the metadata what of the audio is speech. A partial frame that ends a clip is not."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._frame_duration_ms: int = parameters["frame_duration_ms"]
        self._threshold: float = parameters["energy_threshold"]
        self._aggressiveness: int = parameters["aggressiveness"]
        self._expected_rate: int | None = parameters["sample_rate"]
        self._vad: kernels.EnergyVAD | None = None
        self._rate = 0  # of the detector
        self._start_clip()

    def process(self, packet: Packet, emit: Emit) -> None:
        """Emit the packet with what was found."""
        audio = require_audio(packet)
        if self._expected_rate is not None:
            _check_rate_is(audio.rate, self._expected_rate)
        if self._vad is None or self._rate != audio.rate:
            self._vad = self._start(audio.rate)
        decisions = self._vad.process(audio.samples)
        self._seen += audio.frames
        found = self._describe(decisions, self._vad.frame_length)
        if packet.ends_clip:
            self._start_clip()
        emit(replace(packet, metadata={**packet.metadata, **found}), 0)

    def _start_clip(self) -> None:
        self._vad = None
        self._base_s = 0.0  # stream time at which the present detector started
        self._seen = 0
        self._next_frame = 0
        self._last_is_speech = False

    def _start(self, rate: int) -> kernels.EnergyVAD:
        if self._vad is not None:
            self._base_s += self._seen / self._rate
        self._rate = rate
        self._seen = 0
        self._next_frame = 0
        return kernels.EnergyVAD(
            rate, self._frame_duration_ms, self._threshold, self._aggressiveness
        )

    def _describe(self, decisions: NDArray[np.bool_], frame_length: int) -> dict[str, Any]:
        def time_of(frame: int) -> float:
            return self._base_s + frame * frame_length / self._rate

        first = self._next_frame
        changes = np.flatnonzero(np.diff(decisions, prepend=False, append=False)).tolist()
        segments = [
            [time_of(first + begin), time_of(first + end)]
            for begin, end in zip(changes[::2], changes[1::2], strict=True)
        ]
        speech_frames = int(np.count_nonzero(decisions))
        is_speech = speech_frames > 0
        if len(decisions) > 0:
            self._last_is_speech = bool(decisions[-1])
        else:
            is_speech = self._last_is_speech
        self._next_frame += len(decisions)
        return {
            "is_speech": is_speech,
            "speech_frames": speech_frames,
            "total_frames": len(decisions),
            "speech_segments": segments,
            "analysed_until_s": time_of(self._next_frame),
        }


def resolve_vad(parameters: Mapping[str, Any], fmt: StreamFormat) -> StreamFormat:
    """Give the format that comes out; refuse another rate than the expected one."""
    expected = parameters["sample_rate"]
    if expected is None:
        return fmt
    if fmt.rate != 0:
        _check_rate_is(fmt.rate, expected)
    return replace(fmt, rate=expected)


def _check_rate_is(rate: int, expected: int) -> None:
    if rate != expected:
        refuse(
            "VADNode: input rate",
            rate,
            f"{expected} Hz",
            f"put an AudioResampleNode(target_sample_rate={expected}) in front, "
            "or leave sample_rate out",
        )
