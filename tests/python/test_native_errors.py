"""Errors of the native module arrive as the SDK's exceptions, with their attributes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from native_graphs import Run, audio_packet, chain, manifest, native, noise
from remotemedia._packet import Packet
from remotemedia.exceptions import (
    ConfigurationError,
    ItemTypeError,
    ManifestError,
    MediaIOError,
    NodeError,
    NodeTypeError,
)

pytestmark = pytest.mark.native_only


def test_a_configuration_error_has_code_and_hint() -> None:
    with pytest.raises(ConfigurationError) as raised:
        native().Resampler(16, 16_000, 1, "high", False)
    told = "Resampler: rate is 16, expected 8000..192000 Hz; pass the rate in Hz, not kHz"
    assert str(raised.value) == told
    assert raised.value.hint == "pass the rate in Hz, not kHz"
    assert raised.value.code == "RM1000"
    assert isinstance(raised.value, ValueError)


def test_a_type_error_is_a_type_error() -> None:
    with pytest.raises(ItemTypeError) as raised:
        native().to_mono([0.0])
    assert raised.value.code == "RM5000"
    assert isinstance(raised.value, TypeError)
    assert raised.value.hint == "numpy.asarray(x, dtype=numpy.float32)"


def test_a_file_error_names_its_path(tmp_path: Path) -> None:
    path = str(tmp_path / "missing.wav")
    with pytest.raises(MediaIOError, match=r"cannot read '.*missing\.wav': there is no") as raised:
        native().read_audio(path)
    assert raised.value.path == path
    assert raised.value.code == "RM4000"
    assert isinstance(raised.value, OSError)


def test_a_path_that_is_no_utf8_comes_back_as_it_was_given(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.wav")
    with pytest.raises(MediaIOError) as raised:
        native().read_audio(path)
    assert raised.value.path == path
    native().write_audio(path, noise(10), 8_000)
    assert native().read_audio(path)[1] == 8_000


def test_an_error_in_a_text_has_its_line() -> None:
    with pytest.raises(ManifestError) as raised:
        native().parse_document('{\n "a": 1,\n "a": 2\n}', "json")
    assert raised.value.pointer == ""
    assert raised.value.line == 3
    assert raised.value.code == "RM2000"
    assert isinstance(raised.value, ValueError)


def test_an_unknown_node_type_is_refused_with_the_nearest_name() -> None:
    nodes = [{"id": "a", "node_type": "PassTroughNode"}]
    with pytest.raises(ManifestError, match="did you mean 'PassThroughNode'") as raised:
        native().Graph(manifest(nodes), {})
    assert raised.value.pointer == "/nodes/0/node_type"
    assert raised.value.line == 0


def test_a_manifest_that_is_no_json_is_refused_by_its_place() -> None:
    nodes = [{"id": "a", "node_type": "PassThroughNode", "params": {"x": object()}}]
    with pytest.raises(ItemTypeError, match=r"manifest\['nodes'\]\[0\]\['params'\]\['x'\] is obj"):
        native().Graph(manifest(nodes), {})


def test_a_node_error_names_the_node_and_has_the_cause() -> None:
    run = Run(chain("PassThroughNode", ("FormatConverterNode", {"target_format": "i16"})))
    with pytest.raises(NodeTypeError) as raised:
        run.session.push(Packet("text"))
    error = raised.value
    assert (error.node_id, error.node_type, error.stage) == ("n1", "FormatConverterNode", "process")
    assert error.code == "RM3000"
    assert isinstance(error.__cause__, ItemTypeError)
    assert str(error) == (
        f"Execution error: node 'n1' (FormatConverterNode) failed in process: {error.__cause__}"
    )
    assert error.hint == error.__cause__.hint != ""


def test_a_failure_that_is_no_type_error_is_a_plain_node_error(tmp_path: Path) -> None:
    (tmp_path / "out.wav").mkdir()
    graph = chain(("MediaWriterNode", {"output_path": str(tmp_path / "none" / "out.wav")}))
    with pytest.raises(NodeError) as raised:
        Run(graph)
    assert raised.value.stage == "initialize"
    assert not isinstance(raised.value, TypeError)
    assert isinstance(raised.value.__cause__, MediaIOError)
    assert raised.value.__cause__.path == str(tmp_path / "none" / "out.wav")


def test_a_session_that_failed_refuses_more_items() -> None:
    run = Run(chain("AudioResampleNode"))
    with pytest.raises(NodeTypeError):
        run.session.push(Packet("text"))
    with pytest.raises(ConfigurationError, match="the session is finished, expected running"):
        run.session.push(audio_packet(noise(10)))
    run.session.close()


def test_texts_are_parsed_with_the_line_of_each_value() -> None:
    text = "a:\n  - 1\n  - x: null\nb: 2.5\n"
    value, lines = native().parse_document(text, "yaml")
    assert value == {"a": [1, {"x": None}], "b": 2.5}
    assert lines["/a/1/x"] == 3
    assert lines["/b"] == 4
    assert native().parse_document(json.dumps(value), "json")[0] == value


@pytest.mark.parametrize(
    ("text", "form", "kind"),
    [
        ("{}", "toml", ConfigurationError),
        ("\ud800", "json", ItemTypeError),
        ("", "json", ManifestError),
        ("a: [1", "yaml", ManifestError),
    ],
)
def test_texts_that_cannot_be_parsed_are_refused(text: str, form: str, kind: Any) -> None:
    with pytest.raises(kind):
        native().parse_document(text, form)


def test_the_node_types_are_those_of_the_package() -> None:
    import remotemedia

    file = Path(remotemedia.__path__[0]) / "node_types.json"
    assert native().node_types() == json.loads(file.read_text(encoding="utf-8"))


def test_the_schema_accepts_the_manifests_of_this_file() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = native().manifest_schema()
    nodes = [{"id": "a", "node_type": "PassThroughNode", "params": {}}]
    jsonschema.validate(manifest(nodes), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(manifest([{"id": "a"}]), schema)


def test_the_module_says_what_it_is() -> None:
    assert native().__version__.count(".") == 2
    assert native().simd_target() in native().simd_target().upper()
