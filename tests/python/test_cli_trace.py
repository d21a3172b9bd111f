"""`remotemedia run --trace`: when each node ran, as Perfetto and Chrome load it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli_program import SPEECH, json_of, output_of, refused, talk, write_wav

pytestmark = pytest.mark.native_only


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "talk.wav", talk(), 16_000)


def trace_of(recording: Path, path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    result = json_of("run", SPEECH, "-i", recording, "--trace", path)
    return result, json.loads(path.read_text(encoding="utf-8"))


def test_each_call_of_each_node_is_an_event(recording: Path, tmp_path: Path) -> None:
    result, trace = trace_of(recording, tmp_path / "t.json")
    assert result["trace_file"] == str(tmp_path / "t.json")
    calls = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    for node in result["metrics"]["node_metrics"]:
        mine = [event for event in calls if event["name"] == node["node_id"]]
        assert {event["cat"] for event in mine} == {node["node_type"]}
        stages = [event["args"]["stage"] for event in mine]
        assert stages.count("process") == node["execution_count"]
        assert stages.count("flush") == 1
        own_us = sum(event["args"]["own_us"] for event in mine)
        assert own_us == pytest.approx(node["total_duration_us"], abs=0.001 * len(mine))
    assert trace["otherData"] == {"dropped_events": 0, "max_events": 200_000}


def test_the_events_are_as_the_viewers_want_them(recording: Path, tmp_path: Path) -> None:
    _, trace = trace_of(recording, tmp_path / "t.json")
    names = [event for event in trace["traceEvents"] if event["ph"] == "M"]
    assert [(event["name"], event["args"]["name"]) for event in names] == [
        ("process_name", "speech"),
        ("thread_name", "thread 1"),
    ]
    calls = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    assert len(names) + len(calls) == len(trace["traceEvents"])
    assert calls[0]["ts"] == 0
    assert {(event["pid"], event["tid"]) for event in calls} == {(1, 1)}
    open_until: list[float] = []
    last = 0.0
    for event in calls:
        begin, end = event["ts"], event["ts"] + event["dur"]
        assert begin >= last
        last = begin
        assert event["dur"] >= 0
        while open_until and open_until[-1] <= begin + 0.0005:
            open_until.pop()
        assert all(end <= outer + 0.0015 for outer in open_until)
        open_until.append(end)


def test_the_summary_names_the_file(recording: Path, tmp_path: Path) -> None:
    text = output_of("run", SPEECH, "-i", recording, "--trace", tmp_path / "t.json")
    assert f"trace   {tmp_path / 't.json'}" in text


def test_a_run_that_fails_leaves_no_trace_file(tmp_path: Path) -> None:
    source = tmp_path / "noise.wav"
    source.write_bytes(b"no audio")
    results = tmp_path / "results"
    results.mkdir()
    refused(1, "run", SPEECH, "-i", source, "--trace", results / "t.json")
    assert list(results.iterdir()) == []


def test_a_place_where_nothing_can_be_written_is_found_before_the_run(
    recording: Path, tmp_path: Path
) -> None:
    missing = tmp_path / "none" / "t.json"
    text = refused(1, "run", SPEECH, "-i", recording, "--trace", missing)
    assert "there is no folder" in text


def test_a_trace_over_another_file_of_the_run_is_refused(recording: Path, tmp_path: Path) -> None:
    same = tmp_path / "same.json"
    options = ("run", SPEECH, "-i", recording, "--metrics", same)
    assert "written twice" in refused(2, *options, "--trace", same)
    assert "which is read" in refused(2, "run", SPEECH, "-i", recording, "--trace", recording)
