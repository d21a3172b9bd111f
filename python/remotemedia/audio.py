"""Audio functions: files, sample rates, sample formats, channels and voice activity.

Audio is a NumPy array of shape (channels, frames), or (frames,) for one channel; 1-D in gives 1-D
out. float32 in [-1, 1], int16 and int32 are taken as they are, without a copy; arrays that are not
C-contiguous are converted once, and so is float64, but for `convert_format`. Integers are scaled by
2**15 or 2**31. NaN becomes 0.

The native module does the work, or NumPy where it cannot load or ``REMOTEMEDIA_RUNTIME`` is
``python``.
"""

from __future__ import annotations

import os
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from . import runtime
from ._arrays import (
    MAX_CHANNELS,
    QUALITIES,
    RESAMPLING_MODES,
    check_choice,
    check_flag,
    check_integer,
    check_number,
    check_rate,
    check_samples,
)
from ._silero import SileroVAD
from .exceptions import ItemTypeError, MediaIOError

__all__ = [
    "EnergyVAD",
    "Resampler",
    "SileroVAD",
    "convert_format",
    "read",
    "resample",
    "to_mono",
    "write",
]

Samples = NDArray[Any]
Path = str | os.PathLike[str]


class _ResamplerKernel(Protocol):
    @property
    def latency_frames(self) -> int: ...
    @property
    def cleaned_samples(self) -> int: ...
    def process(self, x: Samples) -> NDArray[np.float32]: ...
    def flush(self) -> NDArray[np.float32]: ...
    def reset(self) -> None: ...


class _VadKernel(Protocol):
    def process(self, x: Samples) -> NDArray[np.bool_]: ...
    def levels(self, x: Samples) -> NDArray[np.float32]: ...
    def reset(self) -> None: ...


class _SileroKernel(Protocol):
    @property
    def window_length(self) -> int: ...
    @property
    def cleaned_samples(self) -> int: ...
    def process(self, x: Samples) -> NDArray[np.float32]: ...
    def flush(self) -> NDArray[np.float32]: ...
    def reset(self) -> None: ...


class Kernels(Protocol):
    """What both implementations offer: `remotemedia._native` and `remotemedia._kernels_numpy`.

    They take any array that `check_samples` takes, and refuse others as it does. `resample` and
    `convert_format` check their other arguments, too.
    """

    def read_audio(self, path: str) -> tuple[NDArray[np.float32], int]: ...
    def write_audio(self, path: str, audio: Samples, rate: int) -> None: ...
    def resample(
        self, x: Samples, rate: int, target_rate: int, quality: str, mono: bool, *, mode: str
    ) -> NDArray[np.float32]: ...
    def convert_format(
        self, x: Samples, target: str, dither: bool, first_frame: int = 0
    ) -> Samples: ...
    def to_mono(self, x: Samples) -> NDArray[np.float32]: ...
    def Resampler(  # noqa: N802 - a class in both
        self, rate: int, target_rate: int, channels: int, quality: str, mono: bool, *, mode: str
    ) -> _ResamplerKernel: ...
    def EnergyVAD(  # noqa: N802
        self, rate: int, frame_duration_ms: int, threshold: float, aggressiveness: int
    ) -> _VadKernel: ...
    def SileroVAD(self, rate: int) -> _SileroKernel: ...  # noqa: N802
    def silero_process_many(
        self, detectors: list[_SileroKernel], chunks: list[Samples]
    ) -> list[NDArray[np.float32]]: ...


def kernels(kind: runtime.Runtime | None = None) -> Kernels:
    """Give one implementation: `kind`, or native if it loads and the environment allows it."""
    if kind is None:
        settled: Kernels | None = runtime.settled_module()
        if settled is not None:
            return settled
        if runtime.requested_runtime() != "python" and runtime.native_available():
            return cast(Kernels, runtime.native_module())
        kind = runtime.resolve_runtime("auto", "remotemedia.audio", True, True, False).runtime
    if kind == "native":
        return cast(Kernels, runtime.native_module())
    from . import _kernels_numpy

    return cast(Kernels, _kernels_numpy)


def read(path: Path) -> tuple[NDArray[np.float32], int]:
    """Read an audio file.

    Returns
    -------
    audio : float32 array, shape (channels, frames)
    rate : int
        Hz.

    Raises
    ------
    MediaIOError
        Missing, unreadable, damaged or truncated, or no audio file.
    MissingExtraError
        Without the native module, and the file is no integer PCM WAV: `soundfile` is needed.
    """
    return kernels().read_audio(path_text(path, "read"))


def write(path: Path, array: Samples, rate: int) -> None:
    """Write an audio file; the suffix tells its kind: .wav, .flac, .ogg, .opus or .mp3.

    .wav keeps the sample type, .flac stores int16 as 16 and the others as 24 bits. The file gets
    its name when it is complete; after a failure nothing is left behind.

    Parameters
    ----------
    array : float32, float64, int16 or int32 array, shape (channels, frames) or (frames,)
    rate : int
        Hz, 8000..192000.

    Raises
    ------
    MediaIOError
        Unknown suffix, no such folder, or the kind cannot hold the rate or the channels.
    """
    samples = check_samples(array)
    kernels().write_audio(path_text(path, "write"), samples, check_rate("write: rate", rate))


def resample(
    x: Samples,
    rate: int,
    target_rate: int,
    *,
    quality: str = "high",
    mono: bool = False,
    mode: str = "live",
) -> NDArray[np.float32]:
    """Change the sample rate of a whole clip.

    Parameters
    ----------
    x : array, shape (channels, frames) or (frames,)
    rate, target_rate : int
        Hz, 8000..192000.
    quality : {"low", "medium", "high", "very_high"}
        Pass band to 80, 87, 91 or 95 % of the lower Nyquist frequency.
    mono : bool
        Average the channels before filtering.
    mode : {"live", "offline"}
        How the native module computes it. "offline" takes less time for the same response, by
        Fourier transforms: noise 139 dB below what is within 0.1 s. The two are one where the rates
        differ by less than 3 : 2, and for "very_high".

    Returns
    -------
    float32 array, shape (channels, ceil(frames * target_rate / rate))
        Output frame n lies at input time n * rate / target_rate: there is no delay.

    Raises
    ------
    ConfigurationError
        A parameter is out of range.
    ItemTypeError
        `x` has the wrong type, dtype or shape.
    """
    chosen: Kernels = runtime.settled_module() or kernels()
    return chosen.resample(x, rate, target_rate, quality, mono, mode=mode)


class Resampler:
    """Change the sample rate of a stream, with the bits that `resample` gives for the whole.

    Holds the filter's state: one object per stream, one thread at a time.

    Parameters
    ----------
    rate, target_rate : int
        Hz, 8000..192000.
    channels : int
        1..32.
    quality : {"low", "medium", "high", "very_high"}
    mono : bool
        Average the channels before filtering; one channel comes out.
    mode : {"live", "offline"}
        As for `resample`; offline a result waits for 0.11 s of input (at 16 kHz) instead of 0.008.
    """

    def __init__(
        self,
        rate: int,
        target_rate: int,
        *,
        channels: int = 1,
        quality: str = "high",
        mono: bool = False,
        mode: str = "live",
    ) -> None:
        given = check_integer("Resampler: channels", channels, 1, MAX_CHANNELS, "channels")
        self._kernel = kernels().Resampler(
            check_rate("Resampler: rate", rate),
            check_rate("Resampler: target_rate", target_rate),
            given,
            check_choice("Resampler: quality", quality, QUALITIES),
            check_flag("Resampler: mono", mono),
            mode=check_choice("Resampler: mode", mode, RESAMPLING_MODES),
        )

    @property
    def latency_frames(self) -> int:
        """Input frames that must follow a frame before its output appears."""
        return self._kernel.latency_frames

    @property
    def cleaned_samples(self) -> int:
        """Samples that were NaN or infinite and have been replaced."""
        return self._kernel.cleaned_samples

    def process(self, x: Samples) -> NDArray[np.float32]:
        """Take a chunk, shape (channels, frames) or (frames,); give the frames that are ready."""
        return self._kernel.process(x)

    def flush(self) -> NDArray[np.float32]:
        """Give the rest of the stream; the next chunk begins a new one."""
        return self._kernel.flush()

    def reset(self) -> None:
        """Drop the rest of the stream."""
        self._kernel.reset()


def convert_format(x: Samples, target: str, *, dither: bool = False) -> Samples:
    """Convert samples to float32, float64, int16 or int32.

    Integers become floats by a division by 2**15 or 2**31, floats integers by the inverse, rounded
    (ties to even) and clamped. Every conversion rounds once: float64 does not go through float32.
    All int16 values survive the way to float32 and back; int32 survives the way to float64 only, as
    float32 holds 24 bits. The type that `x` has already gives `x` itself.

    Parameters
    ----------
    x : array, shape (channels, frames) or (frames,)
    target : {"f32", "i16", "i32", "f64"}
        In any case.
    dither : bool
        Add triangular noise of +-1 LSB before rounding to int16; the same noise each time. The sum
        is made in float32.

    Returns
    -------
    array of the target's type, shape as `x`

    Raises
    ------
    ConfigurationError
        Unknown target, or dither for another target than "i16".
    ItemTypeError
        `x` has the wrong type, dtype or shape.
    """
    chosen: Kernels = runtime.settled_module() or kernels()
    return chosen.convert_format(x, target, dither)


def to_mono(x: Samples) -> NDArray[np.float32]:
    """Average the channels, as `numpy.mean(x, axis=0)` does in float32.

    Returns
    -------
    float32 array, shape (1, frames), or (frames,) for 1-D input
        One float32 channel gives `x` itself. Of finite samples the mean is finite, also where
        their sum in float32 is not.
    """
    chosen: Kernels = runtime.settled_module() or kernels()
    return chosen.to_mono(x)


class EnergyVAD:
    """Find speech by its energy, against a noise floor that adapts.

    A frame is speech if its RMS is above `threshold` and above the noise floor by 3, 6, 9 or 12 dB
    (`aggressiveness` 0..3). Samples that do not fill a frame wait for the next chunk, so chunks do
    not change a decision. One object per stream, one thread at a time.

    Parameters
    ----------
    rate : int
        Hz, 8000..192000.
    frame_duration_ms : int
        5..100 ms.
    threshold : float
        RMS of full scale, 0..1.
    aggressiveness : int
        0..3; higher values call fewer frames speech.
    """

    def __init__(
        self,
        rate: int = 16_000,
        frame_duration_ms: int = 30,
        threshold: float = 0.02,
        *,
        aggressiveness: int = 1,
    ) -> None:
        self._kernel = kernels().EnergyVAD(
            check_rate("EnergyVAD: rate", rate),
            check_integer("EnergyVAD: frame_duration_ms", frame_duration_ms, 5, 100, "ms"),
            check_number("EnergyVAD: threshold", threshold, 0, 1, "(RMS of full scale)"),
            check_integer("EnergyVAD: aggressiveness", aggressiveness, 0, 3),
        )

    def process(self, x: Samples) -> NDArray[np.bool_]:
        """Take a chunk; give one decision per frame that it completes. Channels are averaged."""
        return self._kernel.process(x)

    def levels(self, x: Samples) -> NDArray[np.float32]:
        """Take a chunk as `process` does; give numbers to which any threshold can be put.

        A stream may take either call, chunk by chunk.

        Returns
        -------
        float32 array, one per completed frame
            dB of the frame's RMS (at least -100 dBFS) above what speech must exceed. A level falls
            by at most 50 dB per second, so it stays up through the gaps within a word. Frames that
            `process` calls speech have levels above 0.
        """
        return self._kernel.levels(x)

    def reset(self) -> None:
        """Forget the partial frame, the noise floor and the level."""
        self._kernel.reset()


def path_text(path: Path, action: str) -> str:
    """Give a path as text; the error of a file to `action` if it can be no path."""
    try:
        text = os.fsdecode(path)
    except TypeError:
        raise ItemTypeError(
            f"path is {path!r}, expected a str or a pathlib.Path",
            hint="read(path), write(path, ...)",
        ) from None
    if "\0" in text:  # the system would take the part before it for the whole name
        name = text.partition("\0")[0]
        raise MediaIOError(
            f"I/O error: cannot {action} '{name}': its name goes on after a NUL character",
            hint="check the path",
            path=text,
        )
    return text
