"""What the program refuses: with which exit code, in which words, and that nothing is left over."""

from __future__ import annotations

import json
import os
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cli_program import (
    PROGRAM,
    SPEECH,
    UTTERANCES,
    environment,
    graph,
    node,
    output_of,
    refused,
    run,
    talk,
    without_override,
    write_wav,
)
from webrtc_serving import server_is_built

pytestmark = pytest.mark.native_only


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "talk.wav", talk(), 16_000)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    folder.mkdir()
    return folder


def run_all_outputs(source: Path, results: Path, **options: Any) -> str:
    """A run that would write every kind of file; it has to fail and to leave none of them."""
    targets = ["-o", results / "out.wav", "--report", results / "r.html"]
    message = refused(
        1, "run", SPEECH, "-i", source, *targets, "--metrics", results / "m.json", **options
    )
    assert list(results.iterdir()) == []
    return message


def test_missing_input_is_named(tmp_path: Path, results: Path) -> None:
    message = run_all_outputs(tmp_path / "no.wav", results)
    assert f"cannot read '{tmp_path}/no.wav': there is no such file" in message


def test_folder_as_input_is_refused(tmp_path: Path, results: Path) -> None:
    assert f"cannot read '{tmp_path}': it is a folder" in run_all_outputs(tmp_path, results)


def test_unreadable_input_is_refused(recording: Path, results: Path) -> None:
    recording.chmod(0)
    message = run_all_outputs(recording, results, before=without_override)
    assert f"cannot read '{recording}'" in message
    assert "ermission" in message


@pytest.mark.parametrize(
    "content", [b"", b"no audio at all, only text\n" * 40, bytes(range(256)) * 64, b"RIFF"]
)
def test_a_file_that_is_no_audio_is_refused(content: bytes, tmp_path: Path, results: Path) -> None:
    path = tmp_path / "bad.wav"
    path.write_bytes(content)
    assert f"cannot read '{path}'" in run_all_outputs(path, results)


def test_truncated_input_is_refused(recording: Path, results: Path) -> None:
    whole = recording.read_bytes()
    recording.write_bytes(whole[: len(whole) // 2])
    message = run_all_outputs(recording, results)
    assert f"cannot read '{recording}'" in message
    assert "48000" in message  # frames that the header promises


Break = Callable[[dict[str, Any]], object]

# What is done to the speech-like manifest, what the message must say, the line it must name.
BAD_MANIFESTS: dict[str, tuple[Break, str]] = {
    "node": (
        lambda m: m["nodes"][0].update(node_type="AudioResampelNode"),
        "Unknown node type: AudioResampelNode (line 9, /nodes/0/node_type); "
        "did you mean 'AudioResampleNode'?",
    ),
    "parameter": (
        lambda m: m["nodes"][0]["params"].update(targt_sample_rate=8000),
        "did you mean 'target_sample_rate'?",
    ),
    "value": (
        lambda m: m["nodes"][0]["params"].update(target_sample_rate=0),
        "target_sample_rate is 0, expected 8000..192000 Hz",
    ),
    "hint": (lambda m: m["nodes"][0].update(runtime_hint="gpu"), "unknown runtime_hint 'gpu'"),
    "python": (
        lambda m: m["nodes"][0].update(runtime_hint="python"),
        "node 'rate' (AudioResampleNode) has runtime_hint python",
    ),
    "python_only": (
        lambda m: m["nodes"].append(
            node("t", "TextTransformNode", transform_func="upper") | {"params": {}}
        ),
        "TextTransformNode",
    ),
    "port": (
        lambda m: m["connections"][0].update(output_port="left"),
        "'rate' (AudioResampleNode) has no output port 'left'",
    ),
    "cycle": (
        lambda m: m["connections"].append({"from": "vad", "to": "rate"}),
        "Cycle detected: rate -> vad -> rate",
    ),
    "duplicate": (lambda m: m["nodes"].append(node("vad")), "Duplicate node ID: vad"),
    "rate": (
        lambda m: m["nodes"][1].update(params={"sample_rate": 8000}),
        "input of node 'vad' (VADNode) from 'rate' (AudioResampleNode)",
    ),
    "version": (lambda m: m.update(version="v7"), "v7"),
    "empty": (lambda m: m.update(nodes=[]), "nodes"),
}


@pytest.mark.parametrize("name", BAD_MANIFESTS)
@pytest.mark.parametrize("command", ["run", "validate", "graph"])
def test_wrong_graph_is_refused_before_anything_runs(
    name: str, command: str, recording: Path, results: Path
) -> None:
    change, expected = BAD_MANIFESTS[name]
    nodes = [node("rate", "AudioResampleNode", target_sample_rate=16_000), node("vad", "VADNode")]
    path = graph(results.parent / "bad.json", nodes, ("rate", "vad"))
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    options = ["-i", recording, "-o", results / "out.wav"] if command == "run" else []
    message = refused(1, command, path, *options)
    assert message.startswith(f"{path}: Manifest error: ")
    assert expected in message
    assert list(results.iterdir()) == []


def test_removed_runtime_is_explained_by_a_warning(tmp_path: Path) -> None:
    path = graph(tmp_path / "old.json", [node("a") | {"runtime_hint": "cpython_wasm"}])
    done = run("validate", path)
    assert done.returncode == 1
    warning, error = done.stderr.splitlines()
    assert warning.startswith("remotemedia: warning: node 'a': the runtime 'cpython_wasm'")
    assert "has runtime_hint python" in error
    assert "run the graph from Python" in error


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "the text is empty"),
        ("{", "line 1"),
        ("nodes: [a\nb: c", "line"),
        ("version: v1\nversion: v1\n", "line 2"),
    ],
)
def test_syntax_error_names_its_line(text: str, expected: str) -> None:
    message = refused(1, "validate", "-", text=text)
    assert message.startswith("standard input: Manifest error: ")
    assert expected in message


def test_missing_graph_file_is_named(tmp_path: Path) -> None:
    message = refused(1, "validate", tmp_path / "no.yaml")
    assert f"cannot read '{tmp_path}/no.yaml': there is no such file" in message
    assert "it is a folder" in refused(1, "validate", tmp_path)


def test_recording_in_place_of_the_graph_is_noticed(recording: Path) -> None:
    message = refused(1, "run", recording, "-i", SPEECH)
    assert "it is no text; GRAPH is a JSON or YAML file; audio goes to -i" in message


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("out.xyz", "'.xyz' is no suffix known here; use one of .flac, .mp3, .ogg, .opus, .wav"),
        ("out", "its name has no suffix"),
        ("none/out.wav", "there is no folder"),
        ("", "its name has no suffix"),
        ("u-{n}.xyz", "'.xyz' is no suffix known here"),
        ("none/u-{n}.wav", "there is no folder"),
    ],
)
def test_output_that_cannot_be_written_is_found_first(
    target: str, expected: str, recording: Path, results: Path
) -> None:
    message = refused(1, "run", SPEECH, "-i", recording, "-o", f"{results}/{target}")
    assert "cannot write" in message
    assert expected in message
    assert list(results.iterdir()) == []


@pytest.mark.parametrize("option", ["-o", "--report", "--metrics"])
def test_folder_that_may_not_be_written_is_found_first(
    option: str, recording: Path, results: Path
) -> None:
    results.chmod(0o555)
    target = results / "out.wav"
    message = refused(1, "run", SPEECH, "-i", recording, option, target, before=without_override)
    assert f"cannot write '{target}'" in message
    assert "ermission" in message


@pytest.mark.parametrize("option", ["--report", "--metrics"])
@pytest.mark.parametrize(("target", "expected"), [("", "folder"), ("none/x", "there is no folder")])
def test_text_output_that_cannot_be_written_is_found_first(
    option: str, target: str, expected: str, recording: Path, results: Path
) -> None:
    out = results / "out.wav"
    path = f"{results}/{target}"
    assert expected in refused(1, "run", SPEECH, "-i", recording, "-o", out, option, path)
    assert list(results.iterdir()) == []


def test_file_that_cannot_hold_the_audio_is_not_left_half_written(
    tmp_path: Path, results: Path
) -> None:
    surround = write_wav(tmp_path / "surround.wav", talk(16_000, 6), 16_000)
    manifest = graph(tmp_path / "pass.json", [node("a")])
    message = refused(1, "run", manifest, "-i", surround, "-o", results / "out.mp3")
    assert ".mp3 holds at most 2 channels, the audio has 6" in message
    assert list(results.iterdir()) == []


def test_failure_in_the_middle_leaves_no_clip(tmp_path: Path, results: Path) -> None:
    whole = write_wav(tmp_path / "talk.wav", np.tile(talk(), 2), 16_000).read_bytes()
    path = tmp_path / "cut.wav"
    path.write_bytes(whole[:-2_000])  # all utterances but the last are complete by then
    refused(1, "run", UTTERANCES, "-i", path, "-o", results / "u-{n}.wav")
    assert list(results.iterdir()) == []


def test_failing_node_is_named(recording: Path, tmp_path: Path, results: Path) -> None:
    cut = node("cut", "VADTriggeredBuffer", sample_rate=16_000)
    path = graph(tmp_path / "cut.json", [cut])
    done = run("run", path, "-i", recording, "-o", results / "u-{n}.wav", "--json")
    assert done.returncode == 1
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "RM3000"
    assert (error["node_id"], error["node_type"]) == ("cut", "VADTriggeredBuffer")
    assert error["stage"] == "process"
    assert "put a VADNode in front" in error["hint"]
    assert list(results.iterdir()) == []


def test_an_item_that_is_no_json_is_named_with_its_line(tmp_path: Path) -> None:
    manifest = graph(tmp_path / "same.json", [node("same")])
    done = run("run", manifest, "-i", "-", text="1\n\n[2,\n")
    assert done.returncode == 1
    assert done.stdout == "1\n"
    assert "item in line 3 of standard input is no JSON" in done.stderr
    assert "Manifest" not in done.stderr


def test_text_for_an_audio_graph_is_refused_by_its_node(results: Path) -> None:
    message = refused(1, "run", SPEECH, "-i", "-", "-o", results / "x.wav", text='"hello"')
    assert "node 'telephone' (AudioResampleNode) failed in process" in message
    assert "expected an audio item, got text" in message
    assert list(results.iterdir()) == []


def test_output_that_turns_out_to_be_no_audio_is_refused(tmp_path: Path, results: Path) -> None:
    manifest = graph(tmp_path / "same.json", [node("same")])
    target = results / "x.wav"
    message = refused(1, "run", manifest, "-i", "-", "-o", target, text='"hello"')
    assert message.startswith(f"output 'same' to {target}: expected an audio item, got text")
    assert list(results.iterdir()) == []


def test_streams_of_two_formats_do_not_fit_into_one_file(
    recording: Path, tmp_path: Path, results: Path
) -> None:
    nodes = [node("in"), node("pcm", "FormatConverterNode", target_format="i16"), node("both")]
    edges = (("in", "pcm"), ("in", "both"), ("pcm", "both"))
    manifest = graph(tmp_path / "both.json", nodes, *edges)
    message = refused(1, "run", manifest, "-i", recording, "-o", results / "x.wav")
    assert message.startswith("output 'both' to ")
    assert "sample format is i16, expected f32" in message
    assert list(results.iterdir()) == []


WRONG_LINES: list[tuple[tuple[str, ...], str]] = [
    (("rnu",), "unknown command 'rnu'; did you mean 'run'?"),
    (("nodes", "lst"), "unknown command 'lst'; did you mean 'list'?"),
    (("run",), "GRAPH is required; see 'remotemedia run --help'"),
    (("validate",), "GRAPH is required; see 'remotemedia validate --help'"),
    (("run", str(SPEECH)), "graph 'speech' takes its input at 'telephone', but there is no -i"),
    (("run", "-", "-i", "-"), "GRAPH and -i are both standard input"),
    (("run", str(SPEECH), "--reprot", "x"), "unknown option '--reprot'; did you mean '--report'?"),
    (("validate", "a", "b"), "unexpected argument 'b'; see 'remotemedia validate --help'"),
    (("run", str(SPEECH), "-i"), "--input"),
    (("doctor", "--log-level", "loud"), "--log-level is 'loud', expected debug, info, warning"),
    (("nodes", "describe"), "nodes describe takes a NAME or --all"),
    (("nodes", "describe", "VADNode", "--all"), "nodes describe takes a NAME or --all"),
    (("nodes", "describe", "VadNod"), "unknown node type 'VadNod'; did you mean 'VADNode'?"),
    (("graph", str(SPEECH), "--dot", "--mermaid"), "--mermaid, --dot and --json exclude each"),
]


@pytest.mark.parametrize(("arguments", "expected"), WRONG_LINES)
def test_wrong_command_line_is_usage(arguments: tuple[str, ...], expected: str) -> None:
    assert expected in refused(2, *arguments)


WRONG_OUTPUTS = [
    (["pcn=x.wav"], "graph 'speech' has no output 'pcn'; did you mean 'pcm'?"),
    (["vad=x.wav"], "graph 'speech' has no output 'vad'; known: pcm"),
    (["pcm="], "-o pcm=: the path is missing"),
    (["x.wav", "y.wav"], "-o gives output 'pcm' two files"),
    (["{n}/x.wav"], "{n} stands in the name of a folder"),
]


@pytest.mark.parametrize(("outputs", "expected"), WRONG_OUTPUTS)
def test_output_that_does_not_fit_the_graph_is_usage(
    outputs: list[str], expected: str, recording: Path, results: Path
) -> None:
    options = [word for output in outputs for word in ("-o", output)]
    assert expected in refused(2, "run", SPEECH, "-i", recording, *options, cwd=results)
    assert list(results.iterdir()) == []


def test_input_for_a_graph_that_reads_itself_is_usage(recording: Path, tmp_path: Path) -> None:
    read = node("read", "MediaReaderNode", path=str(recording))
    manifest = graph(tmp_path / "read.json", [read])
    message = refused(2, "run", manifest, "-i", recording)
    assert message == "graph 'test' takes no input, as 'read' reads its own; leave -i out"


def test_nothing_is_written_over_what_is_read(recording: Path, tmp_path: Path) -> None:
    before = recording.read_bytes()
    link = tmp_path / "link.wav"
    link.symlink_to(recording)
    first = write_wav(tmp_path / "u-001.wav", talk(), 16_000)
    speech = ("run", SPEECH, "-i")
    assert "which is read" in refused(2, *speech, recording, "-o", recording)
    assert "which is read" in refused(2, *speech, recording, "-o", link)
    assert "which is read" in refused(2, *speech, recording, "--metrics", recording)
    assert "which is read" in refused(2, *speech, recording, "--report", SPEECH)
    assert "which is read" in refused(
        2, "run", UTTERANCES, "-i", first, "-o", tmp_path / "u-{n}.wav"
    )
    assert recording.read_bytes() == first.read_bytes() == before


def test_no_file_is_written_twice(recording: Path, results: Path) -> None:
    x = results / "x.wav"
    message = refused(2, "run", SPEECH, "-i", recording, "-o", x, "--report", x)
    assert "would be written twice" in message


def test_no_command_shows_the_help_as_usage() -> None:
    done = run()
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Usage: remotemedia" in done.stderr
    assert "Usage: remotemedia nodes" in run("nodes").stderr


def test_errors_are_objects_with_json(tmp_path: Path) -> None:
    path = graph(tmp_path / "g.json", [node("a", "PassTroughNode")])
    done = run("validate", path, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout) == {
        "status": "error",
        "error": {
            "code": "RM2000",
            "message": "Manifest error: Unknown node type: PassTroughNode "
            "(line 9, /nodes/0/node_type)",
            "hint": "did you mean 'PassThroughNode'?",
            "file": str(path),
            "pointer": "/nodes/0/node_type",
            "line": 9,
        },
    }
    assert done.stderr.startswith("remotemedia: ")


@pytest.mark.parametrize(
    ("code", "kind", "arguments"),
    [
        (2, "RM9000", ("run", "--json")),
        (2, "RM9000", ("run", str(SPEECH), "--json")),
        (1, "RM4000", ("run", str(SPEECH), "-i", "/no/such.wav", "--json")),
        (1, "RM4000", ("graph", "/no/such.yaml", "--json")),
    ],
)
def test_every_error_has_its_code(code: int, kind: str, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == code
    answer = json.loads(done.stdout)
    assert answer["status"] == "error"
    assert answer["error"]["code"] == kind
    assert answer["error"]["message"]


def test_full_disk_behind_standard_output_is_an_error() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [PROGRAM, "nodes", "list"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert "cannot write to standard output" in done.stderr


def test_standard_error_that_cannot_be_written_changes_no_exit_code() -> None:
    assert run("graph", "/no/such.yaml", before=lambda: os.close(2)).returncode == 1
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run([PROGRAM, "graph", "/no/such.yaml"], stderr=full, check=False)
    assert done.returncode == 1


def test_closed_standard_input_is_no_other_file(tmp_path: Path) -> None:
    manifest = graph(tmp_path / "g.json", [node("twice", "MultiplyNode")])
    message = refused(1, "run", manifest, "-i", "-", before=lambda: os.close(0))
    assert "cannot read '-'" in message


def test_file_that_may_not_grow_so_large_is_not_left_half_written(
    recording: Path, results: Path
) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    output = ("-o", results / "out.wav")
    assert "File too large" in refused(1, "run", SPEECH, "-i", recording, *output, before=limit)
    assert list(results.iterdir()) == []


def test_help_is_no_error() -> None:
    for command in ("run", "validate", "nodes", "graph", "doctor"):
        assert f"remotemedia {command}" in output_of(command, "--help")
    assert "Exit codes" in output_of("--help")


def test_output_that_gets_no_audio_fails_and_keeps_the_others_back(
    recording: Path, tmp_path: Path, results: Path
) -> None:
    nodes = [node("in"), node("a"), node("chunks", "AudioBuffer", buffer_size_samples=1_000)]
    manifest = graph(tmp_path / "none.json", nodes, ("in", "a"), ("in", "chunks"))
    empty = write_wav(tmp_path / "empty.wav", np.zeros((1, 0), np.int16), 16_000)
    targets = ["-o", f"a={results}/a.wav", "-o", f"chunks={results}/c.wav"]
    message = refused(1, "run", manifest, "-i", empty, *targets)
    assert f"cannot write '{results}/c.wav': no audio came out of the graph" in message
    assert list(results.iterdir()) == []
    assert run("run", manifest, "-i", recording, *targets).returncode == 0


@pytest.mark.skipif(not server_is_built(), reason="built without the WebRTC server")
@pytest.mark.parametrize("option", ["--max-session-age", "--drain-timeout"])
@pytest.mark.parametrize("value", ["-1", "nan", "1e300", "soon"])
def test_a_time_of_the_server_is_refused_in_words(option: str, value: str) -> None:
    message = refused(2, "serve", "--port", "0", option, value)
    assert f"{option}: {value} is no time, expected seconds from 0 to 1e9" in message


@pytest.mark.skipif(not server_is_built(), reason="built without the WebRTC server")
def test_a_server_whose_sessions_would_all_fail_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "silero_vad.onnx").write_bytes(b"cut")
    env = environment(REMOTEMEDIA_MODELS=str(tmp_path))
    message = refused(1, "serve", "--port", "0", env=env)
    assert "node 'vad' (SileroVADNode) failed in initialize" in message
    assert "its SHA-256 (of its 3 bytes) is " in message
