"""The Python implementations of the audio nodes."""

from __future__ import annotations

import itertools
import logging
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from node_runs import RATE, Run, cut, joined, marked_by, noise, run, run_one
from remotemedia import nodes
from remotemedia._items import give_item, parse_item
from remotemedia._node_types import StreamFormat, builtin_types
from remotemedia._packet import Audio, Packet
from remotemedia.node import Node
from remotemedia.nodes import (
    AudioBuffer,
    AudioResampleNode,
    AudioTransform,
    ExtractAudioDataNode,
    FormatConverterNode,
    MediaReaderNode,
    PassThroughNode,
    VADNode,
    VADTriggeredBuffer,
)


def tone(frames: int, hz: float, rate: int, level: float = 0.5) -> NDArray[np.float64]:
    return level * np.sin(2 * np.pi * hz * np.arange(frames) / rate)


AUDIO_NODES: list[Callable[[], Node]] = [
    lambda: AudioResampleNode(target_sample_rate=8_000),
    VADNode,
    lambda: FormatConverterNode("i16", dither=True),
    lambda: AudioTransform(8_000, 1),
    lambda: AudioBuffer(700),
    lambda: VADTriggeredBuffer(min_speech_duration_s=0),
    ExtractAudioDataNode,
]
METADATA = {"session_id": "s", "is_speech": True}


# --- all audio nodes


@pytest.mark.parametrize("make", AUDIO_NODES)
def test_metadata_passes_every_audio_node(make: Callable[[], Node]) -> None:
    packets = run(make(), [(noise(1_600), RATE, METADATA)])
    assert packets
    for packet in packets:
        assert packet.metadata["session_id"] == "s"


@pytest.mark.parametrize("make", AUDIO_NODES)
def test_the_input_is_left_as_it_was(make: Callable[[], Node]) -> None:
    samples, metadata = noise(1_600), dict(METADATA)
    before = samples.copy()
    packet = parse_item((samples, RATE, metadata), ends_clip=True)
    session = Run(make())
    for result in session.give(packet):
        result.metadata["changed"] = True
    session.finish()
    assert np.array_equal(samples, before)
    if not isinstance(make(), ExtractAudioDataNode | FormatConverterNode):  # share the envelope
        assert packet.metadata == METADATA


@pytest.mark.parametrize("make", AUDIO_NODES)
def test_what_is_no_audio_is_refused_with_a_hint(make: Callable[[], Node]) -> None:
    for item, got in ((noise(8), "ndarray"), ("text", "text"), (3, "int")):
        with pytest.raises(TypeError, match=rf"expected an audio item, got {got}; pass \(array"):
            Run(make()).push(item)


@pytest.mark.parametrize("make", AUDIO_NODES)
def test_the_mapping_form_is_answered_in_kind(make: Callable[[], Node]) -> None:
    item = {"audio_data": noise(1_600), "sample_rate": RATE, "metadata": METADATA}
    packets = run(make(), [item])
    if isinstance(make(), ExtractAudioDataNode):
        assert isinstance(give_item(packets[0]), np.ndarray)
    else:
        assert set(give_item(packets[0])) == {"audio_data", "sample_rate", "metadata"}


@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.int32])
@pytest.mark.parametrize("make", AUDIO_NODES)
def test_a_flat_array_gives_a_flat_array(make: Callable[[], Node], dtype: type) -> None:
    flat = (np.arange(1_600) % 100).astype(dtype)
    for packet in run(make(), [(flat, RATE, METADATA)]):
        assert packet.payload.samples.ndim == 1


@pytest.mark.parametrize("make", AUDIO_NODES)
@pytest.mark.parametrize("sizes", [(1,), (160,), (7, 1_000, 333)])
def test_chunks_give_the_bits_of_the_whole(make: Callable[[], Node], sizes: list[int]) -> None:
    samples = noise(2_000, channels=2)
    whole = run(make(), [(samples, RATE, METADATA)])
    chunks = run(make(), [(chunk, RATE, METADATA) for chunk in cut(samples, sizes)])
    if isinstance(make(), ExtractAudioDataNode):
        parts = [p.payload.samples.reshape(2, -1) for p in chunks]
        assert np.array_equal(np.concatenate(parts, axis=1).reshape(-1), whole[0].payload.samples)
    else:
        assert np.array_equal(joined(chunks), joined(whole))


# --- AudioResampleNode, AudioTransform


@pytest.mark.parametrize(("rate", "target"), [(48_000, 16_000), (8_000, 44_100), (44_100, 48_000)])
@pytest.mark.parametrize("frames", [0, 1, 479, 4_800])
def test_a_clip_has_the_exact_length_and_stays_one_packet(
    rate: int, target: int, frames: int
) -> None:
    node = AudioResampleNode(target_sample_rate=target)
    packets = run(node, [(noise(frames), rate)] * 2, ends_clip=True)
    assert [p.payload.frames for p in packets] == [math.ceil(frames * target / rate)] * 2
    assert all(p.ends_clip and p.timestamp_ns == 0 for p in packets)
    assert np.array_equal(packets[0].payload.samples, packets[1].payload.samples)


def test_a_stream_of_chunks_and_a_clip_have_the_same_bits() -> None:
    samples = noise(9_600)
    node = AudioResampleNode(target_sample_rate=16_000)
    clip, _ = run_one(node, (samples, 48_000))
    assert np.array_equal(joined(run(node, [(c, 48_000) for c in cut(samples, [480])])), clip)


def test_a_resampled_tone_is_that_tone_at_the_other_rate() -> None:
    node = AudioResampleNode(target_sample_rate=16_000)
    samples = tone(48_000, 1_000, 48_000)[np.newaxis].astype(np.float32)
    result, rate = run_one(node, (samples, 48_000))
    assert rate == 16_000
    difference = result[0, 1_000:-1_000] - tone(16_000, 1_000, 16_000)[1_000:-1_000]
    # 1e-4 of full scale is -80 dB: far below any audible fault, far above float32 rounding
    assert np.max(np.abs(difference)) < 1e-4


def test_mono_averages_the_channels_before_filtering() -> None:
    left = tone(4_800, 500, 48_000)
    samples = np.stack([left, -left]).astype(np.float32)
    result, _ = run_one(AudioResampleNode(mono=True), (samples, 48_000))
    assert result.shape == (1, 1_600)
    assert np.max(np.abs(result)) == 0


def test_the_same_rate_passes_the_array_itself() -> None:
    samples = noise(100)
    result, _ = run_one(AudioResampleNode(target_sample_rate=RATE), (samples, RATE))
    assert np.shares_memory(result, samples)
    integers = np.array([[16_384]], np.int16)
    result, _ = run_one(AudioResampleNode(target_sample_rate=RATE), (integers, RATE))
    assert result.dtype == np.float32
    assert result[0, 0] == 0.5


def test_a_change_of_rate_flushes_and_goes_on() -> None:
    session = Run(AudioResampleNode(target_sample_rate=8_000))
    session.push((noise(1_600), 16_000, {"part": 1}))
    session.push((noise(4_800), 48_000, {"part": 2}))
    session.finish()
    frames = {part: 0 for part in (1, 2)}
    for packet in session.packets:
        frames[packet.metadata["part"]] += packet.payload.frames
    assert frames == {1: 800, 2: 800}


def test_times_run_on_within_a_stream() -> None:
    packets = run(AudioResampleNode(target_sample_rate=8_000), [(noise(1_600), RATE)] * 5)
    position = 0
    for packet in packets:
        assert packet.timestamp_ns == position * 1_000_000_000 // 8_000
        position += packet.payload.frames
    assert position == 4_000


@pytest.mark.parametrize(("channels", "wanted"), [(1, 3), (2, 2), (3, 2), (3, 1)])
def test_audio_transform_copies_keeps_or_averages_channels(channels: int, wanted: int) -> None:
    samples = noise(800, channels)
    result, rate = run_one(AudioTransform(RATE, wanted), (samples, RATE))
    assert rate == RATE
    expected = {
        (1, 3): np.repeat(samples, 3, axis=0),
        (2, 2): samples,
        (3, 2): samples[:2],
        (3, 1): samples.astype(np.float64).mean(axis=0, keepdims=True),
    }[channels, wanted]
    assert np.allclose(result, expected, rtol=0, atol=1e-7)  # a float32 step at 1 is 1.2e-7


def test_audio_transform_warns_once_of_dropped_channels(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "remotemedia"):
        run(AudioTransform(RATE, 2), [(noise(100, 4), RATE)] * 3)
    assert [record.getMessage() for record in caplog.records] == [
        "AudioTransform keeps 2 of 4 channels"
    ]


def test_audio_transform_refuses_to_make_channels_up() -> None:
    with pytest.raises(ValueError, match=r"output_channels is 4, expected 1\.\.2 .*only mono"):
        run(AudioTransform(RATE, 4), [(noise(100, 2), RATE)])
    with pytest.raises(ValueError, match="output_channels is 4"):
        AudioTransform(RATE, 4)._resolve_format(StreamFormat("audio", RATE, 2))


# --- VADNode


def test_vad_says_in_seconds_what_is_speech() -> None:
    samples = marked_by([(0.3, 0.6), (0.9, 1.2)], 1.5)
    result, _, metadata = run_one(VADNode(), (samples, RATE, {"user": 1}))
    assert result is samples
    assert list(metadata) == [
        "user",
        "is_speech",
        "speech_frames",
        "total_frames",
        "speech_segments",
        "analysed_until_s",
    ]
    assert metadata["total_frames"] == 50
    assert metadata["speech_frames"] == 20
    assert np.allclose(metadata["speech_segments"], [[0.3, 0.6], [0.9, 1.2]], rtol=0, atol=1e-9)
    assert metadata["analysed_until_s"] == 1.5
    assert metadata["is_speech"] is True


def test_vad_counts_and_times_of_chunks_add_up_to_those_of_the_whole() -> None:
    samples = marked_by([(0.25, 0.61)], 1.0)
    whole = run(VADNode(), [(samples, RATE)])[0].metadata
    chunks = [p.metadata for p in run(VADNode(), [(c, RATE) for c in cut(samples, [100, 700])])]
    for key in ("speech_frames", "total_frames"):
        assert sum(metadata[key] for metadata in chunks) == whole[key]
    covered = [s for metadata in chunks for s in metadata["speech_segments"]]
    assert covered[0][0] == whole["speech_segments"][0][0]
    assert covered[-1][1] == whole["speech_segments"][-1][1]
    assert all(a[1] == b[0] for a, b in itertools.pairwise(covered))
    assert chunks[-1]["analysed_until_s"] == whole["analysed_until_s"]


def test_vad_repeats_its_last_decision_for_a_chunk_that_completes_no_frame() -> None:
    session = Run(VADNode())
    session.push((marked_by([(0, 0.03)], 0.03), RATE))
    metadata = session.push((np.zeros((1, 10), np.float32), RATE))[0].metadata
    assert (metadata["is_speech"], metadata["total_frames"]) == (True, 0)


def test_vad_judges_each_clip_anew() -> None:
    samples = marked_by([(0.31, 0.61)], 0.7)  # ends within a frame
    first, second = run(VADNode(), [(samples, RATE)] * 2, ends_clip=True)
    assert first.metadata == second.metadata
    assert first.ends_clip
    empty = Run(VADNode())
    empty.push((marked_by([(0, 0.1)], 0.1), RATE), ends_clip=True)
    assert empty.push((np.zeros((1, 10), np.float32), RATE))[0].metadata["is_speech"] is False


def test_vad_goes_on_in_time_when_the_rate_changes() -> None:
    session = Run(VADNode())
    session.push((np.zeros((1, 8_000), np.float32), 16_000))
    metadata = session.push((np.zeros((1, 24_000), np.float32), 48_000))[0].metadata
    assert metadata["analysed_until_s"] == pytest.approx(0.5 + 0.48)


def test_vad_refuses_another_rate_than_the_declared_one() -> None:
    node = VADNode(sample_rate=RATE)
    with pytest.raises(ValueError, match=r"input rate is 8000, expected 16000 Hz; put an AudioRe"):
        run(node, [(noise(100), 8_000)])
    with pytest.raises(ValueError, match="input rate is 8000"):
        node._resolve_format(StreamFormat("audio", 8_000, 1))
    assert node._resolve_format(StreamFormat("audio")).rate == RATE


# --- FormatConverterNode, ExtractAudioDataNode, AudioBuffer


def test_every_int16_value_survives_the_way_to_float_and_back() -> None:
    every = np.arange(-32_768, 32_768, dtype=np.int16)[np.newaxis]
    floats, _ = run_one(FormatConverterNode("f32"), (every, RATE))
    assert floats.dtype == np.float32
    assert np.array_equal(floats[0], np.arange(-32_768, 32_768) / 32_768)
    back, _ = run_one(FormatConverterNode("I16"), (floats, RATE))
    assert np.array_equal(back, every)


def test_floats_are_rounded_to_even_and_clamped() -> None:
    floats = np.array([[0.5, 1.5, 2.5, -0.5]], np.float32) / 32_768
    result, _ = run_one(FormatConverterNode("i16"), (floats, RATE))
    assert result.tolist() == [[0, 2, 2, 0]]
    loud = np.array([[1.5, -1.5, np.inf, np.nan]], np.float32)
    result, _ = run_one(FormatConverterNode("i16"), (loud, RATE))
    assert result.tolist() == [[32_767, -32_768, 32_767, 0]]


def test_the_same_format_is_the_same_array() -> None:
    samples = noise(10)
    assert run_one(FormatConverterNode("f32"), (samples, RATE))[0] is samples


def test_dither_runs_on_in_a_stream_and_starts_anew_with_a_clip() -> None:
    samples = noise(1_000)
    node = FormatConverterNode("i16", dither=True)
    plain, _ = run_one(FormatConverterNode("i16"), (samples, RATE))
    once, twice = run(node, [(samples, RATE)] * 2, ends_clip=True)
    assert np.array_equal(once.payload.samples, twice.payload.samples)
    on = run(node, [(samples, RATE)] * 2)
    assert not np.array_equal(on[0].payload.samples, on[1].payload.samples)
    change = once.payload.samples.astype(int) - plain
    assert np.max(np.abs(change)) == 1  # noise of +-1 LSB before rounding
    assert abs(change.mean()) < 0.1  # triangular noise of no offset, 1000 samples


def test_extracted_samples_are_flat_channel_after_channel() -> None:
    samples = np.array([[1, 2, 3], [4, 5, 6]], np.int16)
    assert run_one(ExtractAudioDataNode(), (samples, RATE)).tolist() == [1, 2, 3, 4, 5, 6]


def test_chunks_of_audio_buffer_have_the_size_and_the_metadata_of_their_first_frame() -> None:
    ramp = np.arange(25, dtype=np.float32)[np.newaxis]
    items = [(part, RATE, {"item": i}) for i, part in enumerate(cut(ramp, [7]))]
    packets = run(AudioBuffer(10), items, ends_clip=True)
    assert [p.payload.frames for p in packets] == [10, 10, 5]
    assert [p.metadata["item"] for p in packets] == [0, 1, 2]
    assert [p.timestamp_ns for p in packets] == [0, 625_000, 1_250_000]
    assert not any(p.ends_clip for p in packets)  # cut across clips
    assert np.array_equal(joined(packets), ramp)


@pytest.mark.parametrize(
    "other",
    [
        (noise(4), 8_000),
        (noise(4, 2), RATE),
        (np.zeros((1, 4), np.int16), RATE),
    ],
)
def test_audio_buffer_gives_the_rest_where_the_stream_changes(other: Any) -> None:
    session = Run(AudioBuffer(10))
    assert session.push((noise(4), RATE)) == []
    assert [p.payload.frames for p in session.push(other)] == [4]
    assert [p.payload.frames for p in session.finish()] == [4]


def test_audio_buffer_joins_flat_and_two_dimensional_mono() -> None:
    flat = np.ones(3, np.float32)
    packets = run(AudioBuffer(5), [(flat, RATE), (flat[np.newaxis], RATE)])
    assert [p.payload.samples.shape for p in packets] == [(5,), (1, 1)]


# --- formats known before the run


@pytest.mark.parametrize(
    ("node", "given", "expected"),
    [
        (AudioResampleNode(), ("audio", 48_000, 2, "i16"), ("audio", 16_000, 2, "f32")),
        (AudioResampleNode(mono=True), (None, 0, 0, None), ("audio", 16_000, 1, "f32")),
        (AudioTransform(), ("audio", 48_000, 1, None), ("audio", 44_100, 2, "f32")),
        (FormatConverterNode("i16"), (None, 48_000, 2, "f32"), ("audio", 48_000, 2, "i16")),
        (VADNode(), ("audio", 48_000, 2, "i16"), ("audio", 48_000, 2, "i16")),
        (VADTriggeredBuffer(), ("audio", 0, 2, None), ("audio", 16_000, 2, None)),
        (ExtractAudioDataNode(), ("audio", 48_000, 2, "f32"), (None, 0, 0, None)),
        (MediaReaderNode("a.wav"), (None, 0, 0, None), ("audio", 0, 0, "f32")),
        (AudioBuffer(4), ("audio", 48_000, 2, "f32"), ("audio", 48_000, 2, "f32")),
        (PassThroughNode(), (None, 1, 2, None), (None, 1, 2, None)),
    ],
)
def test_the_format_that_comes_out_is_known(
    node: Node, given: tuple[Any, ...], expected: tuple[Any, ...]
) -> None:
    assert node._resolve_format(StreamFormat(*given)) == StreamFormat(*expected)


def test_every_type_with_a_python_runtime_has_an_executor() -> None:
    required = {"path": "a.wav", "output_path": "a.wav", "buffer_size_samples": 1}
    for node_type in builtin_types():
        assert "python" in node_type.runtimes
        given = {
            spec.name: required.get(spec.name, str.upper)
            for spec in node_type.parameters
            if spec.is_required
        }
        executor = getattr(nodes, node_type.name)(**given)._make_executor()
        for method in ("initialize", "process", "flush", "cleanup"):
            assert callable(getattr(executor, method))


@pytest.mark.parametrize("module", ["nodes", "nodes.audio", "nodes.general", "nodes.media"])
def test_names_of_the_earlier_sdk_say_why_they_are_missing(module: str) -> None:
    package = __import__(f"remotemedia.{module}", fromlist=["_"])
    with pytest.raises(
        AttributeError, match=r"VoiceActivityDetector is not part of this release: .*VADNode"
    ):
        package.VoiceActivityDetector  # noqa: B018
    with pytest.raises(AttributeError, match="has no attribute 'Nonsense'"):
        package.Nonsense  # noqa: B018


def test_payloads_of_other_kinds_keep_their_envelope() -> None:
    packet = Packet(Audio(noise(4), RATE), {"k": 1}, timestamp_ns=7, stream_id=3, sequence=2)
    (result,) = Run(FormatConverterNode("i16")).give(packet)
    assert (result.timestamp_ns, result.stream_id, result.metadata) == (7, 3, {"k": 1})
