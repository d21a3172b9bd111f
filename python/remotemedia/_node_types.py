"""The table of built-in node types, and the check of parameters against it.

``node_types.json`` is written by the native registry (`remotemedia nodes describe --json`), so
both runtimes have the same names, defaults, ranges and messages. It is never edited by hand.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from ._messages import did_you_mean, number_text, shown

__all__ = [
    "MetadataField",
    "NodeType",
    "ParameterSpec",
    "Port",
    "Problem",
    "StreamFormat",
    "check_parameters",
    "did_you_mean",
    "find_type",
    "type_names",
]

_MAX_INTEGER: Final = 2**31 - 1  # native nodes read integers as int
_MAX_EXACT: Final = 9e15  # beyond 2**53 a float no longer says which integer was meant


@dataclass(frozen=True)
class Port:
    """An input or output of a node; no kinds means any."""

    name: str = "default"
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class MetadataField:
    """What a node adds to metadata, and how blocks of one stream combine it when joined."""

    name: str
    description: str
    merge: str  # "last", "any", "sum", "concat" or "concat_intervals"
    counts_from_clip: bool = False  # times (numbers, `time_s`) are seconds from the clip's start


@dataclass(frozen=True)
class ParameterSpec:
    """One parameter of a node type.

    ``type`` is "boolean", "integer", "number", "string", "path" or "any". A parameter without
    default is required, unless it is nullable: then its default is None.
    """

    name: str
    type: str
    description: str
    has_default: bool = False
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()  # compared without case
    unit: str = ""
    aliases: tuple[str, ...] = ()
    nullable: bool = False

    @property
    def is_required(self) -> bool:
        """Whether it has to be given."""
        return not self.has_default and not self.nullable


@dataclass(frozen=True)
class NodeType:
    """Everything the graph knows about a node type; a user's class has one made for it."""

    name: str
    summary: str = ""
    category: str = ""
    aliases: tuple[str, ...] = ()
    inputs: tuple[Port, ...] = (Port(),)  # none: a source
    outputs: tuple[Port, ...] = (Port(),)  # none: a sink
    parameters: tuple[ParameterSpec, ...] = ()
    refused_parameters: tuple[tuple[str, str], ...] = ()  # name and hint
    metadata: tuple[MetadataField, ...] = ()
    continuous: bool = False
    streaming: bool = False
    offloaded: bool = False
    repeatable: bool = False
    runtimes: tuple[str, ...] = ("python",)

    @property
    def is_source(self) -> bool:
        """Whether it produces its own data."""
        return not self.inputs

    @property
    def is_sink(self) -> bool:
        """Whether nothing comes out of it."""
        return not self.outputs


@dataclass(frozen=True)
class StreamFormat:
    """What flows through a port, as far as it is known before the run; None and 0 mean unknown."""

    kind: str | None = None
    rate: int = 0
    channels: int = 0
    sample_format: str | None = None


class Problem(NamedTuple):
    """What is wrong with parameters. `name` is the one, as given; empty for them together."""

    name: str
    message: str
    hint: str = ""


def find_type(name: str) -> NodeType | None:
    """Give a built-in type by name or alias."""
    return _table().get(name)


def type_names() -> list[str]:
    """Give the names and aliases of the built-in types, sorted."""
    return sorted(_table())


def builtin_types() -> list[NodeType]:
    """Give the built-in types, sorted by name."""
    return sorted({t.name: t for t in _table().values()}.values(), key=lambda t: t.name)


@cache
def _table() -> dict[str, NodeType]:
    path = Path(__file__).with_name("node_types.json")
    types = [_read_type(entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    return {name: t for t in types for name in (t.name, *t.aliases)}


def _read_type(entry: dict[str, Any]) -> NodeType:
    ports = {
        side: tuple(Port(port["name"], tuple(port["kinds"])) for port in entry[side])
        for side in ("inputs", "outputs")
    }
    return NodeType(
        name=entry["name"],
        summary=entry["summary"],
        category=entry["category"],
        aliases=tuple(entry["aliases"]),
        parameters=tuple(map(_read_parameter, entry["parameters"])),
        refused_parameters=tuple((r["name"], r["hint"]) for r in entry["refused_parameters"]),
        metadata=tuple(MetadataField(**field) for field in entry["metadata"]),
        continuous=entry["continuous"],
        streaming=entry["streaming"],
        offloaded=entry["offloaded"],
        repeatable=entry["repeatable"],
        runtimes=tuple(entry["runtimes"]),
        **ports,
    )


def _read_parameter(entry: dict[str, Any]) -> ParameterSpec:
    lists = {name: tuple(entry.get(name, ())) for name in ("choices", "aliases")}
    return ParameterSpec(**{**entry, **lists}, has_default="default" in entry)


def check_parameters(
    node_type: NodeType, given: Mapping[str, object]
) -> tuple[dict[str, Any] | None, Problem | None]:
    """Check parameters against the table of their type.

    A whole number is taken for an integer (16000.0), an integer for a number, a path object for a
    path; choices are compared without case.

    Returns
    -------
    parameters : dict or None
        Every name of the table, under its own name and in the table's order, defaults filled in.
    problem : Problem or None
        The first one, in the order of `given` and then of the table.
    """
    taken, problem = _take_given(node_type, given)
    if problem is not None:
        return None, problem
    complete: dict[str, Any] = {}
    for spec in node_type.parameters:
        if spec.name in taken:
            complete[spec.name] = taken[spec.name]
        elif spec.is_required:
            return None, Problem(
                spec.name,
                f"parameter '{spec.name}' is missing",
                f"{spec.description}; expected {_expectation(spec)}",
            )
        else:
            _, complete[spec.name] = _converted(spec, spec.default)  # 2 as a number is 2.0
    check = _JOINT_CHECKS.get(node_type.name)
    problem = check(complete) if check else None
    return (complete, None) if problem is None else (None, problem)


def _take_given(
    node_type: NodeType, given: Mapping[str, object]
) -> tuple[dict[str, Any], Problem | None]:
    taken: dict[str, Any] = {}
    for name, value in given.items():
        spec = _find_spec(node_type, name)
        if spec is None:
            return taken, _unknown_parameter(node_type, name)
        if spec.name in taken:
            alias = next(n for n in given if n in spec.aliases)
            other = alias if name == spec.name else name
            return taken, Problem(
                name, f"'{spec.name}' is given twice, as '{other}' too", f"keep {spec.name}"
            )
        fits, accepted = _converted(spec, value)
        if not fits or not _in_range(spec, accepted):
            return taken, Problem(name, f"{name} is {shown(value)}, expected {_expectation(spec)}")
        taken[spec.name] = accepted
    return taken, None


def _find_spec(node_type: NodeType, name: str) -> ParameterSpec | None:
    return next((s for s in node_type.parameters if name in (s.name, *s.aliases)), None)


def _unknown_parameter(node_type: NodeType, name: str) -> Problem:
    hint = dict(node_type.refused_parameters).get(name)
    if hint is None and not node_type.parameters:
        hint = "this node type takes no parameters"
    if hint is None:
        hint = did_you_mean(name, [spec.name for spec in node_type.parameters])
    return Problem(name, f"unknown parameter '{name}'", hint)


def _expectation(spec: ParameterSpec) -> str:
    if spec.choices:
        text = f"one of {', '.join(spec.choices)}"
    elif spec.minimum is not None and spec.maximum is not None:
        text = f"{number_text(spec.minimum)}..{number_text(spec.maximum)}"
    elif spec.minimum is not None:
        text = f"at least {number_text(spec.minimum)}"
    elif spec.maximum is not None:
        text = f"at most {number_text(spec.maximum)}"
    else:
        text = f"a value of type {spec.type}"
    return text + (f" {spec.unit}" if spec.unit else "") + (", or null" if spec.nullable else "")


def _converted(spec: ParameterSpec, value: Any) -> tuple[bool, Any]:
    """Give whether the value fits the table's type, and the value as that type."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None and spec.nullable:
        return True, None
    convert = _CONVERSIONS.get(spec.type)
    if convert is not None:
        return convert(value)
    if spec.type == "path" and isinstance(value, os.PathLike):
        value = os.fsdecode(value)
    if not isinstance(value, str) or (spec.type == "path" and not _can_be_path(value)):
        return False, None
    if not spec.choices:
        return True, value
    choice = next((c for c in spec.choices if _ascii_lower(c) == _ascii_lower(value)), None)
    return choice is not None, choice


def _can_be_path(text: str) -> bool:
    """Whether it has no NUL: the system would take the part before it for another file's name."""
    return text != "" and "\0" not in text


def _as_boolean(value: Any) -> tuple[bool, Any]:
    return isinstance(value, bool), value


def _as_integer(value: Any) -> tuple[bool, Any]:
    if isinstance(value, float) and value.is_integer() and abs(value) < _MAX_EXACT:
        return True, int(value)
    return isinstance(value, int) and not isinstance(value, bool), value


def _as_number(value: Any) -> tuple[bool, Any]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False, None
    try:
        number = float(value)
    except OverflowError:
        return False, None
    return math.isfinite(number), number


_CONVERSIONS: Final[dict[str, Callable[[Any], tuple[bool, Any]]]] = {
    "any": lambda value: (True, value),
    "boolean": _as_boolean,
    "integer": _as_integer,
    "number": _as_number,
}


def _ascii_lower(text: str) -> bytes:
    return text.encode(errors="replace").lower()


def _in_range(spec: ParameterSpec, value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    if spec.minimum is not None and value < spec.minimum:
        return False
    if spec.maximum is not None and value > spec.maximum:
        return False
    return spec.type != "integer" or abs(value) <= _MAX_INTEGER


def _check_calculator(parameters: dict[str, Any]) -> Problem | None:
    missing = [name for name in ("operand", "operation") if parameters[name] is None]
    if len(missing) != 1:
        return None
    expected = "both operation and operand, or neither"
    return Problem("", f"{missing[0]} is missing, expected {expected}")


def _check_silero(parameters: dict[str, Any]) -> Problem | None:
    rate = parameters["sample_rate"]
    if rate in {None, 8_000, 16_000}:
        return None
    return Problem("sample_rate", f"sample_rate is {rate}, expected 16000 or 8000 Hz")


def _check_transform(parameters: dict[str, Any]) -> Problem | None:
    function = parameters["transform_func"]
    if callable(function):
        return None
    return Problem(
        "transform_func",
        f"transform_func is {shown(function)}, expected a function from text to text",
        "a manifest cannot hold it; build this pipeline in Python",
    )


def _check_utterances(parameters: dict[str, Any]) -> Problem | None:
    least, most = parameters["min_speech_duration_s"], parameters["max_speech_duration_s"]
    if most >= least:
        return None
    expected = f"at least min_speech_duration_s, which is {shown(least)}"
    return Problem("", f"max_speech_duration_s is {shown(most)}, expected {expected}")


# What the table cannot express.
_JOINT_CHECKS: Final = {
    "CalculatorNode": _check_calculator,
    "SileroVADNode": _check_silero,
    "TextTransformNode": _check_transform,
    "VADTriggeredBuffer": _check_utterances,
}
