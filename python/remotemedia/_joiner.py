"""Joins the blocks of a continuous graph's output into the item that the whole clip would give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final

import numpy as np

from ._arrays import FORMATS
from ._graph import Graph
from ._items import require_audio
from ._node_types import MetadataField, builtin_types
from ._packet import Audio, Packet
from .exceptions import refuse

__all__ = [
    "all_rules",
    "continued_metadata",
    "join_metadata",
    "join_packets",
    "merge_metadata",
    "shifted_metadata",
]

# Times come from integer frame counts, so touching intervals differ by rounding only.
_TOUCHING: Final = 1e-9
_PAIR: Final = 2
_INT64: Final = range(-(2**63), 2**63)
_FORMAT_NAMES: Final = {dtype: name for name, dtype in FORMATS.items()}


def join_packets(graph: Graph, packets: list[Packet]) -> Packet:
    """Join audio packets of one output, in order.

    The envelope is the first one's; the result ends its clip if the last one does.

    Raises
    ------
    The configuration error, if rate, channels or format change midway.
    """
    blocks = [require_audio(packet) for packet in packets]
    for block in blocks[1:]:
        _check_same(blocks[0], block)
    samples = [block.samples for block in blocks]
    if any(part.ndim == _PAIR for part in samples):
        samples = [np.atleast_2d(part) for part in samples]
    joined = Audio(np.concatenate(samples, axis=-1), blocks[0].rate)
    metadata = join_metadata(graph, [packet.metadata for packet in packets])
    ends_clip = packets[-1].ends_clip
    return replace(packets[0], payload=joined, metadata=metadata, ends_clip=ends_clip)


def join_metadata(graph: Graph, blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """Merge the metadata of consecutive blocks by the rules of the graph's node types.

    Fields that no type declares keep their last value.
    """
    rules = {field.name: field.merge for node in graph.nodes for field in node.type.metadata}
    return merge_metadata(rules, blocks)


@cache
def all_rules() -> dict[str, str]:
    """Give the rules of all types, for a node that joins blocks itself."""
    return {field.name: field.merge for field in _all_fields()}


@cache
def _clip_times() -> frozenset[str]:
    """Give the fields of all types whose times count from the start of the clip."""
    return frozenset(field.name for field in _all_fields() if field.counts_from_clip)


def _all_fields() -> list[MetadataField]:
    return [field for node_type in builtin_types() for field in node_type.metadata]


def shifted_metadata(metadata: Mapping[str, Any], begin_s: float) -> dict[str, Any]:
    """Give the metadata of a clip that becomes part of a stream in which it begins at `begin_s`.

    Times that count from the clip's start count from the stream's.
    """
    if begin_s == 0:
        return dict(metadata)
    times = _clip_times()
    return {
        name: _shifted(value, begin_s) if name in times else value
        for name, value in metadata.items()
    }


def _shifted(value: Any, seconds: float) -> Any:
    if _is_number(value):
        return value + seconds
    if isinstance(value, list):
        return [_shifted(entry, seconds) for entry in value]
    if isinstance(value, dict) and _is_number(value.get("time_s")):
        return {**value, "time_s": value["time_s"] + seconds}
    return value


def merge_metadata(rules: dict[str, str], blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """Merge the metadata of consecutive blocks; fields without a rule keep their last value."""
    result: dict[str, Any] = {}
    for metadata in blocks:
        for name, value in metadata.items():
            if name in result:
                result[name] = _merge(result[name], value, rules.get(name, "last"))
            else:
                result[name] = list(value) if isinstance(value, list) else value
    return result


def continued_metadata(rules: dict[str, str], metadata: dict[str, Any]) -> dict[str, Any]:
    """Give the metadata of audio that follows later on a block whose metadata have left already.

    The same, without what would be counted twice: sums are 0, lists that grow are empty.
    """
    result = dict(metadata)
    for name, value in metadata.items():
        rule = rules.get(name)
        if rule == "sum" and isinstance(value, int | float) and not isinstance(value, bool):
            result[name] = 0
        if rule in {"concat", "concat_intervals"} and isinstance(value, list):
            result[name] = []
    return result


def _merge(present: Any, following: Any, rule: str) -> Any:
    both = (present, following)
    if rule == "any" and all(isinstance(value, bool) for value in both):
        return present or following
    if rule == "sum" and all(_is_number(value) for value in both):
        total = present + following
        return total if isinstance(total, float) or total in _INT64 else float(total)
    if rule == "concat" and all(isinstance(value, list) for value in both):
        present.extend(following)
        return present
    if rule == "concat_intervals" and all(isinstance(value, list) for value in both):
        for interval in following:
            _append_interval(present, interval)
        return present
    return following


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _append_interval(intervals: list[Any], following: Any) -> None:
    last: Any = intervals[-1] if intervals else None
    both = _is_interval(last) and _is_interval(following)
    if both and abs(following[0] - last[1]) <= _TOUCHING:
        intervals[-1] = [last[0], following[1]]
    else:
        intervals.append(following)


def _is_interval(value: Any) -> bool:
    return isinstance(value, list) and len(value) == _PAIR


def _check_same(first: Audio, following: Audio) -> None:
    if following.rate != first.rate:
        refuse("rate of a later block", following.rate, f"{first.rate} Hz as before")
    if following.channels != first.channels:
        refuse("channel count of a later block", following.channels, f"{first.channels} as before")
    if following.samples.dtype != first.samples.dtype:
        names = [_FORMAT_NAMES[audio.samples.dtype] for audio in (following, first)]
        refuse("format of a later block", names[0], f"{names[1]} as before")
