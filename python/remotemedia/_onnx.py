"""The float32 constants of an ONNX model that has one branch per sample rate.

The twin of ``src/dsp/onnx_reader.cc``, for files whose hash has been checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .exceptions import refuse

__all__ = ["branch_constants"]

# Field numbers of onnx.proto.
_MODEL_GRAPH: Final = 7
_GRAPH_NODE: Final = 1
_NODE_OPERATOR: Final = 4
_NODE_ATTRIBUTE: Final = 5
_ATTRIBUTE_NAME: Final = 1
_ATTRIBUTE_TENSOR: Final = 5
_ATTRIBUTE_GRAPH: Final = 6
_TENSOR_DIMS: Final = 1
_TENSOR_TYPE: Final = 2
_TENSOR_NAME: Final = 8
_TENSOR_RAW: Final = 9

_FLOAT32: Final = 1
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5

Value = int | bytes


def branch_constants(model: bytes, branch: str) -> dict[str, NDArray[np.float32]]:
    """Give the constants in "then_branch" or "else_branch" of the main graph's first If node."""
    for graph in _all(model, _MODEL_GRAPH):
        for node in _all(graph, _GRAPH_NODE):
            if _first(node, _NODE_OPERATOR) == b"If":
                return _constants(_attribute(node, branch, _ATTRIBUTE_GRAPH))
    refuse("ONNX model", f"without an If node that has a {branch}", "Silero VAD")


def _constants(graph: bytes) -> dict[str, NDArray[np.float32]]:
    found = {}
    for node in _all(graph, _GRAPH_NODE):
        if _first(node, _NODE_OPERATOR) != b"Constant":
            continue
        tensor = _attribute(node, "value", _ATTRIBUTE_TENSOR)
        raw = _first(tensor, _TENSOR_RAW)
        if _first(tensor, _TENSOR_TYPE) == _FLOAT32 and isinstance(raw, bytes):
            name = _first(tensor, _TENSOR_NAME)
            key = name.decode() if isinstance(name, bytes) else ""
            found[key] = np.frombuffer(raw, "<f4").astype(np.float32).reshape(_shape(tensor))
    return found


def _shape(tensor: bytes) -> list[int]:
    shape = []
    for number, value in _fields(tensor):
        if number != _TENSOR_DIMS:
            continue
        if isinstance(value, int):
            shape.append(value)
        else:  # packed
            at = 0
            while at < len(value):
                size, at = _varint(value, at)
                shape.append(size)
    return shape


def _attribute(node: bytes, name: str, number: int) -> bytes:
    for attribute in _all(node, _NODE_ATTRIBUTE):
        value = _first(attribute, number)
        if _first(attribute, _ATTRIBUTE_NAME) == name.encode() and isinstance(value, bytes):
            return value
    return b""


def _all(message: bytes, number: int) -> Iterator[bytes]:
    return (v for n, v in _fields(message) if n == number and isinstance(v, bytes))


def _first(message: bytes, number: int) -> Any:
    return next((value for n, value in _fields(message) if n == number), None)


def _fields(message: bytes) -> Iterator[tuple[int, Value]]:
    """Give number and value of each field, of those with four or eight bytes an empty value."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        value: Value = b""
        if kind == _VARINT:
            value, at = _varint(message, at)
        elif kind == _LENGTH:
            size, at = _varint(message, at)
            value = message[at : at + size]
            at += size
        elif kind in {_EIGHT_BYTES, _FOUR_BYTES}:
            at += 8 if kind == _EIGHT_BYTES else 4
        else:
            refuse("ONNX model", f"a field of an unknown kind at byte {at}", "a whole one")
        if at > len(message):
            refuse("ONNX model", f"cut off at byte {len(message)}", "a whole one")
        yield key >> 3, value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more bytes follow
            return value, at
        shift += 7
