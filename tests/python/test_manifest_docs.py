"""Every example of docs/manifest.md is a graph, or gives exactly the error that follows it."""

from __future__ import annotations

import json
import re
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from remotemedia import ManifestError, Pipeline

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = re.findall(
    r"^```(yaml|json)\n(.*?)^```$(?:\n```text\n(.*?)\n```$)?",
    (DOCS / "manifest.md").read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)
GRAPHS = [(kind, text) for kind, text, error in EXAMPLES if not error]
MISTAKES = [(text, error) for _, text, error in EXAMPLES if error]


def test_the_page_has_examples_of_both_kinds() -> None:
    assert {kind for kind, _ in GRAPHS} == {"yaml", "json"}
    assert len(MISTAKES) >= 5


@pytest.mark.parametrize(("kind", "text"), GRAPHS)
def test_examples_are_graphs_that_keep_their_meaning_as_text(
    kind: str, text: str, tmp_path: Path
) -> None:
    if kind == "yaml":
        pytest.importorskip("yaml")
    path = tmp_path / f"graph.{kind}"
    path.write_text(text, encoding="utf-8")
    pipeline = Pipeline.from_file(path)
    written = json.loads(pipeline.serialize())
    again = json.loads(Pipeline.from_manifest(written).serialize())
    assert written["version"] == "v1"
    assert again == written | {"metadata": again["metadata"]}


def test_the_second_dialect_runs() -> None:
    text = next(text for kind, text in GRAPHS if kind == "json")
    assert Pipeline.from_manifest(text).run_sync([1, 2, 3]) == [12, 14, 16]


@pytest.mark.parametrize(("text", "error"), MISTAKES)
def test_mistakes_give_the_error_that_the_page_shows(text: str, error: str, tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    path = tmp_path / "graph.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ManifestError) as caught:
        Pipeline.from_file(path)
    assert str(caught.value) == error


@pytest.mark.native_only
@pytest.mark.parametrize(("text", "error"), MISTAKES)
def test_the_program_says_the_same(text: str, error: str, tmp_path: Path) -> None:
    program = Path(sysconfig.get_path("scripts")) / "remotemedia"
    path = tmp_path / "graph.yaml"
    path.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [program, "validate", path], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert done.stderr == f"remotemedia: {path}: {error}\n"


@pytest.mark.parametrize(("kind", "text"), GRAPHS)
def test_the_published_schema_takes_the_examples_in_v1(kind: str, text: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    if kind == "yaml":
        pytest.importorskip("yaml")
    schema = json.loads((DOCS / "manifest.v1.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(Pipeline.from_manifest(text).serialize()), schema)


def test_the_published_schema_refuses_what_the_reader_refuses() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((DOCS / "manifest.v1.schema.json").read_text(encoding="utf-8"))
    node: dict[str, Any] = {"id": "a", "node_type": "AudioResampleNode", "params": {"qualty": "x"}}
    manifest = {"version": "v1", "metadata": {"name": "x"}, "nodes": [node]}
    with pytest.raises(jsonschema.ValidationError, match="qualty"):
        jsonschema.validate(manifest, schema)
    with pytest.raises(ManifestError, match="qualty"):
        Pipeline.from_manifest(manifest)
