"""Native and Python nodes side by side: the same packets in, the same packets out."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import native_graphs
import remotemedia
from node_runs import RATE, Run, Samples, cut, marked_by, noise
from remotemedia._items import give_item, parse_item
from remotemedia._packet import Audio, Collected, Packet
from remotemedia.node import create_node

pytestmark = pytest.mark.native_only

# The filters are the same; sums of a few hundred products differ in rounding. -120 dB.
TOLERANCE = {"AudioResampleNode": 1e-6, "AudioTransform": 1e-6}


def run_native(type_name: str, params: dict[str, Any], packets: Sequence[Packet]) -> list[Packet]:
    run = native_graphs.Run(native_graphs.chain((type_name, params)))
    for packet in packets:
        run.session.push(packet)
    run.session.finish()
    run.session.close()
    return run.packets


def run_python(type_name: str, params: dict[str, Any], packets: Sequence[Packet]) -> list[Packet]:
    run = Run(create_node(type_name, params))
    for packet in packets:
        run.give(packet)
    run.finish()
    return run.packets


def check_same(native: Packet, python: Packet, tolerance: float) -> None:
    assert native.metadata == python.metadata
    assert list(native.metadata) == list(python.metadata)
    for field in ("form", "ends_clip", "timestamp_ns", "stream_id", "generation"):
        assert getattr(native, field) == getattr(python, field), field
    check_same_payload(native.payload, python.payload, tolerance)


def check_same_payload(native: Any, python: Any, tolerance: float) -> None:
    assert type(native) is type(python)
    if isinstance(native, Collected):
        for one, other in zip(native.packets, python.packets, strict=True):
            check_same(one, other, tolerance)
    elif isinstance(native, Audio):
        assert native.rate == python.rate
        check_same_payload(native.samples, python.samples, tolerance)
    elif isinstance(native, np.ndarray):
        assert (native.dtype, native.shape) == (python.dtype, python.shape)
        assert np.allclose(native, python, rtol=0, atol=tolerance)
    elif isinstance(native, list):
        for one, other in zip(native, python, strict=True):
            check_same_payload(one, other, tolerance)
    else:
        assert native == python or (native != native and python != python)  # noqa: PLR0124 - NaN


def check_parity(type_name: str, params: dict[str, Any], packets: Sequence[Packet]) -> None:
    native = run_native(type_name, params, packets)
    python = run_python(type_name, params, packets)
    assert len(native) == len(python)
    for one, other in zip(native, python, strict=True):
        check_same(one, other, TOLERANCE.get(type_name, 0))


def as_int16(samples: Samples) -> Samples:
    return (samples * 32_767).astype(np.int16)


SPEECH = marked_by([(0.2, 0.6), (0.9, 1.4)], 2.003) + noise(32_048) / 100
MARKED = [
    ("AudioResampleNode", {"target_sample_rate": 48_000}),
    ("AudioResampleNode", {"target_sample_rate": 11_025, "quality": "low", "mono": True}),
    ("AudioResampleNode", {"target_sample_rate": 48_000, "mode": "offline"}),
    ("AudioResampleNode", {"target_sample_rate": RATE}),
    ("AudioTransform", {"output_sample_rate": 8_000, "output_channels": 1}),
    ("AudioTransform", {"output_sample_rate": 22_050, "output_channels": 2}),
    ("VADNode", {}),
    ("VADNode", {"frame_duration_ms": 25, "aggressiveness": 3, "threshold": 0.001}),
    ("FormatConverterNode", {"target_format": "i16"}),
    ("FormatConverterNode", {"target_format": "i16", "dither": True}),
    ("FormatConverterNode", {"target_format": "i32"}),
    ("AudioBuffer", {"buffer_size_samples": 999}),
    ("ExtractAudioDataNode", {}),
    ("PassThroughNode", {}),
    ("BufferNode", {"buffer_size": 3}),
]


@pytest.mark.parametrize("ends_clip", [True, False])
@pytest.mark.parametrize("channels", [0, 1, 2])  # 0: a flat array
@pytest.mark.parametrize(("type_name", "params"), MARKED)
def test_audio_nodes_agree_on_clips_and_streams(
    type_name: str, params: dict[str, Any], channels: int, ends_clip: bool
) -> None:
    samples = SPEECH[0] if channels == 0 else np.repeat(SPEECH, channels, axis=0)
    metadata = {"session_id": "s", "is_speech": None}
    packets = [
        Packet(Audio(chunk, RATE), dict(metadata), ends_clip=ends_clip, timestamp_ns=7, stream_id=2)
        for chunk in cut(samples, [3_000, 470, 8_000])
    ]
    check_parity(type_name, params, packets)


@pytest.mark.parametrize(("type_name", "params"), MARKED)
def test_audio_nodes_agree_on_integers_and_empty_audio(
    type_name: str, params: dict[str, Any]
) -> None:
    integers = as_int16(np.clip(SPEECH, -1, 1))
    empty = np.zeros((1, 0), np.int16)
    for blocks in ([integers], [empty], [empty, integers, empty]):
        for ends_clip in (True, False):
            packets = [parse_item((block, RATE), ends_clip=ends_clip) for block in blocks]
            check_parity(type_name, params, packets)


@pytest.mark.parametrize(
    ("type_name", "params"),
    [
        ("AudioResampleNode", {"target_sample_rate": 22_050}),
        ("VADNode", {}),
        ("AudioBuffer", {"buffer_size_samples": 5_000}),
    ],
)
def test_audio_nodes_agree_when_rate_and_channels_change(
    type_name: str, params: dict[str, Any]
) -> None:
    items = [(noise(3_000), 16_000), (noise(7_000, 2), 16_000), (noise(9_000, 2), 44_100)]
    check_parity(type_name, params, [parse_item(item) for item in items])


@pytest.mark.parametrize("ends_clip", [True, False])
@pytest.mark.parametrize("detector", [{"frame_duration_ms": 10}, {"frame_duration_ms": 25}])
@pytest.mark.parametrize(
    "limits",
    [
        {},
        {"min_speech_duration_s": 0.2, "silence_duration_s": 0.1, "pre_speech_buffer_s": 0.1},
        {"min_speech_duration_s": 0.6, "max_silence_gap_s": 0.31},
        {"min_speech_duration_s": 0, "silence_duration_s": 0, "pre_speech_buffer_s": 0},
        {"max_speech_duration_s": 0.33, "min_speech_duration_s": 0.1},
    ],
)
def test_utterances_agree(
    limits: dict[str, Any], detector: dict[str, Any], ends_clip: bool
) -> None:
    packets = [
        parse_item((chunk, RATE, {"session_id": "s"}), ends_clip=ends_clip)
        for chunk in cut(SPEECH, [5_000, 333, 9_001])
    ]
    check_parity("VADTriggeredBuffer", limits, run_python("VADNode", detector, packets))
    for packet in packets:
        packet.metadata["is_speech"] = bool(np.max(packet.payload.samples) > 0.3)
    check_parity("VADTriggeredBuffer", limits, packets)


@pytest.mark.parametrize("ends_clip", [True, False])
@pytest.mark.parametrize("size", [160, 1_251, 50_000])
def test_chunks_agree_on_the_decisions_of_a_detector(size: int, ends_clip: bool) -> None:
    blocks = [*cut(SPEECH, [5_000, 333, 9_001]), SPEECH[:, :0]]
    packets = [parse_item((block, RATE, {"k": 1}), ends_clip=ends_clip) for block in blocks]
    params = {"buffer_size_samples": size}
    check_parity("AudioBuffer", params, run_python("VADNode", {"frame_duration_ms": 25}, packets))


NUMBERS = [
    0,
    7,
    -(2**63),
    2**53 + 1,
    1.5,
    -0.0,
    1e300,
    math.inf,
    [1, [2.5, [3]], []],
    np.arange(3, dtype=np.int16),
    np.ones((2, 2), np.float32),
    np.int32(4),
]


@pytest.mark.parametrize("item", NUMBERS, ids=repr)
@pytest.mark.parametrize(
    ("type_name", "params"),
    [
        ("MultiplyNode", {"factor": 3}),
        ("MultiplyNode", {"factor": 0.1}),
        ("AddNode", {"addend": -2.0}),
        ("AddNode", {"addend": 1e17}),
    ],
)
def test_scalar_nodes_agree(type_name: str, params: dict[str, Any], item: Any) -> None:
    check_parity(type_name, params, [parse_item(item, ends_clip=True)])


OPERATIONS = ["add", "subtract", "multiply", "divide", "power", "modulo"]
PAIRS = [(7, 3), (-7, 3), (7, -3), (-7.5, 3), (2, 0.5), (2**62, 4), (-2, 63), (1e200, 2), (0, 5)]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_calculators_agree(operation: str) -> None:
    for pair in PAIRS:
        packet = parse_item({"operation": operation, "args": list(pair)})
        native = run_native("CalculatorNode", {}, [packet])[0].payload
        python = run_python("CalculatorNode", {}, [packet])[0].payload
        assert native.pop("processed_by") == "CalculatorNode[n0]"
        assert python.pop("processed_by") == "CalculatorNode[n]"
        assert native == python
        assert type(native["result"]) is type(python["result"])
        params = {"operation": operation, "operand": pair[1]}
        check_parity("CalculatorNode", params, [parse_item(pair[0])])


TEXTS = ["4", "-4.5e-1", ".5", "5.", "1e400", "", "-", ".", "1e", " 1", "+1", "1_0", "0x1", "nan"]
LIMITS = ["9223372036854775807", "9223372036854775808", "-9223372036854775808", "4\n", "\u0664"]


@pytest.mark.parametrize("text", TEXTS + LIMITS)
def test_calculators_agree_on_what_text_is_a_number(text: str) -> None:
    check_parity("CalculatorNode", {"operation": "add", "operand": 1.5}, [parse_item(text)])


@pytest.mark.parametrize(
    ("type_name", "params", "item"),
    [
        ("AudioResampleNode", {}, "text"),
        ("AudioResampleNode", {}, noise(10)),
        ("AudioTransform", {"output_channels": 3}, (noise(10, 2), RATE)),
        ("VADNode", {"sample_rate": 8_000}, (noise(10), RATE)),
        ("VADTriggeredBuffer", {}, (noise(10), 8_000, {"is_speech": True})),
        ("VADTriggeredBuffer", {}, (noise(10), RATE)),
        (
            "VADTriggeredBuffer",
            {},
            (
                noise(10),
                RATE,
                {"is_speech": True, "speech_segments": [[0, 1, 2]], "analysed_until_s": 1.5},
            ),
        ),
        (
            "VADTriggeredBuffer",
            {},
            (
                noise(10),
                RATE,
                {"is_speech": True, "speech_segments": [], "analysed_until_s": 1e15},
            ),
        ),
        ("MultiplyNode", {}, "text"),
        ("MultiplyNode", {}, [1, "x", {"a": None}]),
        ("MultiplyNode", {}, True),
        ("AddNode", {}, (noise(4), RATE)),
        ("AddNode", {}, {1: 2}),
        ("AddNode", {}, 2**70),
        ("AddNode", {}, {"k": {2, 3}}),
        ("CalculatorNode", {}, 3.0),
        ("CalculatorNode", {}, {"operation": "root", "args": [1, 2]}),
        ("CalculatorNode", {}, {"operation": "add", "args": [1]}),
        ("CalculatorNode", {}, {"operation": "divide", "args": [1, 0]}),
        ("CalculatorNode", {"operation": "power", "operand": 0.5}, -2),
    ],
)
def test_what_fails_fails_with_the_same_words(
    type_name: str, params: dict[str, Any], item: Any
) -> None:
    packet = parse_item(item)
    with pytest.raises((RuntimeError, TypeError)) as native:
        run_native(type_name, params, [packet])
    with pytest.raises((ValueError, TypeError)) as python:
        run_python(type_name, params, [packet])
    prefix = f"Execution error: node 'n0' ({type_name}) failed in process: "
    assert str(native.value) == prefix + str(python.value)
    assert isinstance(native.value, TypeError) == isinstance(python.value, TypeError)


@pytest.mark.parametrize(
    ("type_name", "params"),
    [
        ("AudioResampleNode", {"target_sample_rate": 7.5e3}),
        ("AudioResampleNode", {"target_rate": 16_000, "target_sample_rate": 8_000}),
        ("AudioResampleNode", {"target_rate": 1e15}),
        ("AudioResampleNode", {"quality": None}),
        ("AudioResampleNode", {"qality": 1}),
        ("AudioResampleNode", {"input_rate": 1}),
        ("AudioResampleNode", {"mono": {"a": [1, 2.5, "x" * 100]}}),
        ("VADNode", {"threshold": 1e16}),
        ("VADNode", {"sample_rate": "ü" * 60}),
        ("AudioBuffer", {}),
        ("AudioBuffer", {"buffer_size_samples": 0}),
        ("AudioBuffer", {"whatever": 0}),
        ("CalculatorNode", {"operand": 1}),
        ("CalculatorNode", {"operation": "ADD"}),
        ("VADTriggeredBuffer", {"max_speech_duration_s": 0.25}),
        ("PassThroughNode", {"x": 1}),
        ("MediaReaderNode", {"path": ""}),
        ("MediaWriterNode", {"output_path": "a\0.wav"}),
    ],
)
def test_wrong_parameters_are_refused_with_the_same_words(
    type_name: str, params: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=type_name) as native:
        native_graphs.chain((type_name, params))
    with pytest.raises(ValueError, match=type_name) as python:
        create_node(type_name, params)
    message, hint = python.value.message, python.value.hint  # type: ignore[attr-defined]
    assert message.removeprefix(f"{type_name}: ") in str(native.value)
    assert native.value.hint == hint  # type: ignore[attr-defined]


def test_the_table_is_that_of_the_native_registry() -> None:
    path = Path(remotemedia.__file__).with_name("node_types.json")
    assert json.loads(path.read_text()) == native_graphs.native().node_types()


def test_files_agree(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    samples = as_int16(noise(4_321, 2))
    written = []
    for run in (run_native, run_python):
        run(
            "MediaWriterNode",
            {"output_path": str(path)},
            [parse_item((chunk, RATE)) for chunk in cut(samples, [1_000])],
        )
        graph = native_graphs.Run(native_graphs.chain(("MediaReaderNode", {"path": str(path)})))
        graph.session.run_sources()
        graph.session.finish()
        reader = Run(create_node("MediaReaderNode", {"path": str(path)}))
        for one, other in zip(graph.packets, reader.give(Packet()), strict=True):
            check_same(one, other, 0)
        written.append(np.concatenate([give_item(p)[0] for p in graph.packets], axis=1))
    assert np.array_equal(*written)
    assert np.array_equal(written[0] * 32_768, samples)
