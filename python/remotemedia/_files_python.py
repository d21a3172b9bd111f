"""Audio files where the native module is not in use: `wave` for PCM WAV, else `soundfile`."""

from __future__ import annotations

import io
import os
import secrets
import sys
import wave
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ._arrays import FORMATS, MAX_CHANNELS, MAX_RATE, MIN_RATE
from ._file_layout import FileLayout, file_layout
from .exceptions import MediaIOError, MissingExtraError

WRITABLE_SUFFIXES: Final = (".flac", ".mp3", ".ogg", ".opus", ".wav")
_LOSSY_SUFFIXES: Final = (".mp3", ".ogg", ".opus")
_NEVER_EMPTY: Final = (".flac", ".mp3", ".opus")  # nobody could read such a file
_CONTAINERS: Final = ("AIFF", "AU", "FLAC", "MP3", "OGG", "RF64", "W64", "WAV", "WAVEX")
_KNOWN_KINDS: Final = "known kinds: wav, flac, ogg (vorbis, opus), mp3, aiff, au, w64"
_MPEG_FRAME: Final = 1_152
_MAX_SIZE: Final = 2**32 - 1
_I16 = FORMATS["i16"]
_WAV_WIDTHS = {_I16: 2, FORMATS["i32"]: 4}
_MP3_RATES: Final = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_OPUS_RATES: Final = (8_000, 12_000, 16_000, 24_000, 48_000)
# By suffix: most channels and the rates that it can hold (empty: all).
_LIMITS: Final[dict[str, tuple[int, tuple[int, ...]]]] = {
    ".flac": (8, ()),
    ".mp3": (2, _MP3_RATES),
    ".opus": (MAX_CHANNELS, _OPUS_RATES),
}
# Channel counts whose last channel the encoder takes for one of low frequencies only.
_BASS_COUNTS: Final[dict[str, tuple[int, ...]]] = {".ogg": (6,), ".opus": (6, 7, 8)}


def read_audio(path: str) -> tuple[NDArray[np.float32], int]:
    """Read a whole file as float32 of shape (channels, frames), and its rate in Hz."""
    _check_readable(path)
    found = _read_wave(path)
    data, rate = found if found is not None else _read_soundfile(path)
    if not 1 <= data.shape[0] <= MAX_CHANNELS:
        raise _unreadable(path, f"it has {data.shape[0]} channels, 1..{MAX_CHANNELS} are supported")
    if not MIN_RATE <= rate <= MAX_RATE:
        raise _unreadable(
            path, f"its sample rate is {rate} Hz, {MIN_RATE}..{MAX_RATE} Hz are supported"
        )
    return data, rate


def write_audio(path: str, audio: NDArray[Any], rate: int) -> None:
    """Write a whole file; its name appears when it is complete."""
    samples = np.atleast_2d(audio)
    suffix = _check_writable(path, rate, samples.shape[0])
    if samples.shape[1] == 0 and suffix in _NEVER_EMPTY:
        raise _unwritable(
            path, "no audio came, and this kind of file cannot be empty", "write .wav or .ogg"
        )
    if suffix == ".wav" and samples.dtype in _WAV_WIDTHS:
        _write_atomically(path, lambda part: _write_wave(part, samples, rate))
    else:
        _write_soundfile(path, suffix, samples, rate)


def _read_wave(path: str) -> tuple[NDArray[np.float32], int] | None:
    """Read PCM WAV; None if it is something else."""
    try:
        with wave.open(path, "rb") as file:
            channels, width, rate = file.getparams()[:3]
        layout = file_layout(path)
        if channels == 0 or width not in (1, 2, 3, 4) or layout.offset == 0:
            return None
        raw = _coded_audio(path, layout)
    except (wave.Error, EOFError):
        return None
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    present = len(raw) // (channels * width)
    promised = layout.size // (channels * width)
    if present < promised:
        raise _truncated(path, present, promised)
    samples = _decode_pcm(raw[: present * channels * width], width).reshape(present, channels)
    return np.ascontiguousarray(samples.T), rate


def _coded_audio(path: str, layout: FileLayout) -> bytes:
    """Give the bytes that the header promises: all the rest, if a stream left the size open."""
    with Path(path).open("rb") as file:
        file.seek(layout.offset)
        return file.read(-1 if layout.open_size_at else layout.size)


def _decode_pcm(raw: bytes, width: int) -> NDArray[np.float32]:
    if width == 1:  # the only unsigned one
        unsigned = np.frombuffer(raw, np.uint8).astype(np.float32)
        centred: NDArray[np.float32] = (unsigned - np.float32(128)) / np.float32(128)
        return centred
    if width == 3:  # noqa: PLR2004 - bytes of a 24-bit sample, which become the upper bits of 32
        wide = np.zeros((len(raw) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        raw, width = wide.tobytes(), 4
    integers = np.frombuffer(raw, f"<i{width}")
    scaled: NDArray[np.float32] = integers.astype(np.float32) * np.float32(2.0 ** (1 - 8 * width))
    return scaled


def _read_soundfile(path: str) -> tuple[NDArray[np.float32], int]:
    soundfile = _soundfile(path, "read")
    layout = file_layout(path)
    try:
        with soundfile.SoundFile(_closed(path, layout)) as file:
            container, rate, known = file.format, file.samplerate, file.frames
            data = file.read(known, dtype="float32", always_2d=True)  # GSM cannot seek
    except (RuntimeError, OSError) as error:  # soundfile.LibsndfileError is a RuntimeError
        raise _unreadable(path, "it is no audio file known here, or it is damaged") from error
    if container not in _CONTAINERS:
        raise _unreadable(path, "its container is not supported", _KNOWN_KINDS)
    # A header of MPEG audio counts whole MPEG frames, and not all encoders count the same.
    slack = 2 * _MPEG_FRAME if container == "MP3" else 0
    if len(data) + slack < known:
        raise _truncated(path, len(data), known)
    if os.path.getsize(path) - layout.offset < layout.size:
        raise _truncated(path, len(data))
    return np.ascontiguousarray(data.T), int(rate)


def _closed(path: str, layout: FileLayout) -> str | bytes | io.BytesIO:
    """Give what soundfile shall open: the file, or a copy whose header tells the open size."""
    if layout.open_size_at == 0:
        return _native_name(path)
    content = bytearray(Path(path).read_bytes())
    size = min(len(content) - layout.offset, _MAX_SIZE)
    place = slice(layout.open_size_at, layout.open_size_at + 4)
    content[place] = size.to_bytes(4, layout.byte_order)
    return io.BytesIO(content)


def _write_wave(part: str, samples: NDArray[Any], rate: int) -> None:
    with wave.open(part, "wb") as file:
        file.setnchannels(samples.shape[0])
        file.setsampwidth(_WAV_WIDTHS[samples.dtype])
        file.setframerate(rate)
        file.writeframes(samples.T.astype(samples.dtype.newbyteorder("<")).tobytes())


def _write_soundfile(path: str, suffix: str, samples: NDArray[Any], rate: int) -> None:
    soundfile = _soundfile(path, "write")
    kind, subtype = {
        ".wav": ("WAV", "FLOAT"),
        ".flac": ("FLAC", "PCM_16" if samples.dtype == _I16 else "PCM_24"),
        ".ogg": ("OGG", "VORBIS"),
        ".opus": ("OGG", "OPUS"),
        ".mp3": ("MP3", "MPEG_LAYER_III"),
    }[suffix]
    if suffix in _LOSSY_SUFFIXES and samples.dtype != np.float32:
        # As in C++; libsndfile 1.2.2 makes noise of two channels of int16 in .mp3.
        full_scale = np.float32(-float(np.iinfo(samples.dtype).min))
        samples = samples.astype(np.float32) / full_scale
    if suffix != ".wav" and samples.dtype == np.float32:
        samples = np.clip(np.nan_to_num(samples, nan=0.0), -1.0, 1.0)

    def write(part: str) -> None:
        try:
            soundfile.write(_native_name(part), samples.T, rate, format=kind, subtype=subtype)
        except RuntimeError as error:
            raise _unwritable(path, str(error)) from error

    _write_atomically(path, write)


def _write_atomically(path: str, write: Callable[[str], None]) -> None:
    target = os.path.realpath(path)  # the file that a link names is replaced, not the link
    part = str(Path(target).parent / f".remotemedia-{secrets.token_hex(8)}.part")
    try:
        write(part)
        os.replace(part, target)
    except OSError as error:
        if isinstance(error, MediaIOError):
            raise
        raise _unwritable(path, error.strerror or str(error)) from error
    finally:
        Path(part).unlink(missing_ok=True)


def _check_readable(path: str) -> None:
    file = Path(path)
    try:
        if file.is_dir():
            raise _unreadable(path, "it is a folder", "give the path of a file")
        if not file.exists():
            raise _unreadable(
                path, "there is no such file", "check the path and the current folder"
            )
        if not file.is_file():  # a pipe would keep the caller waiting for its other end
            raise _unreadable(path, "it is no regular file", "write the audio to a file first")
        if file.stat().st_size == 0:
            raise _unreadable(path, "the file is empty")
    except ValueError as error:  # a NUL in the name
        raise _unreadable(path, str(error)) from error


def check_output_path(path: str) -> None:
    """Refuse a path to which nothing could be written: unknown suffix, no such folder."""
    _check_suffix(path)
    _check_place(path)


def _check_suffix(path: str) -> str:
    suffix = Path(path).suffix.lower()
    known = f"use one of {', '.join(WRITABLE_SUFFIXES)}"
    if not suffix:
        raise _unwritable(path, "its name has no suffix to tell the kind of file", known)
    if suffix not in WRITABLE_SUFFIXES:
        raise _unwritable(path, f"'{suffix}' is no suffix known here", known)
    return suffix


def _check_place(path: str) -> None:
    file = Path(path)
    if file.is_dir():
        raise _unwritable(path, "it is a folder", "give the path of a file")
    if not file.parent.is_dir():
        raise _unwritable(path, f"there is no folder '{file.parent}'", "create the folder first")
    if file.exists() and not file.is_file():  # a device or a pipe must stay what it is
        raise _unwritable(path, "it is no regular file", "write the audio to a file")


def _check_writable(path: str, rate: int, channels: int) -> str:
    suffix = _check_suffix(path)
    most, rates = _LIMITS.get(suffix, (MAX_CHANNELS, ()))
    if channels > most:
        raise _unwritable(
            path,
            f"{suffix} holds at most {most} channels, the audio has {channels}",
            "write .wav, or fewer channels",
        )
    if channels in _BASS_COUNTS.get(suffix, ()):
        raise _unwritable(
            path,
            f"{suffix} would keep only the bass of the last of {channels} channels",
            "write .wav or .flac",
        )
    if rates and rate not in rates:
        raise _unwritable(
            path,
            f"{suffix} cannot hold {rate} Hz, only {', '.join(map(str, rates))} Hz",
            "put an AudioResampleNode in front, or write .wav",
        )
    _check_place(path)
    return suffix


def _native_name(path: str) -> str | bytes:
    """Give the name as soundfile takes any: it refuses text for bytes that are no UTF-8."""
    return path if sys.platform == "win32" else os.fsencode(path)


def _soundfile(path: str, action: str) -> ModuleType:
    try:
        import soundfile
    except ImportError as error:
        raise MissingExtraError(
            f"cannot {action} '{path}' without the native module: only integer PCM .wav works",
            hint="pip install 'remotemedia[media]'",
        ) from error
    module: ModuleType = soundfile
    return module


def _truncated(path: str, frame: int, frames: int | None = None) -> MediaIOError:
    of_known = "" if frames is None else f" of {frames}"
    return _unreadable(
        path, f"it is truncated at frame {frame}{of_known}", "get a complete copy of the file"
    )


def _unreadable(path: str, problem: str, hint: str = "") -> MediaIOError:
    return MediaIOError(f"I/O error: cannot read '{path}': {problem}", hint=hint, path=path)


def _unwritable(path: str, problem: str, hint: str = "") -> MediaIOError:
    return MediaIOError(f"I/O error: cannot write '{path}': {problem}", hint=hint, path=path)
