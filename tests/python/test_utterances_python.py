"""VADTriggeredBuffer in Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from node_runs import RATE, Run, Samples, cut, marked_by, noise, run
from remotemedia._packet import Packet
from remotemedia.nodes import (
    VADNode,
    VADTriggeredBuffer,
)

# --- VADTriggeredBuffer

SHORT = {
    "min_speech_duration_s": 0.1,
    "silence_duration_s": 0.2,
    "pre_speech_buffer_s": 0.1,
    "max_silence_gap_s": 0.4,
}


def utterances(
    samples: Samples, sizes: Sequence[int], *, ends_clip: bool = False, **limits: float
) -> list[Packet]:
    """Through a VADNode of 10 ms frames into the buffer."""
    vad = Run(VADNode(frame_duration_ms=10))
    buffer = Run(VADTriggeredBuffer(**{**SHORT, **limits}))  # type: ignore[arg-type]
    for chunk in cut(samples, sizes):
        for packet in vad.push((chunk, RATE, {"session_id": "s"}), ends_clip=ends_clip):
            buffer.give(packet)
    for packet in vad.finish():
        buffer.give(packet)
    buffer.finish()
    return buffer.packets


def test_an_utterance_has_its_pre_roll_and_ends_after_the_silence() -> None:
    samples = marked_by([(0.5, 0.8)], 2.0)
    (packet,) = utterances(samples, [len(samples[0])])
    assert packet.metadata == {"session_id": "s", "start_s": 0.4, "end_s": 1.0}
    assert packet.ends_clip
    assert packet.timestamp_ns == 400_000_000
    assert np.array_equal(packet.payload.samples, samples[:, 6_400:16_000])


@pytest.mark.parametrize("sizes", [[160], [77], [1_000, 3]])
def test_chunks_do_not_change_an_utterance(sizes: list[int]) -> None:
    samples = marked_by([(0.5, 0.8), (1.2, 1.5)], 2.0)
    whole = utterances(samples, [len(samples[0])])
    chunks = utterances(samples, sizes)
    assert len(whole) == 2
    for a, b in zip(whole, chunks, strict=True):
        assert np.array_equal(a.payload.samples, b.payload.samples)
        assert (a.metadata, a.timestamp_ns) == (b.metadata, b.timestamp_ns)


def test_an_utterance_too_short_is_dropped_after_the_gap_only() -> None:
    short = marked_by([(0.5, 0.55)], 2.0)
    assert utterances(short, [160]) == []
    resumed = marked_by([(0.5, 0.55), (0.85, 0.95)], 2.0)  # 0.3 s later, 0.15 s of speech in all
    (packet,) = utterances(resumed, [160])
    assert packet.metadata["start_s"] == 0.4
    assert packet.metadata["end_s"] == pytest.approx(1.15)


def test_a_long_utterance_is_emitted_at_its_greatest_length() -> None:
    packets = utterances(marked_by([(0.0, 1.0)], 1.0), [160], max_speech_duration_s=0.3)
    assert [p.payload.frames for p in packets] == [4_800, 4_800, 4_800, 1_600]


def test_an_utterance_of_greatest_length_with_too_little_speech_is_dropped() -> None:
    halting = marked_by([(0.5, 0.55), (0.7, 0.75), (1.2, 1.5)], 2.0)
    (packet,) = utterances(halting, [160], max_speech_duration_s=0.3, min_speech_duration_s=0.2)
    assert packet.metadata["start_s"] == 1.1
    with pytest.raises(ValueError, match=r"max_speech_duration_s is 0\.5, expected at least"):
        VADTriggeredBuffer(max_speech_duration_s=0.5)


def test_an_utterance_open_at_the_end_is_emitted_if_it_has_enough_speech() -> None:
    assert len(utterances(marked_by([(0.5, 0.7)], 0.7), [160])) == 1
    assert utterances(marked_by([(0.5, 0.59)], 0.59), [160]) == []


def test_times_of_a_clip_count_from_its_start() -> None:
    clip = marked_by([(0.5, 0.8)], 1.105)  # the last 5 ms complete no frame
    samples = np.concatenate([clip, clip], axis=1)
    packets = utterances(samples, [clip.shape[1]], ends_clip=True)
    assert [p.metadata["start_s"] for p in packets] == [0.4, pytest.approx(1.505)]
    assert np.array_equal(packets[0].payload.samples, packets[1].payload.samples)


def test_without_segments_an_item_is_speech_or_not_as_a_whole() -> None:
    session = Run(VADTriggeredBuffer(**SHORT))  # type: ignore[arg-type]
    block = np.ones((1, 1_600), np.float32)
    for is_speech in (False, False, True, True, False, False):
        session.push((block, RATE, {"is_speech": is_speech}))
    session.finish()
    (packet,) = session.packets
    assert (packet.metadata["start_s"], packet.metadata["end_s"]) == (0.1, 0.6)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({}, "metadata is without is_speech, expected audio with a speech decision; put a VADNode"),
        ({"is_speech": 1}, "metadata is without is_speech"),
        (
            {"is_speech": True, "speech_segments": 3, "analysed_until_s": 1},
            r"speech_segments is 3, expected \[\[start, end\], \.\.\.\]",
        ),
        (
            {"is_speech": True, "speech_segments": [[1]], "analysed_until_s": 1},
            r"speech_segments is \[\[1\]\]",
        ),
        (
            {"is_speech": True, "speech_segments": [[0, "x"]], "analysed_until_s": 1},
            'speech_segments is "x", expected seconds of the stream',
        ),
        (
            {"is_speech": True, "speech_segments": [], "analysed_until_s": -1},
            "analysed_until_s is -1, expected seconds of the stream",
        ),
    ],
)
def test_wrong_decisions_are_refused(metadata: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"VADTriggeredBuffer: {message}"):
        run(VADTriggeredBuffer(), [(noise(100), RATE, metadata)])


def test_a_stream_that_changes_or_is_never_decided_is_refused() -> None:
    node = VADTriggeredBuffer()
    said = {"is_speech": False}
    with pytest.raises(ValueError, match=r"input rate is 8000, expected 16000 Hz; set sample_rate"):
        run(node, [(noise(10), 8_000, said)])
    with pytest.raises(ValueError, match="channels is 2, expected 1 as before"):
        run(node, [(noise(10), RATE, said), (noise(10, 2), RATE, said)])
    with pytest.raises(ValueError, match="sample format is i16, expected f32 as before"):
        run(node, [(noise(10), RATE, said), (np.zeros((1, 9), np.int16), RATE, said)])
    stuck = {"is_speech": False, "speech_segments": [], "analysed_until_s": 0}
    with pytest.raises(ValueError, match="waits for its decision since 60 s"):
        run(node, [(np.zeros((1, 61 * RATE), np.float32), RATE, stuck)])
