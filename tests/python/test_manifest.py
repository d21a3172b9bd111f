"""Reading manifests: every mistake is found before a run, with pointer, line, message and hint."""

from __future__ import annotations

import json
from typing import Any

import pytest

from manifests import BAD, VALID, changed
from remotemedia import ManifestError, MissingExtraError, Node, runtime
from remotemedia._document import guess_format, parse_document, parse_in_python
from remotemedia._graph_builder import build_graph
from remotemedia.manifest import manifest_to_dict, read_manifest


@pytest.fixture(params=["python", "as_installed"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The parser of the fallback, and the one that is used here without a switch."""
    if request.param == "python":
        monkeypatch.setenv(runtime.RUNTIME_VARIABLE, "python")
    return str(request.param)


def problem_of(source: Any, text_format: Any = None) -> ManifestError:
    with pytest.raises(ManifestError) as caught:
        build_graph(read_manifest(source, text_format))
    return caught.value


def test_the_valid_manifest_is_valid(parser: str) -> None:
    graph = build_graph(read_manifest(json.dumps(VALID)))
    assert [node.id for node in graph.nodes] == ["mic", "rate", "vad"]
    assert graph.nodes[2].output.rate == 16_000


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(("path", "value", "pointer", "message", "hint"), BAD)
def test_mistakes_carry_pointer_line_message_and_hint(
    path: str, value: Any, pointer: str, message: str, hint: str
) -> None:
    text = json.dumps(changed(path, value), indent=1, ensure_ascii=False)
    problem = problem_of(text, "json")
    assert problem.pointer == pointer
    assert message in str(problem)
    assert hint in problem.hint
    assert str(problem).startswith("Manifest error: ")
    line = parse_in_python(text, "json").line_of(pointer)
    assert problem.line == line > 0
    assert f"(line {line}{', ' + pointer if pointer else ''})" in str(problem)


@pytest.mark.parametrize(("path", "value", "pointer", "message", "hint"), BAD)
def test_mistakes_in_plain_values_have_no_line(
    path: str, value: Any, pointer: str, message: str, hint: str
) -> None:
    problem = problem_of(changed(path, value))
    assert (problem.pointer, problem.line) == (pointer, 0)
    assert message in str(problem)
    assert hint in problem.hint


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "{",
        "[1, 2",
        '{"a": 1,}',
        '{"a" 1}',
        "{'a': 1}",
        '{"a": 01}',
        '{"a": .5}',
        '{"a": NaN}',
        '{"a": 1e999}',
        '{"a": 9223372036854775808}',
        '{"a": -9223372036854775809}',
        '{"a": 12345678901234567890123456789}',
        '{"a": "\t"}',
        '{"a": "\\x"}',
        '{"a": "\\ud800"}',
        '{"a": 1, "a": 2}',
        '{"a": 1} x',
        "nul",
        "[" * 65 + "]" * 65,
        '{"' + "k" * 257 + '": 1}',
        json.dumps({f"k{i}": i for i in range(1_001)}),
        json.dumps([0] * 100_001),
        "[" + " " * (4 << 20) + "]",
    ],
    ids=range(25),
)
def test_text_that_is_no_json_is_refused(parser: str, text: str) -> None:
    with pytest.raises(ManifestError):
        parse_document(text, "json")


def test_json_values_keep_their_kinds_and_lines(parser: str) -> None:
    text = '\ufeff{"a": [1, 1.0,\n -0, 1e2],\n"b/~": {"c": "\\u00e9\\ud83d\\ude00"}, "d": null}'
    document = parse_document(text, "json")
    assert document.root == {"a": [1, 1.0, 0, 100.0], "b/~": {"c": "é😀"}, "d": None}
    assert [type(v) for v in document.root["a"]] == [int, float, int, float]
    lines = {"": 1, "/a": 1, "/a/0": 1, "/a/1": 1, "/a/2": 2, "/a/3": 2}
    assert document.lines == lines | {"/b~1~0": 3, "/b~1~0/c": 3, "/d": 3}


@pytest.mark.parametrize("value", [9223372036854775807, -9223372036854775808, 1e308, 5e-324])
def test_json_numbers_at_the_limits_are_exact(parser: str, value: Any) -> None:
    assert parse_document(json.dumps([value]), "json").root == [value]


YAML_VALUES = """
strings: [a, "1", '2', !!str 3, ! 4, 0b1, 1_000, yes, on, 12:30, 2026-01-31, .x, 0x, '~', "-.inf"]
integers: [1, -1, +1, 007, 0x1F, 0o17]
floats: [1.0, -.5, 5., 1e3, +1.5E-2]
words: [true, False, TRUE, null, ~, , Null]
nothing:
text: |
  two
  lines
"""


def test_yaml_is_typed_by_the_core_schema_of_1_2(parser: str) -> None:
    values = parse_document(YAML_VALUES.replace(", ,", ", null,"), "yaml").root
    assert all(isinstance(value, str) for value in values["strings"])
    assert values["strings"][1:5] == ["1", "2", "3", "4"]
    assert values["integers"] == [1, -1, 1, 7, 31, 15]
    assert values["floats"] == [1.0, -0.5, 5.0, 1000.0, 0.015]
    assert all(isinstance(value, float) for value in values["floats"])
    assert values["words"] == [True, False, True, None, None, None, None]
    assert values["nothing"] is None
    assert values["text"] == "two\nlines\n"


def test_yaml_values_have_lines(parser: str) -> None:
    document = parse_document("a: 1\nb:\n  - x\n  - c: [1,\n      2]\n", "yaml")
    assert document.root == {"a": 1, "b": ["x", {"c": [1, 2]}]}
    assert document.lines == {
        "": 1, "/a": 1, "/b": 3, "/b/0": 3, "/b/1": 4, "/b/1/c": 4, "/b/1/c/0": 4, "/b/1/c/1": 5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("a: &x 1\nb: *x\n", "aliases (*name) are not supported", 2),
        ("a: {<<: {b: 1}}\n", "merge keys (<<) are not supported", 1),
        ("a: 1\na: 2\n", "duplicate field 'a'", 2),
        ("1: x\n", "a field name must be text", 1),
        ("? [a]\n: x\n", "a field name must be text", 1),
        ("a: !!binary aGk=\n", "is not supported", 1),
        ("a: !thing {}\n", "is not supported", 1),
        ("a: 99999999999999999999\n", "the number 99999999999999999999 is out of range", 1),
        ("a: 0xFFFFFFFFFFFFFFFFF\n", "the number FFFFFFFFFFFFFFFFF is out of range", 1),
        ("a: -1e999\n", "the number -1e999 is out of range", 1),
        ("a: +1e-999\n", "the number 1e-999 is out of range", 1),
        ("a:\n  - -.inf\n", "the number -.inf has no JSON form", 2),
        ("--- 1\n--- 2\n", "more than one YAML document", 2),
        ("# nothing\n", "holds no document", 0),
        ("a: [1\n", "", None),
        ("a: b: c\n", "the YAML text cannot be read", 1),
        ("a: 'b\0'\n", "byte 6 of the text is not UTF-8", 1),
    ],
)
def test_yaml_that_is_refused(parser: str, text: str, message: str, line: int | None) -> None:
    with pytest.raises(ManifestError) as caught:
        parse_document(text, "yaml")
    assert message in str(caught.value)
    if line is not None:
        assert caught.value.line == line


def test_yaml_and_json_give_equal_manifests(parser: str) -> None:
    yaml = """
version: v1
metadata: {name: call, description: d, created_at: "2026-01-31T12:00:00Z"}
nodes:
  - {id: mic, node_type: PassThroughNode}
  - {id: rate, node_type: AudioResampleNode, params: {target_sample_rate: 16000}}
  - {id: vad, node_type: VADNode, params: {sample_rate: 16000}}
connections:
  - {from: mic, to: rate}
  - {from: rate, to: vad}
"""
    assert manifest_to_dict(read_manifest(yaml)) == manifest_to_dict(read_manifest(VALID))


def test_yaml_lines_lead_to_the_parameter(parser: str) -> None:
    yaml = """version: v1
metadata: {name: x}
nodes:
  - id: rate
    node_type: AudioResampleNode
    params:
      quality: best
"""
    problem = problem_of(yaml)
    assert problem.line == 7
    assert 'quality is "best", expected one of low, medium, high, very_high' in str(problem)


@pytest.mark.parametrize("version", ['"1.0"', "1.0"])
def test_the_second_dialect_is_read(parser: str, version: str) -> None:
    manifest = read_manifest(
        f"version: {version}\nnodes: [{{id: a, type: AddNode}}, {{id: b, type: AddNode}}]\n"
        "edges: [{from: a, to: b, output_key: default}]\nconfig: {enable_metrics: true}\n"
    )
    assert manifest.name == "pipeline"
    assert manifest.config == {"enable_metrics": True}
    assert [(c.source, c.target) for c in manifest.connections] == [("a", "b")]


@pytest.mark.parametrize(
    ("field", "pointer", "message"),
    [
        ({"connections": []}, "/connections", "'connections' belongs to the other dialect"),
        ({"config": {"max_retries": -1}}, "/config/max_retries", "a whole number in 0..100"),
        ({"config": {"retry_policy": "x"}}, "/config/retry_policy", "none, fixed, exponential"),
        (
            {"config": {"circuit_breaker_threshold": 1.5}},
            "/config/circuit_breaker_threshold",
            "a whole number in 1..1000000",
        ),
        ({"config": {"enable_metrics": 1}}, "/config/enable_metrics", "expected true or false"),
        ({"nodes": [{"id": "a", "node_type": "X"}]}, "/nodes/0/node_type", "the other dialect"),
    ],
)
def test_the_second_dialect_has_its_own_mistakes(
    field: dict[str, Any], pointer: str, message: str
) -> None:
    manifest = {"version": "1.0", "nodes": [{"id": "a", "type": "AddNode"}], **field}
    problem = problem_of(manifest)
    assert problem.pointer == pointer
    assert message in str(problem)


@pytest.mark.parametrize(
    ("hint", "meaning"),
    [("auto", "auto"), ("rust", "native"), ("native", "native"), ("cpython", "python")],
)
def test_old_names_of_hints_are_read(hint: str, meaning: str) -> None:
    manifest = read_manifest(changed("nodes/0/runtime_hint", hint))
    assert manifest.nodes[0].runtime_hint == meaning
    assert manifest.warnings == []


def test_writing_and_reading_is_the_identity() -> None:
    manifest = changed("nodes/0/capabilities", {"gpu": {"type": "any"}, "memory_gb": 1.5})
    manifest["nodes"][0]["execution"] = {"placement": "prefer_remote", "reason": "r"}
    manifest["nodes"][1]["runtime_hint"] = "native"
    manifest["connections"][0] |= {"output_port": "o", "input_port": "i"}
    once = manifest_to_dict(read_manifest(manifest))
    assert manifest_to_dict(read_manifest(once)) == once
    assert once["connections"] == manifest["connections"]
    assert once["nodes"][0]["capabilities"] == manifest["nodes"][0]["capabilities"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({1: 2}, "a field name is 1"),
        ({"a": {1, 2}}, "holds a set, which has no text form"),
        ({"a": 2**64}, "an integer of 65 bits is out of range"),
        ({"a": print}, "holds a builtin_function_or_method"),
    ],
)
def test_plain_values_that_no_text_can_hold_are_refused(value: Any, message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        read_manifest(value)


def test_a_capability_without_bound_is_no_number() -> None:
    problem = problem_of(changed("nodes/0/capabilities", {"memory_gb": float("inf")}))
    assert problem.pointer == "/nodes/0/capabilities/memory_gb"
    assert "'memory_gb' is Infinity, expected a number of at least 0" in str(problem)


def test_plain_values_that_hold_themselves_are_refused() -> None:
    endless: dict[str, Any] = {}
    endless["a"] = endless
    with pytest.raises(ManifestError, match="nested deeper than 64 levels"):
        read_manifest(endless)


def test_messages_stay_short_whatever_the_text_holds(parser: str) -> None:
    problem = problem_of(json.dumps(changed("nodes/0/node_type", "é" * 100_000)))
    assert len(str(problem)) < 3_000
    assert "..." in str(problem)


def test_too_many_nodes_are_refused() -> None:
    nodes = [{"id": f"n{i}", "node_type": "AddNode"} for i in range(1_001)]
    problem = problem_of({**VALID, "nodes": nodes, "connections": []})
    assert "1001 nodes, at most 1000 are allowed" in str(problem)


def test_unknown_types_are_compared_with_users_classes_too() -> None:
    class PitchTracker(Node):
        def process(self, data: Any) -> Any:
            return data

    problem = problem_of(changed("nodes/0/node_type", "PitchTraker"))
    assert problem.hint == "did you mean 'PitchTracker'?"


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.yaml", "{", "yaml"),
        ("a.yml", "{", "yaml"),
        ("a.json", "a: 1", "json"),
        ("", ' \n\ufeff {"a": 1}', "json"),
        ("a", "a: 1", "yaml"),
    ],
)
def test_format_is_told_by_suffix_then_by_the_first_character(
    path: str, text: str, expected: str
) -> None:
    assert guess_format(path, text) == expected


def test_yaml_without_pyyaml_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "yaml", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'remotemedia\[yaml\]'"):
        parse_in_python("a: 1", "yaml")
    assert parse_in_python('{"a": 1}', "json").root == {"a": 1}
