"""The audio kernels in NumPy, for where the native module is not in use.

The same names, arguments and results as in `remotemedia._native`; callers check all arguments
(`remotemedia.audio`, or the node's parameter table) but the arrays, and those of `convert_format`.
"""

from __future__ import annotations

import logging
import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ._arrays import FLOAT64, FORMATS, check_conversion, check_rate_change, check_samples
from ._files_python import read_audio, write_audio
from ._resampler_numpy import Stream
from ._silero_numpy import SileroVAD, silero_process_many
from .exceptions import refuse_type

__all__ = [
    "EnergyVAD",
    "Resampler",
    "SileroVAD",
    "convert_format",
    "read_audio",
    "resample",
    "silero_process_many",
    "to_mono",
    "write_audio",
]

Samples = NDArray[Any]
Floats = NDArray[np.float32]

_LOG = logging.getLogger(__name__)
_F32, _I16, _I32 = FORMATS["f32"], FORMATS["i16"], FORMATS["i32"]
_BITS: Final = {_I16: 15, _I32: 31}

# The dither must be the native kernel's, bit for bit: keys by SplitMix64 (Steele, Lea and Flood,
# 2014), noise by the rounds of lowbias32 (Wellons) over a sequence with a step of the key's own.
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_LOWBIAS_1 = np.uint32(0x7FEB352D)
_LOWBIAS_2 = np.uint32(0x846CA68B)
_DITHER_SEED = np.uint64(1)

_VAD_MIN_FLOOR: Final = 1e-5
_VAD_RISE_DB_PER_SECOND: Final = 2.0
_VAD_FALL_DB_PER_SECOND: Final = 50.0
_VAD_LOWEST_LEVEL_DB: Final = -200.0
_VAD_SUMS: Final = 16


def resampled_frames(frames: int, rate: int, target_rate: int) -> int:
    """Length of `frames` frames after a rate change: ceil(frames * target_rate / rate)."""
    return -(-frames * target_rate // rate)


def resample(
    x: Samples, rate: int, target_rate: int, quality: str, mono: bool, *, mode: str = "live"
) -> Floats:
    """Resample a whole clip; the same bits as `Resampler` in any chunks."""
    rate, target_rate, quality, mono, mode = check_rate_change(
        rate, target_rate, quality, mono, mode
    )
    x = check_samples(x)
    channels = 1 if x.ndim == 1 else x.shape[0]
    resampler = Resampler(rate, target_rate, channels, quality, mono, mode=mode)
    return np.concatenate([resampler.process(x), resampler.flush()], axis=-1)


class Resampler:
    """A rate change as a stream, with the native kernel's filter, delay and lengths."""

    def __init__(
        self,
        rate: int,
        target_rate: int,
        channels: int,
        quality: str,
        mono: bool,
        *,
        mode: str = "live",
    ) -> None:
        self._channels = channels
        self._mono = mono
        outputs = 1 if mono else channels
        equal = rate == target_rate
        self._stream = None if equal else Stream(rate, target_rate, outputs, quality, mode)
        self.reset()

    def reset(self) -> None:
        """Forget the stream and the count of cleaned samples."""
        self.cleaned_samples = 0
        self._one_dimensional = self._channels == 1
        if self._stream is not None:
            self._stream.reset()

    @property
    def latency_frames(self) -> int:
        """Input frames that must follow a frame before its output appears."""
        return 0 if self._stream is None else self._stream.latency_frames

    def process(self, x: Samples) -> Floats:
        """Take (channels, frames), give what is ready: (outputs, ready frames)."""
        x = check_samples(x)
        given = 1 if x.ndim == 1 else x.shape[0]
        if given != self._channels:
            refuse_type(
                f"audio has {given} channels, expected {self._channels}",
                "make a Resampler(channels=...) for them",
            )
        samples, cleaned = _finite(convert_format(np.atleast_2d(x), "f32", False))
        self.cleaned_samples += cleaned
        if self._mono:
            samples = to_mono(samples)
        self._one_dimensional = x.ndim == 1
        if self._stream is None:
            return self._shaped(np.array(samples))  # a result never is the caller's array
        return self._shaped(self._stream.process(samples))

    def flush(self) -> Floats:
        """Give the rest; what follows is a new stream."""
        outputs = 1 if self._mono else self._channels
        rest = np.zeros((outputs, 0), np.float32) if self._stream is None else self._stream.flush()
        shaped = self._shaped(rest)
        self._one_dimensional = self._channels == 1
        return shaped

    def _shaped(self, samples: Floats) -> Floats:
        one_channel = self._one_dimensional and len(samples) == 1
        return samples[0] if one_channel else samples


def convert_format(x: Samples, target: str, dither: bool, first_frame: int = 0) -> Samples:
    """Convert between float32, float64, int16 and int32; the same type gives the same array.

    `first_frame` is the position of the first frame in its stream, on which the dither depends.
    """
    name, dither = check_conversion(target, dither)
    x = check_samples(x, keep_float64=True)
    wanted = FORMATS.get(name, FLOAT64)
    if x.dtype == wanted:
        return x
    if wanted.kind == "f":
        with np.errstate(over="ignore"):  # what is too large for float32 is infinite
            floats = x.astype(wanted)
        return floats if x.dtype.kind == "f" else floats * wanted.type(2.0 ** -_BITS[x.dtype])
    if dither:
        return _dithered(convert_format(x, "f32", False), first_frame)
    if x.dtype.kind == "f":
        return _rounded(_without_nan(x).astype(np.float64) * 2.0 ** _BITS[wanted], wanted)
    if wanted == _I32:
        wide: NDArray[np.int32] = x.astype(np.int32) * np.int32(65536)
        return wide
    return _rounded(x.astype(np.float64) / 65536.0, wanted)


def _without_nan(x: Floats | NDArray[np.float64]) -> Samples:
    cleaned = x.size - int(np.count_nonzero(np.isfinite(x)))
    if cleaned:
        _LOG.warning("convert_format: %d samples were NaN or infinite", cleaned)
        return np.where(np.isnan(x), x.dtype.type(0), x)
    return x


def _rounded(values: Floats | NDArray[np.float64], wanted: np.dtype[Any]) -> Samples:
    limits = np.iinfo(wanted)
    integers: Samples = np.rint(np.clip(values, limits.min, limits.max)).astype(wanted)
    return integers


def _dithered(x: Floats, first_frame: int) -> Samples:
    with np.errstate(over="ignore"):  # what becomes infinite is clamped
        scaled = _without_nan(x) * np.float32(32768)
    return _rounded(scaled + _dither_noise(x.shape, first_frame), _I16)


def _dither_noise(shape: tuple[int, ...], first_frame: int) -> Floats:
    channels = 1 if len(shape) == 1 else shape[0]
    positions = np.arange(first_frame, first_frame + shape[-1], dtype=np.uint64)
    numbers = np.arange(1, channels + 1, dtype=np.uint64)[:, np.newaxis]
    with np.errstate(over="ignore"):
        streams = _mix_bits(_mix_bits(np.array([_DITHER_SEED * _GOLDEN])) + numbers * _GOLDEN)
        keys = _mix_bits(streams + (positions >> np.uint64(32)) * _GOLDEN)
        steps = (keys >> np.uint64(32)).astype(np.uint32) | np.uint32(1)
        x = positions.astype(np.uint32) * steps + keys.astype(np.uint32)
        x = (x ^ (x >> np.uint32(16))) * _LOWBIAS_1
        x = (x ^ (x >> np.uint32(15))) * _LOWBIAS_2
    upper = (x >> np.uint32(16)).astype(np.int16).astype(np.int32)
    difference = upper - x.astype(np.int16).astype(np.int32)
    noise: Floats = difference.astype(np.float32) * np.float32(2.0**-16)
    return noise.reshape(shape)


def _mix_bits(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = (x ^ (x >> np.uint64(30))) * _MIX_1
    x = (x ^ (x >> np.uint64(27))) * _MIX_2
    mixed: NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return mixed


def to_mono(x: Samples) -> Floats:
    """Average the channels in float32; mono float32 gives the same array."""
    x = convert_format(check_samples(x), "f32", False)
    if x.ndim == 1 or x.shape[0] == 1:
        return x
    with np.errstate(over="ignore", invalid="ignore"):
        mean: Floats = _mean(x)
        beyond = ~np.isfinite(mean)  # the sum of floats, not the mean
        mean[beyond] = _mean(x[:, beyond].astype(np.float64))
    return mean[np.newaxis]


def _mean(x: NDArray[Any]) -> NDArray[Any]:
    """Add the channels in their order, as np.mean() does if there are many frames."""
    mean: NDArray[Any] = x[0].copy()
    for channel in x[1:]:
        mean += channel
    mean /= x.shape[0]
    return mean


def _finite(x: Floats) -> tuple[Floats, int]:
    """Replace NaN by 0 and infinities by full scale; gives how many there were."""
    bad = x.size - int(np.count_nonzero(np.isfinite(x)))
    return (np.nan_to_num(x, nan=0.0, posinf=1.0, neginf=-1.0) if bad else x), bad


class EnergyVAD:
    """Energy voice activity detection with the native kernel's answers, frame by frame."""

    def __init__(
        self, rate: int, frame_duration_ms: int, threshold: float, aggressiveness: int
    ) -> None:
        self.frame_length = rate * frame_duration_ms // 1000
        self._threshold = threshold
        self._ratio: float = 10.0 ** (3.0 * (aggressiveness + 1) / 20.0)
        rise_db = _VAD_RISE_DB_PER_SECOND * self.frame_length / rate
        self._rise_per_frame: float = 10.0 ** (rise_db / 20.0)
        self._fall_per_frame_db = _VAD_FALL_DB_PER_SECOND * self.frame_length / rate
        self.reset()

    def reset(self) -> None:
        """Forget the partial frame, the noise floor and the level."""
        self._floor = max(self._threshold / self._ratio, _VAD_MIN_FLOOR)
        self._level_db = _VAD_LOWEST_LEVEL_DB
        self._partial = np.zeros(0, np.float32)

    def process(self, x: Samples) -> NDArray[np.bool_]:
        """Decide for each frame that `x` completes; channels are averaged."""
        return np.array([self._judge(value)[0] for value in self._mean_squares(x)], np.bool_)

    def levels(self, x: Samples) -> Floats:
        """Give the level in dB of each frame that `x` completes; channels are averaged."""
        return np.array([self._judge(value)[1] for value in self._mean_squares(x)], np.float32)

    def _mean_squares(self, x: Samples) -> list[float]:
        mono, _ = _finite(np.atleast_2d(to_mono(x))[0])
        samples = np.concatenate([self._partial, mono])
        count = len(samples) // self.frame_length
        used = count * self.frame_length
        self._partial = samples[used:].copy()
        if count == 0:
            return []
        frames = samples[:used].reshape(count, self.frame_length)
        mean_squares: list[float] = (
            (_sums_of_squares(frames) / self.frame_length).astype(np.float32).tolist()
        )
        return mean_squares

    def _judge(self, mean_square: float) -> tuple[bool, float]:
        rms = math.sqrt(mean_square)
        limit = max(self._threshold, self._floor * self._ratio)
        level_db = 20.0 * math.log10(max(rms, _VAD_MIN_FLOOR) / limit)
        self._level_db = max(level_db, self._level_db - self._fall_per_frame_db)
        self._floor = max(min(rms, self._floor * self._rise_per_frame), _VAD_MIN_FLOOR)
        return rms > limit, self._level_db


def _sums_of_squares(frames: Floats) -> NDArray[np.float64]:
    """Sum each row's squares in the native kernel's order: 16 partial sums, then a tree of them."""
    padding = -frames.shape[1] % _VAD_SUMS
    squares = np.pad(frames.astype(np.float64) ** 2, ((0, 0), (0, padding)))
    groups = squares.reshape(len(frames), -1, _VAD_SUMS)
    # accumulate adds from left to right; reduce would pick an order of its own
    sums: NDArray[np.float64] = np.add.accumulate(groups, axis=1)[:, -1]
    while sums.shape[1] > 1:
        half = sums.shape[1] // 2
        sums = sums[:, :half] + sums[:, half:]
    return sums[:, 0]
