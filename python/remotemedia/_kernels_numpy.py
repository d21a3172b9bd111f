"""The audio kernels in NumPy, for where the native module is not in use.

The same names, arguments and results as in `remotemedia._native`; callers check the arguments
(`remotemedia.audio`, or the node's parameter table). Arrays are float32, int16 or int32, of shape
(channels, frames) or (frames,), C-contiguous.
"""

from __future__ import annotations

import logging
import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ._arrays import FORMATS
from ._files_python import read_audio, write_audio
from ._resampler_numpy import Stream
from ._silero_numpy import SileroVAD, silero_process_many

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

# SplitMix64 (Steele, Lea and Flood, 2014): the dither must be the native kernel's, bit for bit.
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_DITHER_SEED = np.uint64(1)

_VAD_MIN_FLOOR: Final = 1e-5
_VAD_RISE_DB_PER_SECOND: Final = 2.0


def resampled_frames(frames: int, rate: int, target_rate: int) -> int:
    """Length of `frames` frames after a rate change: ceil(frames * target_rate / rate)."""
    return -(-frames * target_rate // rate)


def resample(x: Samples, rate: int, target_rate: int, quality: str, mono: bool) -> Floats:
    """Resample a whole clip; the same bits as `Resampler` in any chunks."""
    channels = 1 if x.ndim == 1 else x.shape[0]
    resampler = Resampler(rate, target_rate, channels, quality, mono)
    return np.concatenate([resampler.process(x), resampler.flush()], axis=-1)


class Resampler:
    """A rate change as a stream, with the native kernel's filter, delay and lengths."""

    def __init__(
        self, rate: int, target_rate: int, channels: int, quality: str, mono: bool
    ) -> None:
        self._channels = channels
        self._mono = mono
        outputs = 1 if mono else channels
        equal = rate == target_rate
        self._stream = None if equal else Stream(rate, target_rate, outputs, quality)
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
        return self._shaped(rest)

    def _shaped(self, samples: Floats) -> Floats:
        one_channel = self._one_dimensional and len(samples) == 1
        return samples[0] if one_channel else samples


def convert_format(x: Samples, target: str, dither: bool, first_frame: int = 0) -> Samples:
    """Convert between float32, int16 and int32; the same type gives the same array.

    `first_frame` is the position of the first frame in its stream, on which the dither depends.
    """
    wanted = FORMATS[target]
    if x.dtype == wanted:
        return x
    if wanted == _F32:
        floats: Floats = x.astype(np.float32) * np.float32(2.0 ** -_BITS[x.dtype])
        return floats
    if dither and x.dtype == _I32:
        x = convert_format(x, "f32", False)
    if x.dtype == _F32:
        return _from_float(x, wanted, _dither_noise(x.shape, first_frame) if dither else None)
    if wanted == _I32:
        wide: NDArray[np.int32] = x.astype(np.int32) * np.int32(65536)
        return wide
    return _rounded(x.astype(np.float64) / 65536.0, wanted)


def _from_float(x: Floats, wanted: np.dtype[Any], noise: NDArray[np.float64] | None) -> Samples:
    finite = np.isfinite(x)
    cleaned = x.size - int(np.count_nonzero(finite))
    if cleaned:
        _LOG.warning("convert_format: %d samples were NaN or infinite", cleaned)
        x = np.where(np.isnan(x), np.float32(0), x)
    scaled = x.astype(np.float64) * 2.0 ** _BITS[wanted]
    if noise is not None:
        scaled += noise
    return _rounded(scaled, wanted)


def _rounded(values: NDArray[np.float64], wanted: np.dtype[Any]) -> Samples:
    limits = np.iinfo(wanted)
    return np.rint(np.clip(values, limits.min, limits.max)).astype(wanted)


def _dither_noise(shape: tuple[int, ...], first_frame: int) -> NDArray[np.float64]:
    channels = 1 if len(shape) == 1 else shape[0]
    steps = np.arange(first_frame + 1, first_frame + 1 + shape[-1], dtype=np.uint64)
    numbers = np.arange(1, channels + 1, dtype=np.uint64)
    with np.errstate(over="ignore"):
        streams = _mix_bits(_mix_bits(np.array([_DITHER_SEED * _GOLDEN])) + numbers * _GOLDEN)
        bits = _mix_bits(streams[:, np.newaxis] + steps * _GOLDEN)
    high = (bits >> np.uint64(32)).astype(np.int64)
    low = (bits & np.uint64(0xFFFFFFFF)).astype(np.int64)
    noise: NDArray[np.float64] = (high - low).astype(np.float64) / 4294967296.0
    return noise.reshape(shape)


def _mix_bits(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = (x ^ (x >> np.uint64(30))) * _MIX_1
    x = (x ^ (x >> np.uint64(27))) * _MIX_2
    mixed: NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return mixed


def to_mono(x: Samples) -> Floats:
    """Average the channels in float64; mono float32 gives the same array."""
    x = convert_format(x, "f32", False)
    if x.ndim == 1 or x.shape[0] == 1:
        return x
    total = x[0].astype(np.float64)
    for channel in x[1:]:
        total += channel
    mean: Floats = (total / x.shape[0]).astype(np.float32)
    return mean[np.newaxis]


def _finite(x: Floats) -> tuple[Floats, int]:
    """Replace NaN by 0 and infinities by full scale; gives how many there were."""
    bad = x.size - int(np.count_nonzero(np.isfinite(x)))
    return (np.nan_to_num(x, nan=0.0, posinf=1.0, neginf=-1.0) if bad else x), bad


class EnergyVAD:
    """Energy voice activity detection with the native kernel's decisions, frame by frame."""

    def __init__(
        self, rate: int, frame_duration_ms: int, threshold: float, aggressiveness: int
    ) -> None:
        self.frame_length = rate * frame_duration_ms // 1000
        self._threshold = threshold
        self._ratio: float = 10.0 ** (3.0 * (aggressiveness + 1) / 20.0)
        rise_db = _VAD_RISE_DB_PER_SECOND * self.frame_length / rate
        self._rise_per_frame: float = 10.0 ** (rise_db / 20.0)
        self.reset()

    def reset(self) -> None:
        """Forget the partial frame and the noise floor."""
        self._floor = max(self._threshold / self._ratio, _VAD_MIN_FLOOR)
        self._partial = np.zeros(0, np.float32)

    def process(self, x: Samples) -> NDArray[np.bool_]:
        """Decide for each frame that `x` completes; channels are averaged."""
        mono, _ = _finite(np.atleast_2d(to_mono(x))[0])
        samples = np.concatenate([self._partial, mono])
        count = len(samples) // self.frame_length
        used = count * self.frame_length
        self._partial = samples[used:].copy()
        frames = samples[:used].reshape(count, self.frame_length).astype(np.float64)
        if count == 0:
            return np.zeros(0, np.bool_)
        # accumulate adds from left to right, as the native kernel does
        sums = np.add.accumulate(frames * frames, axis=1)[:, -1]
        mean_squares = (sums / self.frame_length).astype(np.float32)
        return np.array([self._decide(float(value)) for value in mean_squares], np.bool_)

    def _decide(self, mean_square: float) -> bool:
        rms = math.sqrt(mean_square)
        speech = rms > max(self._threshold, self._floor * self._ratio)
        self._floor = max(min(rms, self._floor * self._rise_per_frame), _VAD_MIN_FLOOR)
        return speech
