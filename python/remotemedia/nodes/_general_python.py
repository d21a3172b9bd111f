"""PassThroughNode, BufferNode and the text nodes in Python.

The first two are twins of ``src/nodes/general_nodes.cc``; the text nodes run in Python only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from .._items import describe, take_result
from .._messages import shown
from .._node_types import StreamFormat
from .._packet import Collected, Emit, NodeContext, Packet
from ..exceptions import refuse, refuse_type
from ._executor import PythonExecutor

__all__ = [
    "BufferExecutor",
    "PassThroughExecutor",
    "TextProcessorExecutor",
    "TextTransformExecutor",
    "resolve_buffer",
]

_OPERATIONS: Final[dict[str, Callable[[str], str | int]]] = {
    "uppercase": str.upper,
    "lowercase": str.lower,
    "reverse": lambda text: text[::-1],
    "word_count": lambda text: len(text.split()),
    "char_count": len,
    "title_case": str.title,
    "remove_spaces": lambda text: text.replace(" ", ""),
    "first_word": lambda text: next(iter(text.split()), ""),
    "last_word": lambda text: next(reversed(text.split()), ""),
}


class PassThroughExecutor(PythonExecutor):
    """Passes packets on."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        pass

    def process(self, packet: Packet, emit: Emit) -> None:
        """Emit the packet."""
        emit(packet, 0)


class BufferExecutor(PythonExecutor):
    """Collects packets."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._size: int = parameters["buffer_size"]
        self._held: list[Packet] = []

    def process(self, packet: Packet, emit: Emit) -> None:
        """Emit a list when it is full."""
        self._held.append(packet)
        if len(self._held) >= self._size:
            self.flush(emit)

    def flush(self, emit: Emit) -> None:
        """Emit the rest."""
        if not self._held:
            return
        held, self._held = self._held, []
        # Lists are made across clips.
        emit(replace(held[0], payload=Collected(held), metadata={}, ends_clip=False), 0)


class TextTransformExecutor(PythonExecutor):
    """Applies a function."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._function: Callable[[str], Any] = parameters["transform_func"]

    def process(self, packet: Packet, emit: Emit) -> None:
        """Emit the result; None is no result."""
        item = packet.payload
        if isinstance(item, str):
            result = self._function(item)
        elif isinstance(item, tuple) and item and isinstance(item[0], str):
            result = (self._function(item[0]), *item[1:])
        else:
            emit(packet, 0)
            return
        if result is not None:
            emit(take_result(result, packet), 0)


class TextProcessorExecutor(PythonExecutor):
    """Applies named operations."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._processed_by = ""

    def initialize(self, context: NodeContext) -> None:
        """Take the node's name."""
        self._processed_by = f"TextProcessorNode[{context.node_id}]"

    def process(self, packet: Packet, emit: Emit) -> None:
        """Emit all results."""
        text, operations = _request(packet)
        result = {
            "original_text": text,
            "operations": operations,
            "results": {name: _operation(name)(text) for name in operations},
            "processed_by": self._processed_by,
            "node_config": {},
        }
        emit(packet.with_payload(result), 0)


def resolve_buffer(parameters: Mapping[str, Any], fmt: StreamFormat) -> StreamFormat:
    """Give the format of a list."""
    return StreamFormat("list")


def _request(packet: Packet) -> tuple[str, list[Any]]:
    item = {"text": packet.payload} if isinstance(packet.payload, str) else packet.payload
    if not isinstance(item, dict):
        refuse_type(
            f"expected text or a dict, got {describe(packet)}",
            'pass {"text": ..., "operations": [...]}',
        )
    text, operations = item.get("text"), item.get("operations", ["uppercase"])
    if not isinstance(text, str):
        refuse("TextProcessorNode: text", shown(text), "a str")
    if not isinstance(operations, list | tuple):
        refuse("TextProcessorNode: operations", shown(operations), "a list of names")
    return text, list(operations)


def _operation(name: Any) -> Callable[[str], str | int]:
    if not isinstance(name, str) or name not in _OPERATIONS:
        refuse("TextProcessorNode: operation", shown(name), f"one of {', '.join(_OPERATIONS)}")
    return _OPERATIONS[name]
