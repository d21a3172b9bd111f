"""Speech segments from probabilities: the twin of ``src/dsp/speech_segmenter.cc``."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import numpy as np

__all__ = ["SpeechEvent", "SpeechSegmenter"]

_HYSTERESIS: Final = 0.15
_LEAST_THRESHOLD: Final = 0.01  # of the lower one


class SpeechEvent(NamedTuple):
    """Where speech starts or ends, in samples of the stream."""

    kind: Literal["start", "end"]
    sample: int


class SpeechSegmenter:
    """Gives the events of one stream as soon as they are certain; times in samples."""

    def __init__(
        self, rate: int, threshold: float, min_speech_ms: int, min_silence_ms: int, pad_ms: int
    ) -> None:
        # Probabilities are float32, and so are what they are compared with.
        self._threshold = float(np.float32(threshold))
        lower = max(threshold - _HYSTERESIS, _LEAST_THRESHOLD)
        self._lower_threshold = float(np.float32(lower))
        self._min_speech = rate * min_speech_ms // 1000
        self._min_silence = rate * min_silence_ms // 1000
        self._pad = rate * pad_ms // 1000
        self._start_stream()

    def _start_stream(self) -> None:
        self.position = 0  # samples of the windows so far
        self.settled = 0  # no event that is still to come lies before
        self._triggered = False  # within speech, or a pause that may be its end
        self._confirmed = False  # its start has been given
        self._start = 0
        self._silence: int | None = None  # where a pause began
        self._ended: int | None = None  # end of the last segment, if not given yet

    @property
    def is_speech(self) -> bool:
        """Whether the last window is speech; a segment may not come of it."""
        return self._triggered and self._silence is None

    def push(self, probability: float, samples: int) -> list[SpeechEvent]:
        """Take the next window, of which `samples` are audio."""
        begin = self.position
        self.position += samples
        if probability >= self._threshold:
            self._silence = None
            if not self._triggered:
                self._start = begin
            self._triggered = True
        elif probability < self._lower_threshold and self._triggered:
            if self._silence is None:
                self._silence = begin
            if begin - self._silence >= self._min_silence:
                self._close()
        events = self._certain()
        self.settled = max(self.settled, self._decided_until())
        return events

    def finish(self) -> list[SpeechEvent]:
        """End the stream where the last window did; what follows is a new one."""
        events: list[SpeechEvent] = []
        if self._triggered and not self._confirmed and self._long_enough():
            events += self._give_start()
        if self._triggered and self._confirmed:
            events.append(SpeechEvent("end", self.position))
        elif self._ended is not None:
            events.append(SpeechEvent("end", min(self.position, self._ended + self._pad)))
        self._start_stream()
        return events

    def _long_enough(self) -> bool:
        return self.position - self._start > self._min_speech

    def _close(self) -> None:
        if self._confirmed:
            self._ended = self._silence
        self._triggered = self._confirmed = False
        self._silence = None

    def _give_start(self) -> list[SpeechEvent]:
        events = []
        pad = min(self._pad, self._start)
        if self._ended is not None:
            pad = min(self._pad, (self._start - self._ended) // 2)
            events.append(SpeechEvent("end", self._ended + pad))
            self._ended = None
        events.append(SpeechEvent("start", self._start - pad))
        self._confirmed = True
        return events

    def _certain(self) -> list[SpeechEvent]:
        events: list[SpeechEvent] = []
        # In a pause it may turn out that the speech ended where the pause began.
        if self.is_speech and not self._confirmed and self._long_enough():
            events += self._give_start()
        if self._ended is None or self.position < self._ended + 2 * self._pad:
            return events
        if self._triggered and self._start < self._ended + 2 * self._pad:
            return events  # they may have to share the padding
        events.append(SpeechEvent("end", self._ended + self._pad))
        self._ended = None
        return events

    def _decided_until(self) -> int:
        if self._ended is not None:
            return min(self.position, self._ended + self._pad)
        if self._triggered and self._confirmed:
            if self._silence is None:
                return self.position
            return min(self.position, self._silence + self._pad)
        next_start = self._start if self._triggered else self.position
        return max(0, next_start - self._pad)
