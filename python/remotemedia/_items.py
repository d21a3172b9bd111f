"""The one codec between what users write and the packets that travel through a graph."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np

from ._arrays import check_rate, check_samples
from ._packet import Audio, Collected, Packet
from .exceptions import refuse_type

__all__ = [
    "AUDIO_HINT",
    "describe",
    "give_item",
    "is_audio_item",
    "is_audio_tuple",
    "json_value",
    "parse_item",
    "parse_metadata",
    "require_audio",
    "require_value",
    "take_result",
]

AUDIO_HINT: Final = (
    "pass (array, sample_rate), (array, sample_rate, metadata) or "
    '{"audio_data": array, "sample_rate": rate}'
)
_AUDIO_KEYS: Final = ("audio_data", "sample_rate", "metadata")
_LONGEST_AUDIO_TUPLE: Final = 3
_INT64: Final = range(-(2**63), 2**63)
_MAX_DEPTH: Final = 64  # as in manifests: deeper values are mistakes, or contain themselves
_MAX_SHOWN: Final = 80
_MAX_SHOWN_BITS: Final = 1_000  # Python refuses to print much longer integers
_JSON_TYPES: Final = "None, bool, int, float, str, list, tuple and dict are accepted"


def is_audio_tuple(item: object) -> bool:
    """Whether `item` is ``(array, rate)`` or ``(array, rate, metadata)``."""
    return (
        isinstance(item, tuple)
        and len(item) in (2, _LONGEST_AUDIO_TUPLE)
        and isinstance(item[0], np.ndarray)
        and isinstance(item[1], int | np.integer)
        and not isinstance(item[1], bool)
    )


def is_audio_item(item: object) -> bool:
    """Whether `item` is audio in one of its forms."""
    return is_audio_tuple(item) or (isinstance(item, dict) and "audio_data" in item)


def parse_item(item: Any, *, ends_clip: bool = False) -> Packet:
    """Make a packet of an item.

    Parameters
    ----------
    item : tuple, dict, str or any other object
        Audio as ``(array, rate)``, ``(array, rate, metadata)`` or ``{"audio_data": array,
        "sample_rate": rate}``, with ``"metadata"`` if wanted; text; or anything but None. The array
        is borrowed where it needs no conversion.
    ends_clip : bool
        Nothing of this clip follows.

    Raises
    ------
    The type error of an item, if it is None or audio with an array, or with metadata, that cannot
    be taken; a configuration error if the rate is out of range.
    """
    if item is None:
        refuse_type("an item is None", "None means 'no result'; leave it out")
    if is_audio_tuple(item):
        metadata = item[2] if len(item) == _LONGEST_AUDIO_TUPLE else None
        return Packet(_audio(item[0], item[1]), parse_metadata(metadata), "tuple", ends_clip)
    if isinstance(item, dict) and "audio_data" in item:
        _check_keys(item)
        audio = _audio(item["audio_data"], item["sample_rate"])
        return Packet(audio, parse_metadata(item.get("metadata")), "mapping", ends_clip)
    return Packet(item, ends_clip=ends_clip)


def give_item(packet: Packet) -> Any:
    """Give a packet's item in the form it came in; metadata is shown where there is some."""
    payload = packet.payload
    if isinstance(payload, Collected):
        return [give_item(one) for one in payload.packets]
    if not isinstance(payload, Audio):
        return payload
    if packet.form == "array":
        return payload.samples
    if packet.form == "mapping":
        item: dict[str, Any] = {"audio_data": payload.samples, "sample_rate": payload.rate}
        return {**item, "metadata": dict(packet.metadata)} if packet.metadata else item
    if packet.metadata:
        return payload.samples, payload.rate, dict(packet.metadata)
    return payload.samples, payload.rate


def take_result(result: Any, origin: Packet) -> Packet:
    """Make a packet of what a user's node gave for `origin`, in its envelope.

    A result that says nothing of metadata keeps that of its origin; ``(array, rate, {})`` drops it.
    """
    packet = parse_item(result)
    says_metadata = isinstance(packet.payload, Audio) and _third(result) is not None
    metadata = packet.metadata if says_metadata else dict(origin.metadata)
    return replace(origin, payload=packet.payload, metadata=metadata, form=packet.form)


def parse_metadata(metadata: object) -> dict[str, Any]:
    """Give metadata as a new dict of JSON values; None is no metadata. NumPy scalars are converted.

    Raises
    ------
    The type error of an item, which names the key.
    """
    if metadata is None:
        return {}
    if not isinstance(metadata, dict):
        refuse_type(
            f"metadata is {type(metadata).__name__} {_repr(metadata)}, expected a dict",
            "the third element of an audio item is its metadata",
        )
    return _json_dict(metadata, "metadata", 0)


def describe(packet: Packet) -> str:
    """Say what a packet holds, for messages."""
    payload = packet.payload
    if payload is None:
        return "none"
    if isinstance(payload, Audio):
        return "a bare array" if packet.form == "array" else "audio"
    if isinstance(payload, Collected):
        return "list"
    return "text" if isinstance(payload, str) else type(payload).__name__


def require_audio(packet: Packet) -> Audio:
    """Give the audio of a packet; the type error of an item if it holds none."""
    if isinstance(packet.payload, Audio) and packet.form != "array":
        return packet.payload
    refuse_type(f"expected an audio item, got {describe(packet)}", AUDIO_HINT)


def _audio(array: object, rate: object) -> Audio:
    return Audio(check_samples(array), check_rate("sample_rate", rate))


def _check_keys(item: dict[Any, Any]) -> None:
    if "sample_rate" not in item:
        refuse_type("an audio item has audio_data, but no sample_rate", AUDIO_HINT)
    for key in item:
        if key not in _AUDIO_KEYS:
            refuse_type(
                f"an audio item has the key {key!r}, expected audio_data, sample_rate and metadata",
                'put it into "metadata"',
            )


def _third(result: Any) -> object:
    if isinstance(result, tuple):
        return result[2] if len(result) == _LONGEST_AUDIO_TUPLE else None
    return result.get("metadata")


def json_value(value: Any, where: str, depth: int = 0) -> Any:
    """Give a value as JSON holds it: tuples as lists, NumPy scalars as numbers, all of it copied.

    Raises
    ------
    The type error of an item, with `where` and the path below it.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, str):
        return _text(value, where)
    if isinstance(value, int):
        if value not in _INT64:
            hint = "pass it as a str or a float"
            refuse_type(f"{where} is {_repr(value)}, which does not fit 64 bits", hint)
        return int(value)
    if depth >= _MAX_DEPTH:
        what = where.partition("[")[0]
        refuse_type(f"{what} is nested more than {_MAX_DEPTH} levels deep")
    if isinstance(value, dict):
        return _json_dict(value, where, depth)
    if isinstance(value, list | tuple):
        return [json_value(v, f"{where}[{i}]", depth + 1) for i, v in enumerate(value)]
    refuse_type(f"{where} is {type(value).__name__} {_repr(value)}, no JSON value", _JSON_TYPES)


def require_value(packet: Packet) -> Any:
    """Give the JSON value of a packet's item; the type error of an item if it has none."""
    payload = packet.payload
    if isinstance(payload, Collected):
        return [require_value(one) for one in payload.packets]
    if payload is None or isinstance(payload, Audio):
        refuse_type(f"expected a number, text, list or object, got {describe(packet)}")
    return json_value(payload, "the item")


def _json_dict(value: dict[Any, Any], where: str, depth: int) -> dict[str, Any]:
    result = {}
    for key, member in value.items():
        if not isinstance(key, str):
            refuse_type(f"{where} has the key {_repr(key)}, expected str keys")
        result[_text(key, where)] = json_value(member, f"{where}[{_repr(key)}]", depth + 1)
    return result


def _text(text: str, where: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        refuse_type(
            f"{where} holds a lone surrogate, which is no character: {_repr(text)}",
            'decode bytes with errors="replace"',
        )
    return str(text)


def _repr(value: object) -> str:
    """Give `repr`, short enough for a message."""
    if isinstance(value, int) and value.bit_length() > _MAX_SHOWN_BITS:
        return f"an integer of {value.bit_length()} bits"
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "..."
