"""What a user says about isolation, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from .._messages import did_you_mean

__all__ = ["Isolation", "find_problem", "parse_isolation"]

_FIELDS: Final = ("restart", "max_restarts", "start_timeout_s")
_POLICIES: Final = ("never", "on_failure")
_MAX_RESTARTS: Final = 1_000
_LONGEST_START_S: Final = 3_600


@dataclass(frozen=True, slots=True)
class Isolation:
    """How a node's worker process is run.

    Attributes
    ----------
    restart : {"never", "on_failure"}
        What follows the death of a worker while it processes an item: the run fails, or a fresh
        worker gets the same item.
    max_restarts : int
        Most restarts in one session, 1..1000.
    start_timeout_s : float
        Longest time from the start of the process until the node is loaded; at most an hour.
    """

    restart: Literal["never", "on_failure"] = "never"
    max_restarts: int = 3
    start_timeout_s: float = 30.0


def find_problem(value: object) -> tuple[str, str, str, str] | None:
    """Give what is wrong: the field below ``isolate`` or "", its value, what is expected, a hint.

    None if `value` says whether, and how, a node is isolated.
    """
    if isinstance(value, bool):
        return None
    if not isinstance(value, Mapping):
        return "", repr(value), "true, false or the fields of isolation", f"known: {_KNOWN}"
    for name, given in value.items():
        if name not in _FIELDS:
            hint = did_you_mean(str(name), _FIELDS)
            return str(name), repr(given), f"one of the fields {_KNOWN}", hint
    restart = value.get("restart", "never")
    if restart not in _POLICIES:
        return "restart", repr(restart), "'never' or 'on_failure'", ""
    most = value.get("max_restarts", 1)
    if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= _MAX_RESTARTS:
        return "max_restarts", repr(most), f"an integer 1..{_MAX_RESTARTS}", ""
    if "max_restarts" in value and restart == "never":
        return "max_restarts", repr(most), "restart='on_failure' beside it", ""
    timeout = value.get("start_timeout_s", 1)
    is_number = isinstance(timeout, int | float) and not isinstance(timeout, bool)
    if not is_number or not math.isfinite(timeout) or not 0 < timeout <= _LONGEST_START_S:
        return "start_timeout_s", repr(timeout), f"seconds above 0, at most {_LONGEST_START_S}", ""
    return None


def parse_isolation(value: bool | Mapping[str, Any]) -> Isolation | None:
    """Make the options of a checked value; None if the node is not isolated."""
    if isinstance(value, bool):
        return Isolation() if value else None
    return Isolation(**value)


_KNOWN: Final = ", ".join(_FIELDS)
