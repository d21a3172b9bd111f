"""Checks of audio arrays and their arguments, the same in both runtimes."""

from __future__ import annotations

import operator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .exceptions import ConfigurationError, ItemTypeError

MIN_RATE: Final = 8_000
MAX_RATE: Final = 192_000
MAX_CHANNELS: Final = 32

FORMATS: Final[dict[str, np.dtype[Any]]] = {
    "f32": np.dtype(np.float32),
    "i16": np.dtype(np.int16),
    "i32": np.dtype(np.int32),
}
FLOAT64: Final = np.dtype(np.float64)  # of arrays only, never of audio in a graph
QUALITIES: Final = ("low", "medium", "high", "very_high")
RESAMPLING_MODES: Final = ("live", "offline")
_TARGETS: Final = (*FORMATS, "f64")
_MAX_DIMENSIONS: Final = 2


def check_samples(x: object, what: str = "audio", *, keep_float64: bool = False) -> NDArray[Any]:
    """Return audio as float32, int16 or int32 of shape (channels, frames) or (frames,).

    C-contiguous arrays of those types are returned as they are. Other strides and byte orders are
    copied; float64 is converted to float32, unless `keep_float64`.

    Raises
    ------
    ItemTypeError
        No array, another dtype, more than two dimensions, or not 1 to 32 channels.
    """
    if not isinstance(x, np.ndarray):
        raise ItemTypeError(
            f"{what} is {_a(type(x).__name__)}, expected a numpy array",
            hint="numpy.asarray(x, dtype=numpy.float32)",
        )
    kept = x.dtype in FORMATS.values() or (keep_float64 and x.dtype == FLOAT64)
    if type(x) is np.ndarray and kept and x.flags.c_contiguous:
        _check_shape(x.shape, what)
        return x
    dtype = x.dtype.newbyteorder("=")
    if dtype not in FORMATS.values() and dtype != FLOAT64:
        raise ItemTypeError(
            f"{what} has dtype {x.dtype} and shape {x.shape}, "
            "expected float32, float64, int16 or int32",
            hint="scale it to [-1, 1] and convert it with x.astype(numpy.float32)",
        )
    _check_shape(x.shape, what)
    if dtype == FLOAT64 and not keep_float64:
        with np.errstate(over="ignore"):  # what is too large for float32 is infinite
            return np.ascontiguousarray(x, dtype=np.float32)
    return np.ascontiguousarray(x, dtype=dtype)


def _check_shape(shape: tuple[int, ...], what: str) -> None:
    if len(shape) not in (1, _MAX_DIMENSIONS):
        raise ItemTypeError(
            f"{what} has shape {shape}, expected (channels, frames) or (frames,)",
            hint="pass one clip at a time",
        )
    if len(shape) == 1 or 1 <= shape[0] <= MAX_CHANNELS:
        return
    raise ItemTypeError(
        f"{what} has shape {shape}: {shape[0]} channels, expected 1..{MAX_CHANNELS} "
        "in (channels, frames)",
        hint="layout is never guessed from shape; if it is (frames, channels), transpose it: x.T"
        if shape[0] > MAX_CHANNELS
        else "",
    )


def check_integer(what: str, value: object, low: int, high: int, unit: str = "") -> int:
    """Return `value` as an int within low..high; ConfigurationError otherwise."""
    if type(value) is int and low <= value <= high:
        return value
    expected = f"{low}..{high}{unit and ' ' + unit}"
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise ConfigurationError(f"{what} is {value!r}, expected an integer {expected}")
    if not low <= number <= high:
        hint = "pass the rate in Hz, not kHz" if unit == "Hz" and 0 < number < low // 20 else ""
        raise ConfigurationError(f"{what} is {number}, expected {expected}", hint=hint)
    return number


def check_rate(what: str, value: object) -> int:
    """Return a sample rate in Hz; ConfigurationError if it is none."""
    if type(value) is int and MIN_RATE <= value <= MAX_RATE:  # without another call
        return value
    return check_integer(what, value, MIN_RATE, MAX_RATE, "Hz")


def check_number(what: str, value: object, low: float, high: float, unit: str = "") -> float:
    """Return `value` as a float within low..high; ConfigurationError otherwise."""
    expected = f"{low:g}..{high:g}{unit and ' ' + unit}"
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.number):
        raise ConfigurationError(f"{what} is {value!r}, expected a number {expected}")
    number = float(value)
    if not low <= number <= high:  # NaN is not within, either
        raise ConfigurationError(f"{what} is {number:g}, expected {expected}")
    return number


def check_choice(what: str, value: object, choices: tuple[str, ...]) -> str:
    """Return `value` in lower case if it is one of `choices`; ConfigurationError otherwise."""
    if type(value) is str and value in choices:
        return value
    if isinstance(value, str) and value.lower() in choices:
        return value.lower()
    raise ConfigurationError(f"{what} is {value!r}, expected {', '.join(map(repr, choices))}")


def check_flag(what: str, value: object) -> bool:
    """Return a bool; ConfigurationError for anything else, whose truth would be guessed."""
    if isinstance(value, bool):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    raise ConfigurationError(f"{what} is {value!r}, expected True or False")


def check_conversion(target: object, dither: object) -> tuple[str, bool]:
    """Return the target in lower case and whether to dither; ConfigurationError otherwise."""
    name = check_choice("convert_format: target", target, _TARGETS)
    adds_noise = check_flag("convert_format: dither", dither)
    if adds_noise and name != "i16":
        raise ConfigurationError(
            f"convert_format: dither is True for target {name!r}, expected target 'i16'",
            hint="only int16 is coarse enough to need it",
        )
    return name, adds_noise


def check_rate_change(
    rate: object, target_rate: object, quality: object, mono: object, mode: object
) -> tuple[int, int, str, bool, str]:
    """Return the arguments of `resample`; ConfigurationError otherwise."""
    return (
        check_rate("resample: rate", rate),
        check_rate("resample: target_rate", target_rate),
        check_choice("resample: quality", quality, QUALITIES),
        check_flag("resample: mono", mono),
        check_choice("resample: mode", mode, RESAMPLING_MODES),
    )


def _a(name: str) -> str:
    return f"an {name}" if name[:1].lower() in "aeiou" else f"a {name}"
