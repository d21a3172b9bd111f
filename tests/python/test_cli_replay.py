"""`run --record` and `replay`: the same again, or where it differs."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cli_program import (
    graph,
    json_of,
    node,
    output_of,
    read_wav,
    refused,
    run,
    talk,
    write_wav,
)
from silero_speech import recordings

pytestmark = pytest.mark.native_only


def resample_and_vad(path: Path, quality: str = "high", threshold: float = 0.02) -> Path:
    nodes = [
        node("low", "AudioResampleNode", target_sample_rate=8_000, quality=quality),
        node("vad", "VADNode", energy_threshold=threshold),
    ]
    return graph(path, nodes, ("low", "vad"))


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return resample_and_vad(tmp_path / "graph.json")


@pytest.fixture
def recorded(manifest: Path, tmp_path: Path) -> Path:
    """A recording of one of speech."""
    speech = next(recording for recording in recordings() if recording.rate == 16_000)
    samples = np.round(speech.samples * 32_767).astype(np.int16)[np.newaxis]
    path = tmp_path / "session.rmrec"
    wav = write_wav(tmp_path / "speech.wav", samples, 16_000)
    json_of("run", manifest, "-i", wav, "--record", path)
    return path


def difference(recorded: Path, changed: Path) -> Any:
    done = run("replay", recorded, "--graph", changed, "--json")
    assert done.returncode == 1, done.stderr
    answer = json.loads(done.stdout)
    assert answer["status"] == "different"
    return answer["difference"]


def test_a_session_comes_out_again_bit_for_bit(recorded: Path, tmp_path: Path) -> None:
    for file in ("graph.json", "speech.wav"):
        (tmp_path / file).unlink()  # the recording has all it takes
    answer = json_of("replay", recorded)
    assert answer["status"] == "equal"
    assert answer["difference"] is None
    assert answer["inputs"] > 10
    assert answer["outputs"] > 10
    assert answer["recorded_with"] == answer["replayed_with"]
    assert output_of("replay", recorded).endswith("bit for bit\n")


def test_the_first_sample_that_differs_is_named(tmp_path: Path) -> None:
    def pcm(dither: bool) -> Path:
        params: dict[str, Any] = {"target_format": "i16", "dither": dither}
        half = node("half", "AudioResampleNode", target_sample_rate=8_000)
        nodes = [half, node("pcm", "FormatConverterNode", **params)]
        return graph(tmp_path / f"{dither}.json", nodes, ("half", "pcm"))

    wav = write_wav(tmp_path / "talk.wav", talk(channels=2), 16_000)
    path = tmp_path / "talk.rmrec"
    json_of("run", pcm(False), "-i", wav, "-o", tmp_path / "False.wav", "--record", path)
    json_of("run", pcm(True), "-i", wav, "-o", tmp_path / "True.wav")
    plain, dithered = (read_wav(tmp_path / f"{dither}.wav")[0] for dither in (False, True))
    frame, channel = np.argwhere((plain != dithered).T)[0].tolist()
    found = difference(path, tmp_path / "True.json")
    assert (found["output"], found["packet"], found["field"]) == ("pcm", 0, "samples")
    assert (found["frame"], found["channel"]) == (frame, channel)
    assert found["recorded"] == plain[channel, frame]
    assert found["replayed"] == dithered[channel, frame]


def test_a_filter_that_completes_other_blocks_is_found_by_their_length(
    recorded: Path, tmp_path: Path
) -> None:
    found = difference(recorded, resample_and_vad(tmp_path / "changed.json", quality="low"))
    assert (found["output"], found["packet"], found["field"]) == ("vad", 0, "frames")
    assert found["recorded"] < found["replayed"]


def test_the_first_decision_that_differs_is_named(recorded: Path, tmp_path: Path) -> None:
    changed = resample_and_vad(tmp_path / "changed.json", threshold=0.9)
    found = difference(recorded, changed)
    assert (found["output"], found["field"]) == ("vad", "metadata.is_speech")
    assert (found["recorded"], found["replayed"]) == (True, False)
    assert found["packet"] > 0  # it begins with silence
    text = run("replay", recorded, "--graph", changed).stdout
    assert text == (
        f"different: output 'vad', packet {found['packet']}: metadata.is_speech: "
        "recorded true, replayed false\n"
    )


def test_items_of_text_and_numbers_are_recorded_too(tmp_path: Path) -> None:
    def times(factor: int) -> Path:
        return graph(tmp_path / f"x{factor}.json", [node("times", "MultiplyNode", factor=factor)])

    path = tmp_path / "numbers.rmrec"
    json_lines = "1\n2.5\n[3, 4]\n"
    output_of("run", times(2), "-i", "-", "--record", path, text=json_lines)
    assert json_of("replay", path)["outputs"] == 3
    found = difference(path, times(3))
    assert found == {
        "output": "times",
        "packet": 0,
        "field": "json",
        "frame": None,
        "channel": None,
        "recorded": 2,
        "replayed": 3,
    }


def test_results_that_are_missing_or_new_are_named(tmp_path: Path) -> None:
    def lists_of(size: int) -> Path:
        return graph(tmp_path / f"{size}.json", [node("list", "BufferNode", buffer_size=size)])

    path = tmp_path / "lists.rmrec"
    output_of("run", lists_of(2), "-i", "-", "--record", path, text="1\n1\n1\n1\n")
    found = difference(path, lists_of(4))
    assert (found["packet"], found["field"]) == (0, "items")
    assert (found["recorded"], found["replayed"]) == (2, 4)


def test_damage_is_never_taken_for_a_difference_or_for_equal(tmp_path: Path) -> None:
    manifest = graph(tmp_path / "same.json", [node("same")])
    path = tmp_path / "small.rmrec"
    output_of("run", manifest, "-i", "-", "--record", path, text="1\n")
    whole = path.read_bytes()
    for i in range(0, len(whole), 7):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 0x10]) + whole[i + 1 :])
        assert "small.rmrec is " in refused(1, "replay", path)
    path.write_bytes(whole[:-1])
    assert "small.rmrec is cut off at byte" in refused(1, "replay", path)


def test_other_files_are_refused_by_name(manifest: Path, tmp_path: Path) -> None:
    assert "is another kind of file, expected a recording" in refused(1, "replay", manifest)
    assert "it is a folder" in refused(1, "replay", tmp_path)
    assert "No such file" in refused(1, "replay", tmp_path / "nothing.rmrec")


def test_a_graph_of_other_outputs_is_refused(recorded: Path, tmp_path: Path) -> None:
    other = graph(tmp_path / "other.json", [node("same")])
    assert refused(2, "replay", recorded, "--graph", other) == (
        "the graph gives its results at same, the recorded one at vad; "
        "replay with a graph of the same outputs"
    )


def test_graphs_that_use_files_of_their_own_are_not_recorded(tmp_path: Path) -> None:
    wav = write_wav(tmp_path / "talk.wav", talk(), 16_000)
    write = node("write", "MediaWriterNode", output_path=str(tmp_path / "copy.wav"))
    manifest = graph(tmp_path / "write.json", [write])
    problem = refused(1, "run", manifest, "-i", wav, "--record", tmp_path / "x.rmrec")
    assert "node 'write' (MediaWriterNode) uses a file" in problem
    assert sorted(p.name for p in tmp_path.iterdir()) == ["talk.wav", "write.json"]


def test_a_recording_replaces_the_file_behind_a_link_and_never_a_pipe(
    manifest: Path, tmp_path: Path
) -> None:
    wav = write_wav(tmp_path / "talk.wav", talk(), 16_000)
    link, pipe = tmp_path / "link.rmrec", tmp_path / "pipe.rmrec"
    link.symlink_to("behind.rmrec")
    os.mkfifo(pipe)
    json_of("run", manifest, "-i", wav, "--record", link)
    assert link.is_symlink()
    assert json_of("replay", tmp_path / "behind.rmrec")["status"] == "equal"
    assert "it is no regular file" in refused(1, "run", manifest, "-i", wav, "--record", pipe)
    assert pipe.is_fifo()


def test_a_failed_run_leaves_no_recording(manifest: Path, tmp_path: Path) -> None:
    wav = write_wav(tmp_path / "talk.wav", talk(), 16_000)
    results = tmp_path / "results"
    results.mkdir()
    nodes = [node("vad", "VADNode", sample_rate=8_000)]
    wrong = graph(tmp_path / "wrong.json", nodes)
    refused(1, "run", wrong, "-i", wav, "--record", results / "x.rmrec")
    assert list(results.iterdir()) == []
    over = refused(2, "run", manifest, "-i", wav, "--record", wav)
    assert "would be written over" in over
    shutil.rmtree(results)
    assert "there is no folder" in refused(
        1, "run", manifest, "-i", wav, "--record", results / "x.rmrec"
    )
