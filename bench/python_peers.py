"""What Python programs use for sample rates and sample formats, beside ours, on the same data.

A resampler here takes planar audio of shape (channels, frames) and gives the same; where a library
wants another layout, the array already has it when the clock starts. Those without a mix of their
own average the channels first, which is their cheapest way to mono.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from remotemedia import audio

Floats = NDArray[np.float32]

TONE_HZ: Final = 997.0
STOP_HZ: Final = 8_400.0
OURS: Final = "remotemedia high"


@dataclass(frozen=True)
class Job:
    """One rate change."""

    rate: int
    target_rate: int
    layout: str  # mono, stereo, stereo -> mono

    @property
    def name(self) -> str:
        """As the C++ program names it."""
        return f"{self.rate} -> {self.target_rate} {self.layout}"

    @property
    def channels(self) -> int:
        """Of the input."""
        return 1 if self.layout == "mono" else 2


JOBS: Final = (
    Job(44_100, 16_000, "mono"),
    Job(44_100, 16_000, "stereo"),
    Job(44_100, 16_000, "stereo -> mono"),
    Job(48_000, 16_000, "mono"),
    Job(48_000, 16_000, "stereo -> mono"),
)

Call = Callable[[], NDArray[Any]]


def resamplers(job: Job, x: Floats) -> dict[str, Call]:
    """Give what changes the rate of `x`, shape (channels, frames); mono results may be 1-D."""
    import librosa
    import resampy
    import soxr
    from scipy.signal import resample_poly

    common = math.gcd(job.rate, job.target_rate)
    up, down = job.target_rate // common, job.rate // common
    mono = job.layout == "stereo -> mono"
    frames_first = np.ascontiguousarray(x.T) if job.layout == "stereo" else x[0].copy()

    def planar() -> Floats:
        return x.mean(axis=0) if mono else x[0] if job.channels == 1 else x

    def by_soxr(quality: str) -> Call:
        return lambda: (
            soxr.resample(planar() if mono else frames_first, job.rate, job.target_rate, quality).T
        )

    ours = x[0] if job.channels == 1 else x
    return {
        OURS: lambda: audio.resample(ours, job.rate, job.target_rate, mono=mono),
        f"{OURS}, offline": lambda: audio.resample(
            ours, job.rate, job.target_rate, mono=mono, mode="offline"
        ),
        "soxr HQ": by_soxr("HQ"),
        "soxr VHQ": by_soxr("VHQ"),
        "librosa": lambda: librosa.resample(planar(), orig_sr=job.rate, target_sr=job.target_rate),
        "resampy": lambda: resampy.resample(planar(), job.rate, job.target_rate),
        "scipy resample_poly": lambda: resample_poly(planar(), up, down, axis=-1),
    }


def tone(hz: float, job: Job, seconds: float = 1.0) -> Floats:
    """Give a tone at -1 dBFS in every channel."""
    time = np.arange(int(job.rate * seconds)) / job.rate
    samples = 10 ** (-1 / 20) * np.sin(2 * np.pi * hz * time)
    return np.tile(samples.astype(np.float32), (job.channels, 1))


def fit(y: NDArray[Any], hz: float, rate: int) -> tuple[float, float]:
    """Give the amplitude of a tone by least squares, and the RMS of all else."""
    time = np.arange(len(y)) / rate
    basis = np.stack([np.sin(2 * np.pi * hz * time), np.cos(2 * np.pi * hz * time)], axis=1)
    weights, *_ = np.linalg.lstsq(basis, y.astype(np.float64), rcond=None)
    rest = y - basis @ weights
    return float(np.hypot(*weights)), float(np.sqrt(np.mean(rest**2)))


def db(ratio: float) -> float:
    """Give decibels of an amplitude ratio."""
    return 20 * math.log10(max(ratio, 1e-12))


def validate(job: Job) -> dict[str, dict[str, float]]:
    """Check each resampler's lengths and a tone; give S/N at 997 Hz and rejection at 8.4 kHz."""
    outputs = 2 if job.layout == "stereo" else 1
    figures: dict[str, dict[str, float]] = {}
    stopped = resamplers(job, tone(STOP_HZ, job))
    for name, call in resamplers(job, tone(TONE_HZ, job)).items():
        y = np.atleast_2d(call())
        expected = -(-job.rate * job.target_rate // job.rate)
        if y.shape[0] != outputs or abs(y.shape[1] - expected) > 1:
            raise RuntimeError(
                f"{name}, {job.name}: shape {y.shape}, expected ({outputs}, {expected})"
            )
        edge = y.shape[1] // 5
        fits = [fit(channel[edge:-edge], TONE_HZ, job.target_rate) for channel in y]
        noise_db = min(db(amplitude / math.sqrt(2) / rest) for amplitude, rest in fits)
        gain_db = max(abs(db(amplitude) + 1) for amplitude, _ in fits)
        if noise_db < 60 or gain_db > 0.1:
            raise RuntimeError(f"{name}, {job.name}: S/N {noise_db:.0f} dB, gain {gain_db:.2f} dB")
        leak = np.atleast_2d(stopped[name]())[:, edge:-edge].astype(np.float64)
        figures[name] = {
            "signal_to_noise_db": noise_db,
            "rejection_db": db(10 ** (-1 / 20) / math.sqrt(2) / math.sqrt(np.mean(leak**2))),
        }
    return figures


def music(job: Job, seconds: float) -> Floats:
    """Give tones and noise, the same each time."""
    time = np.arange(int(job.rate * seconds)) / job.rate
    random = np.random.default_rng(7)
    channels = [
        0.4 * np.sin(2 * np.pi * (313 + 97 * c) * time) + 0.1 * random.uniform(-1, 1, len(time))
        for c in range(job.channels)
    ]
    return np.stack(channels).astype(np.float32)


def to_int16_by_numpy(x: Floats) -> NDArray[np.int16]:
    """Round and clamp, as NumPy programs do."""
    return np.clip(np.rint(x * np.float32(32768)), -32768, 32767).astype(np.int16)


def to_int32_by_numpy(x: Floats) -> NDArray[np.int32]:
    """Round and clamp; float32 cannot hold the largest int32, so through double."""
    scaled = np.rint(x.astype(np.float64) * 2147483648.0)
    return np.clip(scaled, -2147483648, 2147483647).astype(np.int32)


def formats(samples: int) -> dict[str, tuple[Call, Call]]:
    """Give each conversion of `samples` samples by us and by NumPy."""
    random = np.random.default_rng(8)
    floats = random.uniform(-1.1, 1.1, samples).astype(np.float32)
    small = to_int16_by_numpy(floats)
    large = to_int32_by_numpy(floats)
    stereo = floats.reshape(2, -1)
    small_scale, large_scale = np.float32(2.0**-15), np.float32(2.0**-31)
    return {
        "i16 -> f32": (
            lambda: audio.convert_format(small, "f32"),
            lambda: small * small_scale,
        ),
        "f32 -> i16": (
            lambda: audio.convert_format(floats, "i16"),
            lambda: to_int16_by_numpy(floats),
        ),
        "i32 -> f32": (
            lambda: audio.convert_format(large, "f32"),
            lambda: large.astype(np.float32) * large_scale,
        ),
        "f32 -> i32": (
            lambda: audio.convert_format(floats, "i32"),
            lambda: to_int32_by_numpy(floats),
        ),
        "stereo -> mono": (
            lambda: audio.to_mono(stereo),
            lambda: stereo.mean(axis=0, keepdims=True),
        ),
    }


def validate_formats(samples: int) -> None:
    """Check that both ways give equal values."""
    for name, (ours, numpys) in formats(samples).items():
        if not np.allclose(ours(), numpys(), rtol=0, atol=1e-7):
            raise RuntimeError(f"format {name}: ours and NumPy's values differ")
