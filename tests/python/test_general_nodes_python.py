"""The Python implementations of the nodes for any item, text and files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from node_runs import RATE, Run, Samples, cut, joined, noise, run, run_one
from remotemedia._items import give_item, parse_item
from remotemedia._node_types import StreamFormat
from remotemedia._packet import Collected, Packet
from remotemedia.nodes import (
    BufferNode,
    MediaReaderNode,
    MediaWriterNode,
    PassThroughNode,
    TextProcessorNode,
    TextTransformNode,
)

# --- items of any kind, text


def test_pass_through_passes_the_packet_itself() -> None:
    packet = parse_item((noise(4), RATE, {"k": 1}))
    assert Run(PassThroughNode()).give(packet)[0] is packet


def test_a_buffer_gives_lists_of_its_size_and_the_rest_at_the_end() -> None:
    packets = run(BufferNode(2), ["a", (noise(3), RATE, {"k": 1}), "c"], ends_clip=True)
    assert all(isinstance(p.payload, Collected) and not p.ends_clip for p in packets)
    first, rest = map(give_item, packets)
    assert first[0] == "a"
    assert first[1][2] == {"k": 1}
    assert rest == ["c"]
    assert run(BufferNode(2), []) == []
    assert BufferNode()._resolve_format(StreamFormat("audio")) == StreamFormat("list")


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("abc", "ABC"),
        (("abc", 1, {"k": 2}), ("ABC", 1, {"k": 2})),
        (5, 5),
        ((1, "abc"), (1, "abc")),
        ({"text": "abc"}, {"text": "abc"}),
    ],
)
def test_text_transform_takes_text_and_tuples_that_start_with_it(item: Any, expected: Any) -> None:
    assert run_one(TextTransformNode(str.upper), item) == expected


def test_a_transform_without_result_gives_none_and_its_errors_pass_as_they_are() -> None:
    assert run(TextTransformNode(lambda text: None), ["a"]) == []
    with pytest.raises(ZeroDivisionError):
        run(TextTransformNode(lambda text: str(1 // 0)), ["a"])


def test_text_processor_gives_all_results_in_the_order_asked_for() -> None:
    operations = {
        "uppercase": " STRASSE UND ÄON ",
        "lowercase": " straße und äon ",
        "reverse": " noÄ dnu eßartS ",
        "word_count": 3,
        "char_count": 16,
        "title_case": " Straße Und Äon ",
        "remove_spaces": "StraßeundÄon",
        "first_word": "Straße",
        "last_word": "Äon",
    }
    text = " Straße und Äon "
    result = run_one(TextProcessorNode(), {"text": text, "operations": list(operations)})
    assert result["results"] == operations
    assert list(result["results"]) == list(operations)
    assert result["original_text"] == text
    assert result["processed_by"] == "TextProcessorNode[n]"
    assert result["node_config"] == {}


def test_text_processor_writes_capitals_unless_told_otherwise() -> None:
    assert run_one(TextProcessorNode(), {"text": "a"})["results"] == {"uppercase": "A"}
    assert run_one(TextProcessorNode(), "a")["operations"] == ["uppercase"]
    empty = {"text": " ", "operations": ["first_word", "last_word"]}
    assert run_one(TextProcessorNode(), empty)["results"] == {"first_word": "", "last_word": ""}


@pytest.mark.parametrize(
    ("item", "kind", "message"),
    [
        ({"text": "a", "operations": ["shout"]}, ValueError, 'operation is "shout", expected one'),
        ({"text": "a", "operations": "uppercase"}, ValueError, 'operations is "uppercase", exp'),
        ({"operations": []}, ValueError, "text is null, expected a str"),
        (5, TypeError, 'expected text or a dict, got int; pass {"text"'),
    ],
)
def test_text_processor_refuses_what_it_does_not_know(
    item: Any, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        run_one(TextProcessorNode(), item)


# --- files


def write_file(path: Path, samples: Samples, rate: int = RATE) -> None:
    run(MediaWriterNode(path), [(samples, rate)])


def test_a_written_file_is_read_in_blocks_of_100_ms(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    ramp = np.arange(-2_000, 2_000, dtype=np.int16).reshape(1, -1)
    session = Run(MediaWriterNode(path))
    assert [session.push((block, RATE)) for block in cut(ramp, [999])] == [[]] * 5
    assert not path.exists()
    session.finish()
    assert os.listdir(tmp_path) == ["a.wav"]

    reader = Run(MediaReaderNode(path))
    packets = reader.give(Packet())
    reader.finish()
    assert [p.payload.frames for p in packets] == [1_600, 1_600, 800]
    assert [p.timestamp_ns for p in packets] == [0, 100_000_000, 200_000_000]
    assert np.array_equal(joined(packets) * 32_768, ramp)
    assert all(p.payload.samples.flags.c_contiguous for p in packets)


def test_a_reader_stops_when_the_session_was_cancelled(tmp_path: Path) -> None:
    write_file(tmp_path / "a.wav", np.zeros((1, 16_000), np.int16))
    reader = Run(MediaReaderNode(tmp_path / "a.wav"))
    seen: list[Packet] = []

    def emit(packet: Packet, port: int) -> bool:
        seen.append(packet)
        return len(seen) < 3

    reader.executor.process(Packet(), emit)
    assert len(seen) == 3


def test_an_empty_file_gives_one_empty_block(tmp_path: Path) -> None:
    write_file(tmp_path / "a.wav", np.zeros((2, 0), np.int16))
    (packet,) = Run(MediaReaderNode(tmp_path / "a.wav")).give(Packet())
    assert packet.payload.samples.shape == (2, 0)


def test_a_writer_keeps_a_copy_of_what_it_was_given(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    samples = np.full((1, 100), 7, np.int16)
    session = Run(MediaWriterNode(path))
    session.push((samples, RATE))
    samples[:] = 0
    session.finish()
    assert joined(Run(MediaReaderNode(path)).give(Packet()))[0, 0] * 32_768 == 7


def test_a_writer_leaves_nothing_behind_without_a_finished_input(tmp_path: Path) -> None:
    run(MediaWriterNode(tmp_path / "none.wav"), [])
    failed = Run(MediaWriterNode(tmp_path / "failed.wav"))
    failed.push((noise(10), RATE))
    with pytest.raises(ValueError, match="AudioWriter: rate is 8000, expected 16000 Hz"):
        failed.push((noise(10), 8_000))
    with pytest.raises(ValueError, match="AudioWriter: channels is 2, expected 1"):
        failed.push((noise(10, 2), RATE))
    with pytest.raises(ValueError, match="AudioWriter: sample format is i16, expected f32"):
        failed.push((np.zeros((1, 9), np.int16), RATE))
    failed.executor.cleanup()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.xyz", "'.xyz' is no suffix known here; use one of .flac"),
        ("a", "its name has no suffix"),
        ("none/a.wav", "there is no folder"),
    ],
)
def test_a_writer_refuses_its_path_before_any_audio(
    tmp_path: Path, name: str, message: str
) -> None:
    with pytest.raises(OSError, match=f"cannot write .*{message}"):
        Run(MediaWriterNode(tmp_path / name))


def test_a_reader_refuses_a_missing_file_before_it_runs(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"cannot read .*there is no such file"):
        Run(MediaReaderNode(tmp_path / "none.wav"))
