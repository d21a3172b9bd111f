"""`remotemedia validate`, `graph`, `nodes` and `doctor`: what can be known without a run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from cli_program import (
    GRAPHS,
    ROOT,
    SPEECH,
    UTTERANCES,
    environment,
    graph,
    json_of,
    node,
    output_of,
    run,
)

pytestmark = pytest.mark.native_only

EXAMPLES = sorted(GRAPHS.glob("*.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_graph_is_valid(path: Path) -> None:
    result = json_of("validate", path)
    assert result["status"] == "ok"
    assert result["name"] == path.stem
    assert result["warnings"] == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_graph_matches_the_schema(path: Path) -> None:
    schema = json.loads(output_of("nodes", "schema"))
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(path.read_text(encoding="utf-8")), schema)


def test_schema_refuses_what_the_program_refuses(tmp_path: Path) -> None:
    schema = json.loads(output_of("nodes", "schema"))
    path = graph(tmp_path / "bad.json", [node("a", "AudioResampleNode", target_sample_rate=1)])
    assert run("validate", path).returncode == 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(path.read_text(encoding="utf-8")), schema)


def test_published_files_are_what_the_program_prints() -> None:
    schema = (ROOT / "docs" / "manifest.v1.schema.json").read_text(encoding="utf-8")
    assert output_of("nodes", "schema") == schema
    types = (ROOT / "python" / "remotemedia" / "node_types.json").read_text(encoding="utf-8")
    assert output_of("nodes", "describe", "--all", "--json") == types


def test_validate_tells_order_and_formats() -> None:
    result = json_of("validate", SPEECH)
    assert result["node_count"] == 3
    assert result["execution_order"] == ["telephone", "vad", "pcm"]
    assert (result["inputs"], result["outputs"]) == (["telephone"], ["pcm"])
    pcm = result["nodes"][2]
    assert pcm["output"] == {
        "kind": "audio",
        "sample_rate": 8_000,
        "channels": 1,
        "sample_format": "i16",
    }
    assert (pcm["runtime"], pcm["runtime_reason"]) == ("native", "native implementation available")
    assert pcm["params"] == {"target_format": "i16", "dither": False}


def test_validate_is_readable() -> None:
    printed = output_of("validate", SPEECH)
    assert printed.startswith("ok: graph 'speech', 3 nodes\n")
    assert re.search(r"3  pcm +FormatConverterNode +native +8000 Hz, 1 channel, i16", printed)


def test_json_and_yaml_give_the_same_graph(tmp_path: Path) -> None:
    manifest = yaml.safe_load(SPEECH.read_text(encoding="utf-8"))
    path = tmp_path / "speech.json"
    path.write_text(json.dumps(manifest), encoding="utf-8")
    assert json_of("graph", path) == json_of("graph", SPEECH)


def test_graph_draws_a_chain() -> None:
    lines = output_of("graph", SPEECH).splitlines()
    assert [line.split()[:2] for line in lines if "●" in line or "○" in line] == [
        ["○", "input"],
        ["●", "telephone"],
        ["●", "vad"],
        ["●", "pcm"],
        ["○", "output"],
    ]
    assert "  │  8000 Hz, 1 channel, i16" in lines


@pytest.fixture
def diamond(tmp_path: Path) -> Path:
    nodes = [node("a"), node("b"), node("c"), node("d")]
    edges = (("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"))
    return graph(tmp_path / "diamond.json", nodes, *edges)


def test_graph_draws_forks_and_joins(diamond: Path) -> None:
    drawn = [line.strip() for line in output_of("graph", diamond).splitlines()[2:]]
    assert [line.replace("PassThroughNode", "").rstrip() for line in drawn] == [
        "○  input",
        "│",
        "●  a",
        "├─╮",
        "● │  b",
        "│ │",
        "│ ●  c",
        "│ │",
        "├─╯",
        "●  d",
        "│",
        "○  output",
    ]


def test_graph_uses_ascii_where_the_locale_has_no_more(diamond: Path) -> None:
    drawn = output_of("graph", diamond, env=environment(LC_ALL="C"))
    assert drawn.isascii()
    assert "  |-.\n  * |  b" in drawn


def test_graph_prints_mermaid_and_dot(diamond: Path) -> None:
    mermaid = output_of("graph", diamond, "--mermaid")
    assert mermaid.startswith("flowchart LR\n")
    assert mermaid.count("-->") == 4
    dot = output_of("graph", diamond, "--dot")
    assert dot.startswith('digraph "test" {')
    assert dot.count("->") == 4


def test_graph_as_json_names_the_ports(diamond: Path) -> None:
    result = json_of("graph", diamond)
    assert result["execution_order"] == ["a", "b", "c", "d"]
    assert {"from": "c", "to": "d", "output_port": "default", "input_port": "default"} in result[
        "connections"
    ]
    assert json_of("graph", SPEECH)["continuous"] is True
    assert json_of("graph", UTTERANCES)["continuous"] is False


def test_nodes_are_listed_with_what_they_do() -> None:
    rows: list[dict[str, Any]] = json_of("nodes", "list")
    assert [row["name"] for row in rows] == sorted(row["name"] for row in rows)
    assert len(rows) == 17
    printed = output_of("nodes", "list")
    for row in rows:
        assert re.search(
            rf"^{row['name']} +{row['category']} +{re.escape(row['summary'])}$", printed, re.M
        )


def test_a_node_type_is_described() -> None:
    printed = output_of("nodes", "describe", "AudioResampleNode")
    assert re.search(r"^target_sample_rate +integer +16000 +8000..192000 Hz", printed, re.M)
    assert re.search(r'^quality +string +"high" +low \| medium \| high', printed, re.M)
    assert re.search(r"^input +audio$", printed, re.M)
    assert "speech_segments" in output_of("nodes", "describe", "VADNode")
    description = json_of("nodes", "describe", "VADNode")
    assert description in json.loads(output_of("nodes", "describe", "--all", "--json"))


def test_every_node_type_is_described_readably() -> None:
    printed = output_of("nodes", "describe", "--all")
    for row in json_of("nodes", "list"):
        assert f"{row['name']}\n{row['summary']}\n" in printed


def test_doctor_says_what_is_here() -> None:
    result = json_of("doctor")
    assert result["status"] == "ok"
    assert result["problems"] == []
    assert re.fullmatch(r"\d+\.\d+\.\d+", result["version"])
    assert output_of("--version") == f"remotemedia {result['version']}\n"
    assert result["runtime"]["name"] == "native"
    assert result["simd_target"]
    assert result["libraries"]["sound"].startswith("libsndfile-")
    assert {"wav", "flac", "ogg"} <= set(result["audio_files"]["readable"])
    assert ".wav" in result["audio_files"]["writable"]
    assert result["node_types"] == 17
    assert result["models"]["silero_vad"]["state"] == "ok"
    assert result["models"]["silero_vad"]["path"].endswith("/models/silero_vad.onnx")
    assert result["self_test"]["audio_s"] == 10.0
    assert result["cpu"]["cores"] >= 1


def test_doctor_tells_the_state_of_the_model(tmp_path: Path) -> None:
    (tmp_path / "silero_vad.onnx").write_bytes(b"cut")
    env = environment(REMOTEMEDIA_MODELS=str(tmp_path))
    done = run("doctor", "--json", env=env)
    assert done.returncode == 1
    result = json.loads(done.stdout)
    assert result["models"]["silero_vad"]["state"] == "wrong"
    assert result["models"]["silero_vad"]["path"] == str(tmp_path / "silero_vad.onnx")
    (problem,) = result["problems"]
    assert "its SHA-256 (of its 3 bytes) is " in problem
    assert problem in run("doctor", env=env).stdout


def test_doctor_explains_the_environment() -> None:
    env = environment(REMOTEMEDIA_RUNTIME="python", REMOTEMEDIA_LOG_LEVEL="info")
    variables = {v["name"]: v for v in json_of("doctor", env=env)["environment"]}
    assert variables["REMOTEMEDIA_RUNTIME"]["value"] == "python"
    assert "this program always runs native code" in variables["REMOTEMEDIA_RUNTIME"]["meaning"]
    assert variables["REMOTEMEDIA_LOG_LEVEL"]["value"] == "info"
    assert variables["REMOTEMEDIA_ENABLE_FALLBACK"]["value"] is None
    assert re.search(r"REMOTEMEDIA_RUNTIME +python ", output_of("doctor", env=env))


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"REMOTEMEDIA_LOG_LEVEL": "loud"}, "REMOTEMEDIA_LOG_LEVEL is 'loud', expected debug"),
        ({"REMOTEMEDIA_RUNTIME": "rust"}, "REMOTEMEDIA_RUNTIME is 'rust', expected auto"),
        ({"REMOTEMEDIA_RUNTIM": "python"}, "did you mean REMOTEMEDIA_RUNTIME?"),
    ],
)
def test_doctor_finds_wrong_variables(variables: dict[str, str], problem: str) -> None:
    done = run("doctor", "--json", env=environment(**variables))
    assert done.returncode == 1
    (found,) = json.loads(done.stdout)["problems"]
    assert problem in found
    assert problem in run("doctor", env=environment(**variables)).stdout
