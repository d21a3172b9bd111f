"""VADTriggeredBuffer in Python.

Twins of ``src/nodes/utterance_cutter.h`` and ``src/nodes/vad_triggered_buffer_node.cc``.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NoReturn

from numpy.typing import NDArray

from .._items import require_audio
from .._messages import to_json
from .._node_types import StreamFormat
from .._packet import Audio, Emit, Packet
from ..exceptions import refuse
from ._executor import PythonExecutor, format_name, frame_time
from ._frames import FrameQueue

__all__ = ["UtteranceExecutor", "resolve_utterances"]

Samples = NDArray[Any]

# What a detector says of the single item; it would be wrong for the utterance.
_ITEM_FIELDS: Final = (
    "is_speech",
    "speech_ratio",
    "avg_energy",
    "frame_duration_ms",
    "speech_frames",
    "total_frames",
    "speech_segments",
    "analysed_until_s",
    "speech_probabilities",
    "speech_events",
)
_MAX_SECONDS: Final = 1e9  # nothing a detector gives is longer than a stream can be
_MOST_WAITING_S: Final = 60  # a detector decides within a fraction of one


@dataclass(frozen=True)
class Limits:
    """Limits of utterances, in frames."""

    min_speech: int  # of speech that make an utterance
    max_length: int  # from the first speech; the utterance ends there
    silence: int  # that end an utterance with enough speech
    pre_speech: int  # kept from before the first speech
    silence_gap: int  # after which a too short utterance is dropped


class UtteranceCutter:
    """Cuts utterances out of a stream of speech and silence runs.

    Every rule acts at an exact frame, so how the runs are split does not matter. `sink` gets an
    utterance and the stream's frame at which it begins.
    """

    def __init__(
        self, limits: Limits, started: Callable[[], None], sink: Callable[[Samples, int], None]
    ) -> None:
        self._limits = limits
        self._started = started
        self._sink = sink
        self._pre = FrameQueue()
        self._utterance = FrameQueue()
        self._active = False
        self._pre_frames = 0  # of the present utterance
        self._speech_frames = 0  # of the present utterance
        self._silence_frames = 0  # at its end
        self._position = 0  # frames of the stream so far

    def add(self, run: Samples, is_speech: bool) -> None:
        """Add frames of one kind."""
        while run.shape[-1] > 0:
            taken = self._until_next_rule(run.shape[-1], is_speech)
            part, run = run[..., :taken], run[..., taken:]
            self._position += taken
            if is_speech:
                self._add_speech(part)
            else:
                self._add_silence(part)

    def finish(self) -> None:
        """End of the stream: an utterance with enough speech is emitted."""
        if self._active and self._speech_frames >= self._limits.min_speech:
            self._emit()
        self._pre = FrameQueue()
        self._utterance = FrameQueue()
        self._active = False

    def _until_next_rule(self, frames: int, is_speech: bool) -> int:
        if not self._active:
            return min(frames, self._limits.max_length) if is_speech else frames
        frames = min(frames, self._limits.max_length - self._length)
        return frames if is_speech else min(frames, self._silence_limit - self._silence_frames)

    @property
    def _length(self) -> int:
        return self._utterance.frames - self._pre_frames

    @property
    def _silence_limit(self) -> int:
        # At least one frame, so that a limit of 0 still makes progress.
        enough = self._speech_frames >= self._limits.min_speech
        return max(1, self._limits.silence if enough else self._limits.silence_gap)

    def _add_speech(self, run: Samples) -> None:
        if not self._active:
            self._active = True
            self._pre_frames = self._pre.frames
            self._utterance.append(self._pre)
            self._started()
        self._utterance.push(run)
        self._speech_frames += run.shape[-1]
        self._silence_frames = 0
        if self._is_full:
            self._emit_or_drop()

    def _add_silence(self, run: Samples) -> None:
        if not self._active:
            self._pre.push(run)
            self._pre.drop_all_but_last(self._limits.pre_speech)
            return
        self._utterance.push(run)
        self._silence_frames += run.shape[-1]
        if self._is_full or self._silence_frames >= self._silence_limit:
            self._emit_or_drop()

    @property
    def _is_full(self) -> bool:
        return self._length >= self._limits.max_length

    def _emit_or_drop(self) -> None:
        if self._speech_frames >= self._limits.min_speech:
            self._emit()
        else:
            self._drop()

    def _emit(self) -> None:
        frames = self._utterance.frames
        self._sink(self._utterance.take(frames), self._position - frames)
        self._reset()

    def _drop(self) -> None:
        self._pre.append(self._utterance)
        self._pre.drop_all_but_last(self._limits.pre_speech)
        self._reset()

    def _reset(self) -> None:
        self._active = False
        self._speech_frames = 0
        self._silence_frames = 0


class UtteranceExecutor(PythonExecutor):
    """Collects utterances, across items."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._rate: int = parameters["sample_rate"]
        self._cutter = UtteranceCutter(_limits(parameters), self._start, self._emit_utterance)
        self._waiting = FrameQueue()  # for a decision
        self._speech: deque[tuple[int, int]] = deque()  # decided, of audio that was not cut yet
        self._latest = Packet()  # envelope of the last item
        self._starter = Packet()  # envelope of the item that started the utterance
        self._emit: Emit = _nowhere  # of the running call
        self._arrived = 0  # frames of the stream
        self._decided = 0  # frames before it have a decision
        self._position = 0  # frames before it went to the cutter
        self._clip_begin = 0  # where times in the metadata count from
        self._format: tuple[int, str] | None = None

    def process(self, packet: Packet, emit: Emit) -> None:
        """Emit the utterances that the packet completes."""
        audio = require_audio(packet)
        _check_rate_is(audio.rate, self._rate)
        self._check_stream(audio)
        if not isinstance(packet.metadata.get("is_speech"), bool):
            refuse(
                "VADTriggeredBuffer: metadata",
                "without is_speech",
                "audio with a speech decision",
                "put a VADNode in front",
            )
        self._emit = emit
        self._latest = replace(packet, payload=None)
        self._waiting.push(audio.samples)
        self._arrived += audio.frames
        self._learn(packet.metadata)
        self._cut()
        if packet.ends_clip:
            self._end_clip()
        self._check_waiting()

    def flush(self, emit: Emit) -> None:
        """Emit an utterance that has enough speech."""
        self._emit = emit
        self._end_clip()
        self._cutter.finish()

    def _check_stream(self, audio: Audio) -> None:
        name = format_name(audio)
        if self._format is None:
            self._format = (audio.channels, name)
        channels, before = self._format
        if audio.channels != channels:
            refuse("VADTriggeredBuffer: channels", audio.channels, f"{channels} as before")
        if name != before:
            refuse("VADTriggeredBuffer: sample format", name, f"{before} as before")

    def _learn(self, metadata: Mapping[str, Any]) -> None:
        """Take the item's decisions.

        They are kept apart from the audio: a node in between may hold audio back and let its
        metadata go ahead.
        """
        until, segments = metadata.get("analysed_until_s"), metadata.get("speech_segments")
        if "analysed_until_s" not in metadata or "speech_segments" not in metadata:
            # One decision for the item, and for what had none.
            if metadata["is_speech"]:
                self._add_speech(self._decided, self._arrived)
            self._decided = max(self._decided, self._arrived)
            return
        if not isinstance(segments, list):
            _refuse_segments(segments)
        for segment in segments:
            if not isinstance(segment, list) or len(segment) != 2:  # noqa: PLR2004 - begin and end
                _refuse_segments(segments)
            begin, end = (self._frame_at("speech_segments", time_s) for time_s in segment)
            self._add_speech(begin, end)
        self._decided = max(self._decided, self._frame_at("analysed_until_s", until))

    def _frame_at(self, field: str, time_s: Any) -> int:
        is_number = isinstance(time_s, int | float) and not isinstance(time_s, bool)
        if not is_number or not 0 <= time_s <= _MAX_SECONDS:
            refuse(f"VADTriggeredBuffer: {field}", to_json(time_s), "seconds of the stream")
        return self._clip_begin + _rounded(time_s * self._rate)

    def _add_speech(self, begin: int, end: int) -> None:
        begin = max(begin, self._decided)
        if end > begin:
            self._speech.append((begin, end))
            self._decided = end

    def _cut(self) -> None:
        """Pass on what has both arrived and been decided."""
        ready = min(self._decided, self._arrived)
        while self._position < ready:
            while self._speech and self._speech[0][1] <= self._position:
                self._speech.popleft()
            begin, end = self._speech[0] if self._speech else (ready, ready)
            is_speech = begin <= self._position
            end = min(ready, end if is_speech else begin)
            frames = end - self._position
            self._position = end
            for part in self._waiting.take_parts(frames):
                self._cutter.add(part, is_speech)

    def _end_clip(self) -> None:
        """Take what no detector has judged, less than a frame, as silence.

        Times of the next item's metadata count from its start.
        """
        self._decided = max(self._decided, self._arrived)
        self._cut()
        self._speech.clear()
        self._decided = self._clip_begin = self._arrived

    def _check_waiting(self) -> None:
        if self._waiting.frames > _MOST_WAITING_S * self._rate:
            refuse(
                "VADTriggeredBuffer: analysed_until_s",
                to_json(self._latest.metadata["analysed_until_s"]),
                "times that go on with the audio, which waits for its decision since "
                f"{_MOST_WAITING_S} s",
            )

    def _start(self) -> None:
        metadata = self._latest.metadata
        kept = {name: value for name, value in metadata.items() if name not in _ITEM_FIELDS}
        self._starter = replace(self._latest, metadata=kept)

    def _emit_utterance(self, samples: Samples, begin: int) -> None:
        end = begin + samples.shape[-1]
        times = {"start_s": begin / self._rate, "end_s": end / self._rate}
        utterance = replace(
            self._starter,
            payload=Audio(samples, self._rate),
            metadata={**self._starter.metadata, **times},
            timestamp_ns=frame_time(begin, self._rate),
            ends_clip=True,  # each utterance is a clip of its own
        )
        self._emit(utterance, 0)


def resolve_utterances(parameters: Mapping[str, Any], fmt: StreamFormat) -> StreamFormat:
    """Give the format that comes out; refuse another rate than the expected one."""
    if fmt.rate != 0:
        _check_rate_is(fmt.rate, parameters["sample_rate"])
    return replace(fmt, rate=parameters["sample_rate"])


def _limits(parameters: Mapping[str, Any]) -> Limits:
    def frames(name: str) -> int:
        return _rounded(parameters[name] * parameters["sample_rate"])

    return Limits(
        min_speech=frames("min_speech_duration_s"),
        max_length=max(1, frames("max_speech_duration_s")),
        silence=frames("silence_duration_s"),
        pre_speech=frames("pre_speech_buffer_s"),
        silence_gap=frames("max_silence_gap_s"),
    )


def _rounded(value: float) -> int:
    """Round halves up, as llround does; Python's own round takes them to even."""
    whole = math.floor(value)
    return whole + (value - whole >= 0.5)  # noqa: PLR2004


def _check_rate_is(rate: int, expected: int) -> None:
    if rate != expected:
        refuse(
            "VADTriggeredBuffer: input rate",
            rate,
            f"{expected} Hz",
            f"set sample_rate, or put an AudioResampleNode(target_sample_rate={expected}) in front",
        )


def _refuse_segments(segments: Any) -> NoReturn:
    refuse("VADTriggeredBuffer: speech_segments", to_json(segments), "[[start, end], ...]")


def _nowhere(packet: Packet, port: int = 0) -> bool:
    return False
