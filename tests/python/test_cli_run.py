"""`remotemedia run`: audio in, audio, facts and files out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cli_program import (
    PROGRAM,
    SPEECH,
    UTTERANCES,
    environment,
    graph,
    json_of,
    node,
    output_of,
    read_wav,
    refused,
    sparse_wav,
    talk,
    write_wav,
)

pytestmark = pytest.mark.native_only


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "talk.wav", talk(), 16_000)


def names(folder: Path) -> list[str]:
    """Everything in it, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


def test_run_writes_the_audio_the_graph_gives(recording: Path, tmp_path: Path) -> None:
    json_of("run", SPEECH, "-i", recording, "-o", tmp_path / "out.wav")
    samples, rate = read_wav(tmp_path / "out.wav")
    assert (rate, samples.shape) == (8_000, (1, 24_000))
    # A tone at 0.4 of full scale between silences, at the same times as in the input.
    loud = np.abs(samples[0].astype(int)) > 0.3 * 32768
    assert 0.5 <= np.flatnonzero(loud)[0] / rate < 0.502
    assert 2.598 < np.flatnonzero(loud)[-1] / rate <= 2.6


def test_run_names_what_it_read_found_and_wrote(recording: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.wav"
    result = json_of("run", SPEECH, "-i", recording, "-o", out)
    assert result["status"] == "ok"
    assert result["graph"] == "speech"
    assert result["input"] == {
        "path": str(recording),
        "duration_s": 3.0,
        "frames": 48_000,
        "sample_rate": 16_000,
        "channels": 1,
        "container": "wav",
        "codec": "pcm_16",
    }
    (output,) = result["outputs"]
    assert output["node"] == "pcm"
    assert output["kind"] == "audio"
    assert output["path"] == str(out)
    assert (output["frames"], output["sample_rate"]) == (24_000, 8_000)
    assert (output["channels"], output["sample_format"]) == (1, "i16")
    # Frames of 30 ms, so an edge is found at most one frame outside the tone.
    for found, (start, end) in zip(
        output["speech_segments"], [(0.5, 1.2), (2.0, 2.6)], strict=True
    ):
        assert start - 0.03 <= found[0] <= start
        assert end <= found[1] <= end + 0.03
    assert output["speech_s"] == pytest.approx(1.3, abs=0.12)


def test_run_states_the_real_time_factor_of_the_whole_run(recording: Path) -> None:
    result = json_of("run", SPEECH, "-i", recording)
    assert result["audio_s"] == 3.0
    assert result["processing_s"] > 0
    assert result["real_time_factor"] == pytest.approx(result["processing_s"] / 3.0)
    assert result["times_real_time"] == pytest.approx(3.0 / result["processing_s"])
    in_nodes_us = sum(n["total_duration_us"] for n in result["metrics"]["node_metrics"])
    assert in_nodes_us * 1e-6 < result["processing_s"]


def test_summary_is_readable(recording: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.wav"
    printed = output_of("run", SPEECH, "-i", recording, "-o", out)
    assert f"{recording}: 3.00 s, 16000 Hz, 1 channel, wav pcm_16" in printed
    assert f"{out}: 3.00 s, 8000 Hz, 1 channel, i16" in printed
    assert "in 2 segments" in printed
    assert "telephone  AudioResampleNode" in printed
    assert "x real time, real-time factor" in printed
    assert "\033" not in printed  # no colours in a file


def test_run_without_output_still_tells_what_came_out(recording: Path, tmp_path: Path) -> None:
    printed = output_of("run", SPEECH, "-i", recording, cwd=tmp_path)
    assert "3.00 s, 8000 Hz, 1 channel, i16 (not written: no -o)" in printed
    assert names(tmp_path) == ["talk.wav"]


def test_long_lists_of_segments_are_cut_short_for_readers_only(tmp_path: Path) -> None:
    burst = np.tile(np.array([12_000, -12_000], np.int16), 2_000)
    bursts = np.tile(np.concatenate([burst, np.zeros(4_000, np.int16)]), 20)
    path = write_wav(tmp_path / "bursts.wav", bursts[np.newaxis], 16_000)
    vad = graph(tmp_path / "vad.json", [node("vad", "VADNode")])
    assert len(json_of("run", vad, "-i", path)["outputs"][0]["speech_segments"]) == 20
    printed = output_of("run", vad, "-i", path)
    assert "in 20 segments" in printed
    assert "... 9 more (--json lists all)" in printed


def test_metrics_file_holds_what_python_gives(recording: Path, tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    result = json_of("run", SPEECH, "-i", recording, "--metrics", path)
    metrics = json.loads(path.read_text(encoding="utf-8"))
    assert metrics == result["metrics"]
    assert metrics["pipeline_id"] == "speech"
    assert [n["node_id"] for n in metrics["node_metrics"]] == ["telephone", "vad", "pcm"]
    assert all(n["success_rate"] == 1.0 for n in metrics["node_metrics"])


def test_report_is_one_page(recording: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    assert json_of("run", SPEECH, "-i", recording, "--report", path)["report"] == str(path)
    page = path.read_text(encoding="utf-8")
    assert page.lower().startswith("<!doctype html>")
    assert "telephone" in page
    assert page.rstrip().endswith("</html>")


def test_utterances_are_listed_with_their_times(recording: Path) -> None:
    (output,) = json_of("run", UTTERANCES, "-i", recording)["outputs"]
    assert output["clip_count"] == 2
    first, second = output["clips"]
    # A quarter second before the speech, 0.4 s of silence after it.
    assert first["start_s"] == pytest.approx(0.25, abs=0.04)
    assert first["end_s"] == pytest.approx(1.6, abs=0.04)
    assert second["start_s"] == pytest.approx(1.75, abs=0.04)
    assert first["path"] is None
    printed = output_of("run", UTTERANCES, "-i", recording)
    assert f"{first['start_s']:.2f} s" in printed
    assert f"{second['end_s']:.2f} s" in printed


def test_clips_go_to_numbered_files(recording: Path, tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    result = json_of("run", UTTERANCES, "-i", recording, "-o", folder / "u-{n}.flac")
    assert names(folder) == ["u-001.flac", "u-002.flac"]
    clips = result["outputs"][0]["clips"]
    assert [clip["path"] for clip in clips] == [str(folder / n) for n in names(folder)]
    for clip in clips:
        again = json_of("run", SPEECH, "-i", clip["path"])
        assert again["input"]["duration_s"] == pytest.approx(clip["end_s"] - clip["start_s"])


def test_no_speech_gives_no_clip_files(tmp_path: Path) -> None:
    quiet = write_wav(tmp_path / "quiet.wav", np.zeros((1, 16_000), np.int16), 16_000)
    result = json_of("run", UTTERANCES, "-i", quiet, "-o", tmp_path / "u-{n}.wav")
    assert result["outputs"][0]["clip_count"] == 0
    assert names(tmp_path) == ["quiet.wav"]


def test_clips_do_not_fit_into_one_file(recording: Path, tmp_path: Path) -> None:
    message = refused(2, "run", UTTERANCES, "-i", recording, "-o", tmp_path / "u.wav")
    assert "output 'utterance' gives separate clips" in message
    assert f"-o '{tmp_path}/u-{{n}}.wav'" in message


def test_one_stream_fits_into_a_numbered_file(recording: Path, tmp_path: Path) -> None:
    json_of("run", SPEECH, "-i", recording, "-o", tmp_path / "s{n}.wav")
    assert names(tmp_path) == ["s001.wav", "talk.wav"]


@pytest.fixture
def two_outputs(tmp_path: Path) -> Path:
    nodes = [
        node("in"),
        node("low", "AudioResampleNode", target_sample_rate=8_000),
        node("pcm", "FormatConverterNode", target_format="i16"),
    ]
    return graph(tmp_path / "two.json", nodes, ("in", "low"), ("in", "pcm"))


def test_each_output_gets_its_file(two_outputs: Path, recording: Path, tmp_path: Path) -> None:
    targets = (f"pcm={tmp_path}/a.wav", f"low={tmp_path}/b.flac")
    result = json_of("run", two_outputs, "-i", recording, "-o", targets[0], "-o", targets[1])
    assert [o["path"] for o in result["outputs"]] == [f"{tmp_path}/b.flac", f"{tmp_path}/a.wav"]
    assert read_wav(tmp_path / "a.wav")[0].shape == (1, 48_000)
    assert json_of("run", SPEECH, "-i", tmp_path / "b.flac")["input"]["sample_rate"] == 8_000


def test_one_of_several_outputs_has_to_be_named(two_outputs: Path, recording: Path) -> None:
    message = refused(2, "run", two_outputs, "-i", recording, "-o", "a.wav")
    assert message == (
        "-o a.wav: graph 'test' has 2 audio outputs; say which one: -o low=FILE -o pcm=FILE"
    )


def test_path_with_equals_sign_is_written_with_a_folder(recording: Path, tmp_path: Path) -> None:
    json_of("run", SPEECH, "-i", recording, "-o", "./a=b.wav", cwd=tmp_path)
    assert "a=b.wav" in names(tmp_path)


def test_graph_that_reads_and_writes_itself_needs_no_options(
    recording: Path, tmp_path: Path
) -> None:
    nodes = [
        node("read", "MediaReaderNode", path=str(recording)),
        node("write", "MediaWriterNode", output_path=str(tmp_path / "copy.wav")),
    ]
    manifest = graph(tmp_path / "copy.json", nodes, ("read", "write"))
    result = json_of("run", manifest)
    assert result["input"] is None
    assert result["outputs"] == []
    assert result["real_time_factor"] is None
    assert "copy.wav" in names(tmp_path)


def test_graph_that_reads_itself_takes_its_length_from_the_output(
    recording: Path, tmp_path: Path
) -> None:
    read = node("read", "MediaReaderNode", path=str(recording))
    result = json_of("run", graph(tmp_path / "read.json", [read]), "-o", tmp_path / "copy.wav")
    assert result["audio_s"] == 3.0
    assert result["outputs"][0]["path"] == str(tmp_path / "copy.wav")


def test_manifest_comes_from_standard_input(recording: Path) -> None:
    text = SPEECH.read_text(encoding="utf-8")
    assert json_of("run", "-", "-i", recording, text=text)["graph"] == "speech"


def test_lists_of_audio_are_written_one_after_another(recording: Path, tmp_path: Path) -> None:
    manifest = graph(tmp_path / "list.json", [node("all", "BufferNode", buffer_size=7)])
    result = json_of("run", manifest, "-i", recording, "-o", tmp_path / "joined.wav")
    assert result["outputs"][0]["kind"] == "list"
    assert result["outputs"][0]["duration_s"] == 3.0
    assert json_of("run", SPEECH, "-i", tmp_path / "joined.wav")["input"]["frames"] == 48_000


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_every_rate_and_channel_count_gives_the_exact_length(
    rate: int, channels: int, tmp_path: Path
) -> None:
    path = write_wav(tmp_path / "in.wav", talk(rate, channels), rate)
    result = json_of("run", SPEECH, "-i", path, "-o", tmp_path / "out.wav")
    assert (result["input"]["sample_rate"], result["input"]["channels"]) == (rate, channels)
    samples, out_rate = read_wav(tmp_path / "out.wav")
    assert (out_rate, samples.shape) == (8_000, (1, 24_000))
    assert len(result["outputs"][0]["speech_segments"]) == 2


@pytest.mark.parametrize("frames", [0, 1, 2, 1_599, 1_600, 1_601])
def test_short_files_keep_their_length(frames: int, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "in.wav", np.full((2, frames), 1_000, np.int16), 16_000)
    result = json_of("run", SPEECH, "-i", path, "-o", tmp_path / "out.wav")
    assert result["input"]["frames"] == frames
    assert read_wav(tmp_path / "out.wav")[0].shape == (1, -(-frames // 2))
    assert (result["real_time_factor"] is None) == (frames == 0)
    assert "x real time" in output_of("run", SPEECH, "-i", path) or frames == 0


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "opus", "mp3"])
def test_every_kind_of_file_is_written_and_read(
    suffix: str, recording: Path, tmp_path: Path
) -> None:
    path = tmp_path / f"out.{suffix}"
    json_of("run", SPEECH, "-i", recording, "-o", path)
    assert json_of("run", SPEECH, "-i", path)["input"]["duration_s"] == pytest.approx(3.0, abs=0.1)


def test_an_existing_output_is_replaced(recording: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.wav"
    out.write_text("old", encoding="utf-8")
    json_of("run", SPEECH, "-i", recording, "-o", out)
    assert read_wav(out)[1] == 8_000


SUM = [node("sum", "CalculatorNode")]
ITEMS = '{"operation": "add", "args": [2, 3]}\n\n{"operation": "multiply", "args": [4, 5]}'


def test_items_come_a_line_each_and_go_so(tmp_path: Path) -> None:
    manifest = graph(tmp_path / "sum.json", SUM)
    lines = output_of("run", manifest, "-i", "-", "--json", text=ITEMS).splitlines()
    *results, last = [json.loads(line) for line in lines]
    assert [result["node"] for result in results] == ["sum", "sum"]
    assert [result["value"]["result"] for result in results] == [5, 20]
    assert last["status"] == "ok"
    assert last["input"] == {"path": "-", "items": 2}
    assert last["outputs"][0]["kind"] == "json"
    assert last["real_time_factor"] is None


def test_items_come_from_a_file_and_are_printed_readably(tmp_path: Path) -> None:
    manifest = graph(tmp_path / "sum.json", [*SUM, node("same")])
    (tmp_path / "items.jsonl").write_text(ITEMS, encoding="utf-8")
    lines = output_of("run", manifest, "-i", tmp_path / "items.jsonl").splitlines()
    assert lines[0].startswith('sum: {"operation":"add","args":[2,3],"result":5')
    assert lines[1] == 'same: {"operation":"add","args":[2,3]}'
    assert lines[-1].startswith("2 items in ")


def test_texts_are_items_too(tmp_path: Path) -> None:
    manifest = graph(tmp_path / "same.json", [node("same")])
    done = output_of("run", manifest, "-i", "-", "--json", text='"Grüße"\n7\n')
    first, second, _ = [json.loads(line) for line in done.splitlines()]
    assert (first["text"], second["value"]) == ("Grüße", 7)
    printed = output_of("run", manifest, "-i", "-", text='"Grüße"\n7\n')
    assert printed.startswith("Grüße\n7\n\n")


# Linux counts what starts a program as its memory until then, so a small process starts it.
MEASURED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(done.returncode)
"""


def test_memory_does_not_depend_on_the_length(tmp_path: Path) -> None:
    long = sparse_wav(tmp_path / "long.wav", 1 << 30, channels=8)
    command = [PROGRAM, "run", SPEECH, "-i", long, "-o", tmp_path / "out.wav"]
    report = ["--report", tmp_path / "report.html", "--json"]
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *command, *report],
        check=False,
        capture_output=True,
        text=True,
        env=environment(),
    )
    assert done.returncode == 0
    result = json.loads(done.stdout)
    assert result["input"]["frames"] == (1 << 30) // 16
    peak_bytes = int(done.stderr.splitlines()[-1]) * 1024
    assert peak_bytes <= 150 << 20
    assert result["metrics"]["peak_memory_bytes"] <= peak_bytes
