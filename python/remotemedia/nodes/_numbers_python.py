"""CalculatorNode, MultiplyNode and AddNode in Python.

Twins of ``src/nodes/arithmetic.cc`` and ``src/nodes/number_nodes.cc``.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from .._items import require_value
from .._messages import number_text, to_json
from .._packet import Audio, Collected, Emit, NodeContext, Packet
from ..exceptions import refuse, refuse_type
from ._executor import PythonExecutor, format_name

__all__ = ["AddExecutor", "CalculatorExecutor", "MultiplyExecutor", "arithmetic"]

Number = int | float

_OPERATIONS: Final = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "power": "^",
    "modulo": "%",
}
_EXACT: Final = 2.0**53
_INT64: Final = range(-(2**63), 2**63)
_INTEGER: Final = re.compile(r"-?[0-9]+")
_NUMBER: Final = re.compile(r"-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_EXACT_OPERATORS: Final[dict[str, Callable[[int, int], int]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "%": operator.mod,
}
_FLOAT_OPERATORS: Final[dict[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}
_ARGUMENTS: Final = 2


def arithmetic(a: Number, op: str, b: Number) -> Number:
    """Compute ``a <op> b`` where op is one of + - * / % and ^ (power).

    Two integers give an integer where that is exact and fits 64 bits (never for division), else a
    float. Modulo has the divisor's sign. Raises the configuration error for a division by zero,
    and for a power that is no real number.
    """
    if (op in "/%" and b == 0) or (op == "^" and a == 0 and b < 0):
        refuse("divisor", "0", "another number", "Division by zero")
    if isinstance(a, int) and isinstance(b, int):
        exact = _integer_result(a, op, b)
        if exact is not None and exact in _INT64:
            return exact
    x, y = float(a), float(b)
    if op != "^":
        return _FLOAT_OPERATORS[op](x, y)
    return _power(x, y)


def _integer_result(a: int, op: str, b: int) -> int | None:
    if op == "^":
        # Beyond 64 bits unless the base is -1, 0 or 1; not computed, as it could fill the memory.
        return a**b if b >= 0 and (b < 64 or abs(a) <= 1) else None  # noqa: PLR2004
    return _EXACT_OPERATORS[op](a, b) if op in _EXACT_OPERATORS else None


def _power(a: float, b: float) -> float:
    try:
        return math.pow(a, b)
    except OverflowError:
        return -math.inf if a < 0 and b % 2 == 1 else math.inf
    except ValueError:  # a negative base and a fraction
        refuse("power of a negative number", number_text(b), "a whole exponent")


class CalculatorExecutor(PythonExecutor):
    """Computes what each item asks for, or with parameters the same with every number."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        operation = parameters["operation"]
        self._operation = None if operation is None else _OPERATIONS[operation]
        self._operand = 0 if operation is None else _whole_as_integer(parameters["operand"])
        self._processed_by = ""

    def initialize(self, context: NodeContext) -> None:
        """Take the node's name."""
        self._processed_by = f"CalculatorNode[{context.node_id}]"

    def process(self, packet: Packet, emit: Emit) -> None:
        """Emit the result."""
        result = self._calculate(packet) if self._operation is None else self._with_operand(packet)
        emit(packet.with_payload(result), 0)

    def _with_operand(self, packet: Packet) -> Any:
        assert self._operation is not None
        payload = packet.payload
        if payload is None or isinstance(payload, Audio | Collected):
            return payload
        number = _parsed(payload) if isinstance(payload, str) else require_value(packet)
        if number is None or not _is_number(number):
            return payload
        return _whole_as_integer(arithmetic(number, self._operation, self._operand))

    def _calculate(self, packet: Packet) -> dict[str, Any]:
        item = require_value(packet)
        if not isinstance(item, dict) or "operation" not in item or "args" not in item:
            refuse(
                "CalculatorNode: item",
                to_json(item),
                '{"operation": name, "args": [a, b]}',
                "set operation and operand to compute the same with every number",
            )
        operation, args = item["operation"], item["args"]
        op = _OPERATIONS.get(operation) if isinstance(operation, str) else None
        if op is None:
            expected = "add, subtract, multiply, divide, power or modulo"
            refuse("CalculatorNode: operation", to_json(operation), expected)
        is_list = isinstance(args, list) and len(args) >= _ARGUMENTS
        if not is_list or not all(map(_is_number, args[:_ARGUMENTS])):
            refuse("CalculatorNode: args", to_json(args), "two numbers")
        return {
            "operation": operation,
            "args": args,
            "result": arithmetic(args[0], op, args[1]),
            "processed_by": self._processed_by,
            "node_config": {},
        }


class _ScalarExecutor(PythonExecutor):
    """Multiplies or adds, element by element in lists and arrays."""

    def __init__(self, name: str, op: str, operand: float) -> None:
        self._name = name
        self._op = op
        self._operand = operand
        self._number = _whole_as_integer(operand)

    def process(self, packet: Packet, emit: Emit) -> None:
        """Emit the result."""
        emit(packet.with_payload(self._applied(packet)), 0)

    def _applied(self, packet: Packet) -> Any:
        payload = packet.payload
        if isinstance(payload, np.ndarray) and payload.dtype.kind in "iufc":
            return self._computed(payload, self._number)
        if isinstance(payload, Audio) and packet.form == "array":
            return self._applied_to_array(payload)
        return self._applied_to_value(require_value(packet))

    def _computed(self, array: Any, operand: Any) -> Any:
        return array * operand if self._op == "*" else array + operand

    def _applied_to_array(self, array: Audio) -> Audio:
        """Compute with the bare array of an ExtractAudioDataNode, in its own precision."""
        name = format_name(array)
        if name != "f32":
            refuse_type(
                f"audio is {name}, expected f32",
                'put a FormatConverterNode(target_format="f32") in front',
            )
        return Audio(self._computed(array.samples, np.float32(self._operand)), array.rate)

    def _applied_to_value(self, value: Any) -> Any:
        if _is_number(value):
            return arithmetic(value, self._op, self._number)
        if not isinstance(value, list):
            refuse(f"{self._name}: item", to_json(value), "a number or a list of numbers")
        return [self._applied_to_value(item) for item in value]


class MultiplyExecutor(_ScalarExecutor):
    """Multiplies by a factor."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        super().__init__("MultiplyNode", "*", parameters["factor"])


class AddExecutor(_ScalarExecutor):
    """Adds a number."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        super().__init__("AddNode", "+", parameters["addend"])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _parsed(text: str) -> Number | None:
    if _INTEGER.fullmatch(text) and (integer := _int(text)) is not None and integer in _INT64:
        return integer
    if _NUMBER.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return None


def _int(text: str) -> int | None:
    longest = 20  # sign and digits of 64 bits; Python refuses to read much longer integers
    return int(text) if len(text) <= longest else None


def _whole_as_integer(value: Number) -> Number:
    whole = isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT
    return int(value) if whole else value
