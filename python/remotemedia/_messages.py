"""How messages show values and suggest names, the same as in native code."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any, Final

import numpy as np

__all__ = ["did_you_mean", "nearest", "number_text", "shortened", "shown", "to_json"]

# Longer names come only from hostile input; comparing them would cost quadratic time.
_MAX_NAME_LENGTH: Final = 64
_MAX_LISTED: Final = 30
_MAX_SHOWN_BYTES: Final = 80
# Where the native writer of JSON changes to an exponent; Python's repr does so a digit later.
_FIRST_JSON_EXPONENT: Final = 1e15
_FIRST_TEXT_EXPONENT: Final = 1e16


def nearest(name: str, known: Iterable[str]) -> str:
    """Give the known name closest to `name`, or an empty string.

    Close means a case-insensitive edit distance of at most a third of the length, at least 2.
    """
    given = name.encode(errors="replace").lower()
    if not 0 < len(given) <= _MAX_NAME_LENGTH:
        return ""
    best, best_distance = "", max(2, len(given) // 3) + 1
    for candidate in known:
        text = candidate.encode(errors="replace").lower()
        distance = _edit_distance(given, text)
        if distance < best_distance and distance < len(text):
            best, best_distance = candidate, distance
    return best


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Give "did you mean 'x'?" for the nearest name, else "known: a, b, c" (at most 30 names)."""
    names = list(known)
    if best := nearest(name, names):
        return f"did you mean '{best}'?"
    if not names:
        return ""
    return f"known: {', '.join(names[:_MAX_LISTED])}" + (", ..." if names[_MAX_LISTED:] else "")


def _edit_distance(a: bytes, b: bytes) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        diagonal, row[0] = row[0], i + 1
        for j, y in enumerate(b):
            substitution = diagonal + (x != y)
            diagonal = row[j + 1]
            row[j + 1] = min(row[j + 1] + 1, row[j] + 1, substitution)
    return row[-1]


def shortened(text: str, max_bytes: int) -> str:
    """Give the first bytes of the UTF-8 text, whole characters only, with "..." if it was cut."""
    data = text.encode(errors="replace")
    return text if len(data) <= max_bytes else data[:max_bytes].decode(errors="ignore") + "..."


def shown(value: object) -> str:
    """Give a value as JSON, or as `repr` if it has none, short enough for a message."""
    if isinstance(value, float) and not math.isfinite(value):
        # JSON has no such numbers, and "null" would hide what was given.
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    try:
        text = to_json(value)
    except TypeError:
        text = repr(value)
    return shortened(text, _MAX_SHOWN_BYTES)


def to_json(value: Any) -> str:
    """Give a value as one line of JSON; TypeError if it has none. NaN and infinities are null."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return _float_json(value)
    if isinstance(value, list | tuple):
        return f"[{','.join(map(to_json, value))}]"
    if isinstance(value, dict):
        members = (f"{json.dumps(k, ensure_ascii=False)}:{to_json(v)}" for k, v in value.items())
        return f"{{{','.join(members)}}}"
    return json.dumps(value, ensure_ascii=False)


def _float_json(value: float) -> str:
    if not math.isfinite(value):
        return "null"
    if _FIRST_JSON_EXPONENT <= abs(value) < _FIRST_TEXT_EXPONENT:
        digits = f"{abs(value):.1f}".split(".")[0]
        fraction = digits[1:].rstrip("0")
        return f"{'-' if value < 0 else ''}{digits[0]}{'.' + fraction if fraction else ''}e+15"
    return repr(value)


def number_text(value: float) -> str:
    """Give a number as messages show it: shortest, and without ".0" where it is whole."""
    return repr(value).removesuffix(".0")
