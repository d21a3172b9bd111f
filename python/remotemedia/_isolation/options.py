"""What a user says about isolation, checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from .._messages import did_you_mean
from ..exceptions import refuse

if TYPE_CHECKING:
    from ..node import Node

__all__ = ["Isolation", "check_isolation"]

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


def check_isolation(node: Node, value: object) -> Isolation | None:
    """Make the options of what a user says of a node; None if it is not isolated.

    Raises
    ------
    The configuration error, if the options are wrong, or not for this node.
    """
    name = type(node).__name__
    if isinstance(value, bool):
        isolation = Isolation() if value else None
    elif isinstance(value, Mapping):
        for field, expected, hint in _problems(value):
            refuse(f"{name}: isolate[{field!r}]", repr(value[field]), expected, hint)
        isolation = Isolation(**value)
    else:
        hint = f"known: {', '.join(_FIELDS)}"
        refuse(f"{name}: isolate", repr(value), "true, false or the fields of isolation", hint)
    if isolation is not None and node._is_builtin:
        hint = "only a node of your own can run in a process of its own"
        refuse(f"{name}: isolate", repr(value), "False for a built-in node", hint)
    if isolation is not None and node.is_streaming and isolation.restart != "never":
        hint = "its one call holds the whole stream, which a fresh worker has not seen"
        what = f"{name}: isolate['restart']"
        refuse(what, repr(isolation.restart), "'never' for a streaming node", hint)
    return isolation


def _problems(given: Mapping[Any, Any]) -> Iterator[tuple[Any, str, str]]:
    """Give each field that is wrong, what is expected there, and a hint."""
    for name in given:
        if name not in _FIELDS:
            yield name, f"one of {', '.join(_FIELDS)}", did_you_mean(str(name), _FIELDS)
    restart = given.get("restart", "never")
    if restart not in _POLICIES:
        yield "restart", "'never' or 'on_failure'", ""
    if "max_restarts" in given:
        most = given["max_restarts"]
        if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= _MAX_RESTARTS:
            yield "max_restarts", f"an integer 1..{_MAX_RESTARTS}", ""
        if restart == "never":
            yield "max_restarts", "restart='on_failure' beside it", ""
    timeout = given.get("start_timeout_s", 1)
    is_number = isinstance(timeout, int | float) and not isinstance(timeout, bool)
    if not is_number or not 0 < timeout <= _LONGEST_START_S:  # nor is NaN
        yield "start_timeout_s", f"seconds above 0, at most {_LONGEST_START_S}", ""
