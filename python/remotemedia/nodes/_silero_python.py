"""SileroVADNode in Python: the twin of ``src/nodes/silero_vad_node.cc``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from .. import _kernels_numpy as kernels
from .._items import require_audio
from .._joiner import all_rules, continued_metadata
from .._node_types import StreamFormat
from .._packet import Audio, Emit, NodeContext, Packet
from .._segmenter import SpeechEvent, SpeechSegmenter
from ..exceptions import refuse
from ._executor import PythonExecutor

__all__ = ["SileroExecutor", "resolve_silero"]

_RATES: Final = (16_000, 8_000)


@dataclass
class _Findings:
    """What one item's metadata say. Times are seconds of the clip."""

    probabilities: list[float] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    segments: list[list[float]] = field(default_factory=list)
    speech_frames: int = 0


class _Stream:
    """The detector and the segmenter of one stream at one rate, and what has been reported."""

    def __init__(self, rate: int, parameters: Mapping[str, Any], begin_s: float) -> None:
        self.rate = rate
        self.is_speech = False
        self._vad = kernels.SileroVAD(rate)
        self._segmenter = SpeechSegmenter(
            rate,
            parameters["threshold"],
            parameters["min_speech_duration_ms"],
            parameters["min_silence_duration_ms"],
            parameters["speech_pad_ms"],
        )
        self._begin_s = begin_s
        self._seen = 0
        self._reported = 0  # samples before it have been reported as speech or not
        self._last_end: int | None = None  # of the last segment
        self._speaking = False  # after a start event

    @property
    def end_s(self) -> float:
        return self._time_of(self._seen)

    @property
    def analysed_until_s(self) -> float:
        return self._time_of(self._reported)

    def process(self, audio: Audio, found: _Findings) -> None:
        self._seen += audio.frames
        for probability in self._vad.process(audio.samples).tolist():
            self._add_window(probability, self._vad.window_length, found)
        self._settle(self._segmenter.settled, found)

    def finish(self, found: _Findings) -> None:
        rest = self._vad.pending
        for probability in self._vad.flush().tolist():
            self._add_window(probability, rest, found)
        end = self._segmenter.position
        self._take(self._segmenter.finish(), found)
        self._settle(end, found)

    def _time_of(self, sample: int) -> float:
        return self._begin_s + sample / self.rate

    def _add_window(self, probability: float, samples: int, found: _Findings) -> None:
        found.probabilities.append(probability)
        self._take(self._segmenter.push(probability, samples), found)
        self.is_speech = self._segmenter.is_speech
        found.speech_frames += self.is_speech

    def _take(self, events: list[SpeechEvent], found: _Findings) -> None:
        for event in events:
            found.events.append({"event": event.kind, "time_s": self._time_of(event.sample)})
            self._settle(event.sample, found)
            self._speaking = event.kind == "start"

    def _settle(self, sample: int, found: _Findings) -> None:
        """Report what lies before `sample`; segments that touch are one, whatever the blocks."""
        if sample <= self._reported:
            return
        if self._speaking:
            if found.segments and self._last_end == self._reported:
                found.segments[-1][1] = self._time_of(sample)
            else:
                found.segments.append([self._time_of(self._reported), self._time_of(sample)])
            self._last_end = sample
        self._reported = sample


class SileroExecutor(PythonExecutor):
    """Says in the metadata what of the audio is speech.

    What is decided only when a stream ends leaves with an item of no frames.
    """

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._parameters = parameters
        self._expected_rate: int | None = parameters["sample_rate"]
        self._stream: _Stream | None = None
        self._analysed_until_s = 0.0
        self._last: Packet | None = None
        self._start_clip()

    def initialize(self, context: NodeContext) -> None:
        """Load the model, so that its absence is known before the first item."""
        kernels.SileroVAD(_RATES[0])

    def process(self, packet: Packet, emit: Emit) -> None:
        """Emit the packet with what was found."""
        audio = require_audio(packet)
        _check_input_rate(audio.rate, self._expected_rate)
        found = _Findings()
        if self._stream is not None and self._stream.rate != audio.rate:
            self._finish_stream(self._stream, found)
        if self._stream is None:
            self._stream = _Stream(audio.rate, self._parameters, self._begin_s)
        self._stream.process(audio, found)
        self._last = replace(packet, payload=replace(audio, samples=audio.samples[..., :0].copy()))
        if packet.ends_clip:
            self._finish_stream(self._stream, found)
        metadata = {**packet.metadata, **self._describe(found)}
        if packet.ends_clip:
            self._start_clip()
        emit(replace(packet, metadata=metadata), 0)

    def flush(self, emit: Emit) -> None:
        """Emit what the end of the stream decides."""
        if self._stream is None or self._last is None:
            return
        found = _Findings()
        self._finish_stream(self._stream, found)
        rest = replace(
            self._last,
            timestamp_ns=round(self._begin_s * 1e9),
            metadata={
                **continued_metadata(all_rules(), self._last.metadata),
                **self._describe(found),
            },
        )
        self._start_clip()
        emit(rest, 0)

    def cleanup(self) -> None:
        """Free the detector."""
        self._stream = None

    def _start_clip(self) -> None:
        self._begin_s = 0.0
        self._is_speech = False
        self._last = None

    def _finish_stream(self, stream: _Stream, found: _Findings) -> None:
        stream.finish(found)
        self._begin_s = stream.end_s
        self._analysed_until_s = stream.analysed_until_s
        self._is_speech = stream.is_speech
        self._stream = None

    def _describe(self, found: _Findings) -> dict[str, Any]:
        if self._stream is not None:
            self._is_speech = self._stream.is_speech
            self._analysed_until_s = self._stream.analysed_until_s
        windows = len(found.probabilities)
        return {
            "is_speech": found.speech_frames > 0 if windows > 0 else self._is_speech,
            "speech_frames": found.speech_frames,
            "total_frames": windows,
            "speech_segments": found.segments,
            "analysed_until_s": self._analysed_until_s,
            "speech_probabilities": found.probabilities,
            "speech_events": found.events,
        }


def resolve_silero(parameters: Mapping[str, Any], fmt: StreamFormat) -> StreamFormat:
    """Give the format that comes out; refuse a rate that the network or the user does not want."""
    expected = parameters["sample_rate"]
    if fmt.rate != 0:
        _check_input_rate(fmt.rate, expected)
    return fmt if expected is None else replace(fmt, rate=expected)


def _check_input_rate(rate: int, expected: int | None) -> None:
    if rate in (_RATES if expected is None else (expected,)):
        return
    refuse(
        "SileroVADNode: input rate",
        rate,
        "16000 or 8000 Hz" if expected is None else f"{expected} Hz",
        f"put an AudioResampleNode(target_sample_rate={expected or _RATES[0]}) in front",
    )
