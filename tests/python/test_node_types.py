"""The table of node types, and the check of parameters against it."""

from __future__ import annotations

import inspect
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from remotemedia import nodes
from remotemedia._builtin_node import BuiltinNode
from remotemedia._messages import did_you_mean, nearest, number_text, shortened, shown, to_json
from remotemedia._node_types import (
    NodeType,
    ParameterSpec,
    builtin_types,
    check_parameters,
    find_type,
    type_names,
)


def checked(type_name: str, **given: Any) -> dict[str, Any]:
    node_type = find_type(type_name)
    assert node_type is not None
    parameters, problem = check_parameters(node_type, given)
    assert problem is None
    assert parameters is not None
    return parameters


def problem_of(type_name: str, **given: Any) -> tuple[str, str, str]:
    node_type = find_type(type_name)
    assert node_type is not None
    parameters, problem = check_parameters(node_type, given)
    assert parameters is None
    assert problem is not None
    return problem


def test_types_are_found_by_name_and_alias() -> None:
    assert find_type("PassThrough") is find_type("PassThroughNode")
    assert find_type("NoSuchNode") is None
    assert type_names() == sorted(type_names())
    assert "PassThrough" in type_names()
    assert [t.name for t in builtin_types()] == sorted({t.name for t in builtin_types()})


@pytest.mark.parametrize("node_type", builtin_types(), ids=lambda t: t.name)
def test_each_constructor_declares_the_parameters_of_the_table(node_type: NodeType) -> None:
    cls = getattr(nodes, node_type.name)
    for alias in node_type.aliases:
        assert getattr(nodes, alias) is cls
    declared = list(inspect.signature(cls).parameters.values())
    of_table = declared[: len(node_type.parameters)]
    for parameter, spec in zip(of_table, node_type.parameters, strict=True):
        assert parameter.name == spec.name
        if spec.is_required:
            assert parameter.default is inspect.Parameter.empty
        else:
            assert parameter.default == spec.default
            assert type(parameter.default) is type(spec.default)
    rest = {p.name: p.kind for p in declared[len(of_table) :]}
    assert rest == {
        "name": inspect.Parameter.KEYWORD_ONLY,
        "runtime_hint": inspect.Parameter.KEYWORD_ONLY,
        "kwargs": inspect.Parameter.VAR_KEYWORD,
    }


@pytest.mark.parametrize("node_type", builtin_types(), ids=lambda t: t.name)
def test_each_docstring_names_every_parameter_choice_and_alias(node_type: NodeType) -> None:
    text = inspect.getdoc(getattr(nodes, node_type.name))
    assert text is not None
    for section in ("Parameters\n---", "Returns\n---", "Raises\n---"):
        assert section in text
    for spec in node_type.parameters:
        for word in (spec.name, *spec.aliases, *spec.choices):
            assert word in text


def test_every_class_of_the_package_is_a_type_of_the_table() -> None:
    classes = {
        value.__name__
        for value in vars(nodes).values()
        if isinstance(value, type) and issubclass(value, BuiltinNode) and value is not BuiltinNode
    }
    assert classes == {t.name for t in builtin_types()}


def test_checked_parameters_are_complete_and_in_the_order_of_the_table() -> None:
    assert list(checked("VADNode", aggressiveness=3).items()) == [
        ("frame_duration_ms", 30),
        ("energy_threshold", 0.02),
        ("sample_rate", None),
        ("aggressiveness", 3),
    ]


@pytest.mark.parametrize(
    ("type_name", "given", "expected"),
    [
        ("AudioResampleNode", {"target_rate": 8_000}, ("target_sample_rate", 8_000)),
        ("AudioResampleNode", {"target_sample_rate": 16_000.0}, ("target_sample_rate", 16_000)),
        (
            "AudioResampleNode",
            {"target_sample_rate": np.int64(8_000)},
            ("target_sample_rate", 8_000),
        ),
        ("AudioResampleNode", {"quality": "Very_High"}, ("quality", "very_high")),
        ("AudioResampleNode", {"mono": np.True_}, ("mono", True)),
        ("VADNode", {"threshold": 1}, ("energy_threshold", 1.0)),
        ("VADNode", {"sample_rate": None}, ("sample_rate", None)),
        ("MultiplyNode", {"factor": np.float32(0.5)}, ("factor", 0.5)),
        ("MediaReaderNode", {"path": Path("a") / "b.wav"}, ("path", "a/b.wav")),
    ],
)
def test_values_become_those_of_the_table(
    type_name: str, given: dict[str, Any], expected: tuple[str, Any]
) -> None:
    name, value = expected
    result = checked(type_name, **given)[name]
    assert result == value
    assert type(result) is type(value)


QUALITIES = "expected one of low, medium, high, very_high"


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        (
            {"target_sample_rate": 44},
            "target_sample_rate is 44, expected 8000..192000 Hz",
            "",
        ),
        ({"target_rate": "x"}, 'target_rate is "x", expected 8000..192000 Hz', ""),
        ({"target_rate": True}, "target_rate is true, expected 8000..192000 Hz", ""),
        ({"target_rate": 16000.5}, "target_rate is 16000.5, expected 8000..192000 Hz", ""),
        ({"target_rate": math.nan}, "target_rate is NaN, expected 8000..192000 Hz", ""),
        ({"target_rate": 10**30}, f"target_rate is {10**30}, expected 8000..192000 Hz", ""),
        (
            {"quality": "best"},
            'quality is "best", expected one of low, medium, high, very_high',
            "",
        ),
        (
            {"quality": ["high"]},
            'quality is ["high"], expected one of low, medium, high, very_high',
            "",
        ),
        ({"mono": 1}, "mono is 1, expected a value of type boolean", ""),
        ({"qualitty": "low"}, "unknown parameter 'qualitty'", "did you mean 'quality'?"),
        ({"zzz": 1}, "unknown parameter 'zzz'", "known: target_sample_rate, quality, mono, mode"),
        (
            {"input_rate": 48_000},
            "unknown parameter 'input_rate'",
            "the input rate comes with the audio; set target_sample_rate only",
        ),
        ({"output_rate": 48_000}, "unknown parameter 'output_rate'", "use target_sample_rate"),
        (
            {"target_sample_rate": 16_000, "target_rate": 16_000},
            "'target_sample_rate' is given twice, as 'target_rate' too",
            "keep target_sample_rate",
        ),
        (
            {"target_rate": 16_000, "target_sample_rate": 16_000},
            "'target_sample_rate' is given twice, as 'target_rate' too",
            "keep target_sample_rate",
        ),
    ],
)
def test_a_wrong_parameter_is_named_with_what_was_expected(
    given: dict[str, Any], message: str, hint: str
) -> None:
    assert problem_of("AudioResampleNode", **given)[1:] == (message, hint)


@pytest.mark.parametrize(
    ("type_name", "given", "message"),
    [
        ("VADNode", {"sample_rate": 5}, "sample_rate is 5, expected 8000..192000 Hz, or null"),
        ("VADNode", {"threshold": 1.5}, "threshold is 1.5, expected 0..1"),
        ("MultiplyNode", {"factor": None}, "factor is null, expected a value of type number"),
        (
            "MultiplyNode",
            {"factor": math.inf},
            "factor is Infinity, expected a value of type number",
        ),
        ("MultiplyNode", {"factor": 10**400}, None),
        ("MediaReaderNode", {"path": ""}, 'path is "", expected a value of type path'),
        ("MediaReaderNode", {}, "parameter 'path' is missing"),
        (
            "CalculatorNode",
            {"operation": "add"},
            "operand is missing, expected both operation and operand, or neither",
        ),
    ],
)
def test_each_type_of_parameter_says_what_it_expects(
    type_name: str, given: dict[str, Any], message: str | None
) -> None:
    found = problem_of(type_name, **given)[1]
    assert message is None or found == message
    assert "factor" in found or message is not None


def test_a_missing_parameter_is_described() -> None:
    assert problem_of("AudioBuffer")[2] == "Frames per chunk.; expected 1..100000000 frames"


def test_a_type_without_parameters_says_so() -> None:
    assert problem_of("PassThroughNode", x=1)[2] == "this node type takes no parameters"


def test_limits_of_one_side_are_said_as_such() -> None:
    def message(**limits: float) -> str:
        spec = ParameterSpec("x", "number", "", **limits)
        problem = check_parameters(NodeType("T", parameters=(spec,)), {"x": 5})[1]
        assert problem is not None
        return problem.message

    assert message(minimum=6.5) == "x is 5, expected at least 6.5"
    assert message(maximum=4.0) == "x is 5, expected at most 4"


def test_a_value_without_json_is_shown_as_python_does() -> None:
    assert "is <class 'int'>, expected" in problem_of("MultiplyNode", factor=int)[1]


@pytest.mark.parametrize(
    ("name", "best"),
    [
        ("VADNod", "VADNode"),
        ("vadnode", "VADNode"),
        ("AudioResamplerNode", "AudioResampleNode"),
        ("xy", ""),
        ("", ""),
        ("v" * 65, ""),
    ],
)
def test_the_nearest_name_differs_in_a_third_of_its_letters_at_most(name: str, best: str) -> None:
    assert nearest(name, ["AudioResampleNode", "VADNode", "VADTriggeredBuffer"]) == best


def test_at_most_thirty_names_are_listed() -> None:
    names = [f"candidate{i:02}" for i in range(31)]
    assert did_you_mean("zz", names[:2]) == "known: candidate00, candidate01"
    assert did_you_mean("zz", names).endswith("candidate29, ...")
    assert did_you_mean("zz", []) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [1, 2.5, None, True]}, '{"a":[1,2.5,null,true]}'),
        ("é\n", '"é\\n"'),
        (1.0, "1.0"),
        (1e15, "1e+15"),
        (-1.5e15, "-1.5e+15"),
        (999999999999999.0, "999999999999999.0"),
        (1e16, "1e+16"),
        (1e-5, "1e-05"),
        ([math.nan], "[null]"),
        (np.int16(3), "3"),
    ],
)
def test_values_are_written_as_the_native_writer_does(value: Any, text: str) -> None:
    assert to_json(value) == text


def test_long_values_are_cut_between_characters() -> None:
    assert shown("x" * 100) == '"' + "x" * 79 + "..."
    assert shortened("äää", 3) == "ä..."
    assert number_text(8000.0) == "8000"
    assert number_text(0.5) == "0.5"
