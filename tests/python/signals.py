"""Signals with known properties, how to measure them, and files of them."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def tone(
    frequency_hz: float = 1_000.0,
    rate: int = 48_000,
    seconds: float = 1.0,
    amplitude: float = 0.5,
    channels: int = 1,
) -> Floats:
    """A sine, the same in all channels; shape (channels, frames)."""
    time_s = np.arange(round(rate * seconds)) / rate
    sine = amplitude * np.sin(2 * np.pi * frequency_hz * time_s)
    return np.tile(sine.astype(np.float32), (channels, 1))


def tone_level_db(samples: NDArray[np.generic], frequency_hz: float, rate: int) -> float:
    """Amplitude of the sine of that frequency in the middle half, in dB of full scale.

    The ends carry a filter's fade. Fitted by least squares, so other frequencies do not count.
    """
    mono = np.atleast_2d(samples)[0].astype(np.float64)
    quarter = mono.size // 4
    at = np.arange(quarter, mono.size - quarter) / rate
    basis = np.stack([np.sin(2 * np.pi * frequency_hz * at), np.cos(2 * np.pi * frequency_hz * at)])
    fit, *_ = np.linalg.lstsq(basis.T, mono[quarter : mono.size - quarter], rcond=None)
    return float(20 * np.log10(np.hypot(*fit) + 1e-20))


def speech_like(rate: int = 16_000, seed: int = 7) -> Floats:
    """Two and a half seconds of faint noise with a loud buzz from 0.5 to 1.1 and 1.6 to 2.2 s."""
    time_s = np.arange(round(2.5 * rate)) / rate
    buzz = sum(np.sin(2 * np.pi * 120 * k * time_s) / k for k in range(1, 12))
    voiced = ((time_s >= 0.5) & (time_s < 1.1)) | ((time_s >= 1.6) & (time_s < 2.2))
    noise = np.random.default_rng(seed).standard_normal(time_s.size)
    return (0.2 * buzz * voiced + 0.001 * noise).astype(np.float32)[np.newaxis]


def noise(shape: tuple[int, ...], seed: int, amplitude: float = 0.3) -> Floats:
    """Uniform noise."""
    values = np.random.default_rng(seed).uniform(-amplitude, amplitude, shape)
    return values.astype(np.float32)


def chunks(samples: Floats, frames: int) -> list[Floats]:
    """Consecutive pieces along the last axis."""
    return [samples[..., at : at + frames] for at in range(0, samples.shape[-1], frames)]


def write_wav(path: Path, samples: Any, rate: int = 16_000) -> Path:
    """PCM 16, which both runtimes read without another package."""
    integers = np.round(np.atleast_2d(samples) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(integers.shape[0])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(integers.T.tobytes())
    return path


def read_wav(path: Path) -> Floats:
    """Samples of a PCM 16 file, shape (channels, frames)."""
    with wave.open(str(path), "rb") as file:
        raw = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return raw.reshape(-1, file.getnchannels()).T.astype(np.float32) / 32768
