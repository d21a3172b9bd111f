"""What the browsers' microphones hear, and how a returned tone is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cli_program import read_wav, write_wav
from silero_speech import maker

TONE_HZ = 440.0
RATE = 48_000
FFT_SIZE = 32_768  # samples, the most an AnalyserNode gives


def write_tone(path: Path) -> Path:
    """Ten seconds with whole periods, so that it has no seam when the browser repeats it."""
    time_s = np.arange(10 * RATE) / RATE
    tone = 0.3 * np.sin(2 * np.pi * TONE_HZ * time_s)
    return write_wav(path, np.round(tone * 32767).astype(np.int16)[np.newaxis], RATE)


def write_speech(path: Path) -> Path:
    """A recording with two seconds of silence around it: its speech starts and ends."""
    speech, rate = read_wav(maker().recordings()[0])
    silence = np.zeros((1, 2 * rate), np.int16)
    return write_wav(path, np.concatenate([silence, speech[:1], silence], axis=1), rate)


def strongest_hz(samples: NDArray[np.float64], rate: float) -> tuple[float, float]:
    """Frequency of the strongest sine, and its share of the energy from 0 to 1."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size))) ** 2
    total = float(np.sum(spectrum))
    peak = int(np.argmax(spectrum))
    if total < 1e-9 or not 3 < peak < spectrum.size - 3:
        return 0.0, 0.0
    before, at, after = np.log(spectrum[peak - 1 : peak + 2] + 1e-30)
    offset = 0.5 * (before - after) / (before - 2 * at + after)
    share = float(np.sum(spectrum[peak - 3 : peak + 4])) / total
    return float((peak + offset) * rate / samples.size), share
