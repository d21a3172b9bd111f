"""The Python implementations of the nodes for numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from node_runs import RATE, Run, noise, run, run_one
from remotemedia._items import give_item
from remotemedia._packet import Packet
from remotemedia.nodes import (
    AddNode,
    CalculatorNode,
    ExtractAudioDataNode,
    MultiplyNode,
)

# --- numbers


def test_multiply_then_add_gives_whole_numbers_for_whole_numbers() -> None:
    for number, expected in ((1, 12), (2, 14), (3, 16)):
        result = run_one(AddNode(10), run_one(MultiplyNode(2), number))
        assert result == expected
        assert type(result) is int


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (1.5, 3.0),
        ([1, [2.5, -3]], [2, [5.0, -6]]),
        ((1, 2), [2, 4]),
        (2**62, 2.0**63),  # no integer of 64 bits holds it
        (np.int64(4), 8),
        ([], []),
    ],
)
def test_numbers_and_lists_are_multiplied_element_by_element(item: Any, expected: Any) -> None:
    result = run_one(MultiplyNode(), item)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("dtype", "operand", "result"),
    [
        (np.float32, 1.5, np.float32),
        (np.float64, 1.5, np.float64),
        (np.int32, 3.0, np.int32),
        (np.int64, 0.5, np.float64),
        (np.complex64, 2.0, np.complex64),
    ],
)
def test_arrays_keep_their_precision(dtype: type, operand: float, result: type) -> None:
    array = np.arange(6).reshape(2, 3).astype(dtype)
    product = run_one(MultiplyNode(operand), array)
    assert product.dtype == result
    assert np.array_equal(product, array * operand)
    assert np.array_equal(run_one(AddNode(operand), array), array + operand)


def test_the_bare_array_of_extracted_audio_is_multiplied_in_its_own_precision() -> None:
    extracted = run(ExtractAudioDataNode(), [(noise(4, 2), RATE)])[0]
    (packet,) = Run(MultiplyNode(0.5)).give(extracted)
    assert np.array_equal(give_item(packet), extracted.payload.samples * np.float32(0.5))
    integers = run(ExtractAudioDataNode(), [(np.ones((1, 4), np.int16), RATE)])[0]
    with pytest.raises(TypeError, match=r"audio is i16, expected f32; put a FormatConverterNode"):
        Run(MultiplyNode()).give(integers)


@pytest.mark.parametrize("item", ["text", True, {"a": 1}, [1, "x"], [None]])
def test_what_is_no_number_is_refused(item: Any) -> None:
    with pytest.raises(ValueError, match=r"MultiplyNode: item is .*, expected a number or a list"):
        run_one(MultiplyNode(), item)


def test_what_has_no_value_is_a_type_error() -> None:
    with pytest.raises(TypeError, match=r"the item is object .*no JSON value"):
        run_one(AddNode(), object())
    with pytest.raises(TypeError, match="expected a number, text, list or object, got audio"):
        run_one(AddNode(), (noise(4), RATE))


@pytest.mark.parametrize(
    ("operation", "args", "result"),
    [
        ("add", [1, 2], 3),
        ("subtract", [1, 2.5], -1.5),
        ("multiply", [2**40, 2**40], 2.0**80),
        ("divide", [6, 3], 2.0),
        ("divide", [1, 3], 1 / 3),
        ("modulo", [-7, 3], 2),
        ("modulo", [7, -3], -2),
        ("modulo", [-7.5, 3], 1.5),
        ("power", [2, 10], 1024),
        ("power", [2, -1], 0.5),
        ("power", [-2, 63], -(2**63)),
        ("power", [10, 10**12], math.inf),
        ("power", [-10.0, 10**11 + 1], -math.inf),
        ("power", [-1, 10**12], 1),
        ("add", [1, 2, 3], 3),
    ],
)
def test_the_calculator_computes_what_the_item_asks_for(
    operation: str, args: list[float], result: float
) -> None:
    answer = run_one(CalculatorNode(), {"operation": operation, "args": args})
    assert answer == {
        "operation": operation,
        "args": args,
        "result": result,
        "processed_by": "CalculatorNode[n]",
        "node_config": {},
    }
    assert type(answer["result"]) is type(result)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (3, r'item is 3, expected \{"operation": name, "args": \[a, b\]\}; set operation and'),
        ({"operation": "add"}, r'item is \{"operation":"add"\}'),
        ({"operation": "root", "args": [1, 2]}, 'operation is "root", expected add, subtract'),
        ({"operation": 1, "args": [1, 2]}, "operation is 1"),
        ({"operation": "add", "args": [1]}, r"args is \[1\], expected two numbers"),
        ({"operation": "add", "args": [1, "2"]}, r'args is \[1,"2"\], expected two numbers'),
        ({"operation": "add", "args": [True, 2]}, r"args is \[true,2\], expected two numbers"),
    ],
)
def test_the_calculator_refuses_what_it_cannot_compute(item: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"CalculatorNode: {message}"):
        run_one(CalculatorNode(), item)


@pytest.mark.parametrize("operation", ["divide", "modulo"])
def test_a_division_by_zero_is_refused(operation: str) -> None:
    with pytest.raises(ValueError, match="divisor is 0, expected another number; Division by zero"):
        run_one(CalculatorNode(), {"operation": operation, "args": [1, 0.0]})
    with pytest.raises(ValueError, match="Division by zero"):
        run_one(CalculatorNode(operation, 0), 5)


def test_a_power_that_is_no_real_number_is_refused() -> None:
    with pytest.raises(ValueError, match=r"power of a negative number is 0\.5, expected a whole"):
        run_one(CalculatorNode("power", 0.5), -4)
    with pytest.raises(ValueError, match="Division by zero"):
        run_one(CalculatorNode("power", -1), 0)


@pytest.mark.parametrize(
    ("item", "result"),
    [
        (4, 6),
        (4.5, 6.75),
        ("4", 6),
        ("-4.0e0", -6),
        (".5", 0.75),
        ("5.", 7.5),
        (" 4", " 4"),
        ("+4", "+4"),
        ("four", "four"),
        ("nan", "nan"),
        ("9" * 5_000, "9" * 5_000),
        (None, None),
        (True, True),
        ([4], [4]),
    ],
)
def test_the_calculator_with_an_operand_computes_with_numbers_and_passes_the_rest(
    item: Any, result: Any
) -> None:
    (packet,) = Run(CalculatorNode("multiply", 1.5)).give(Packet(item, {"k": 1}))
    assert packet.payload == result
    assert type(packet.payload) is type(result)
    assert packet.metadata == {"k": 1}


def test_the_calculator_with_an_operand_passes_audio() -> None:
    samples = noise(10)
    assert run_one(CalculatorNode("add", 1), (samples, RATE))[0] is samples
