"""Native code and the fallback agree: same results, same metadata, same mistakes."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import numpy as np
import pytest

from manifests import BAD, VALID, adders, changed, manifest, random_edges
from remotemedia import ManifestError, NodeError, Pipeline, RemoteMediaError, node, runtime
from remotemedia._document import parse_in_python
from remotemedia._graph_builder import build_graph
from remotemedia._joiner import join_packets
from remotemedia._packet import Audio, Packet
from remotemedia.manifest import read_manifest
from remotemedia.nodes import (
    AddNode,
    AudioBuffer,
    AudioResampleNode,
    AudioTransform,
    CalculatorNode,
    ExtractAudioDataNode,
    FormatConverterNode,
    MultiplyNode,
    PassThroughNode,
    VADNode,
    VADTriggeredBuffer,
)
from signals import chunks, noise, speech_like

pytestmark = pytest.mark.native_only


def both(nodes: list[Any], data: Any) -> tuple[Any, Any]:
    """Results of both runtimes; `data` is a callable where it can be read only once."""
    pipeline = Pipeline(nodes)
    give = data if callable(data) else lambda: data
    return pipeline.run_sync(give()), pipeline.run_sync(give(), use_rust=False)


def band_limited(frames: int, rate: int, highest_hz: float, seed: int) -> Any:
    """Noise with nothing above a frequency."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(frames))
    spectrum[np.fft.rfftfreq(frames, 1 / rate) > highest_hz] = 0
    signal = np.fft.irfft(spectrum, frames)
    return (0.5 * signal / np.abs(signal).max()).astype(np.float32)


# --- signals


@pytest.mark.parametrize("quality", ["low", "medium", "high", "very_high"])
@pytest.mark.parametrize(
    ("rate", "target"),
    [(48_000, 16_000), (44_100, 16_000), (16_000, 48_000), (8_000, 44_100), (22_050, 24_000)],
)
def test_resamplers_agree_within_minus_100_db_in_the_pass_band(
    rate: int, target: int, quality: str
) -> None:
    signal = band_limited(rate, rate, 0.35 * min(rate, target), seed=rate + target)
    node = AudioResampleNode(target_sample_rate=target, quality=quality)
    (native, _), (fallback, _) = both([node], (signal, rate))
    assert native.shape == fallback.shape == (target,)
    assert native.dtype == fallback.dtype == np.float32
    error = np.sqrt(np.mean((native.astype(np.float64) - fallback) ** 2))
    level = np.sqrt(np.mean(native.astype(np.float64) ** 2))
    assert error <= level * 10 ** (-100 / 20)


@pytest.mark.parametrize("frames", [0, 1, 2, 3, 479, 480, 481])
@pytest.mark.parametrize("target", [8_000, 11_025, 48_000, 192_000])
def test_lengths_agree_to_the_frame(frames: int, target: int) -> None:
    node = AudioResampleNode(target_sample_rate=target)
    (native, _), (fallback, _) = both([node], (np.zeros((2, frames), np.float32), 44_100))
    assert native.shape == fallback.shape == (2, -(-frames * target // 44_100))


SPECIAL = [0, -0.0, 1, -1, 1.5, -1.5, np.nan, np.inf, -np.inf, 0.5 / 2**15, 1.5 / 2**15, 1e-30]


@pytest.mark.parametrize("target", ["f32", "i16", "i32"])
@pytest.mark.parametrize("dither", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.int32])
def test_formats_agree_bit_for_bit(dtype: Any, target: str, dither: bool) -> None:
    generator = np.random.default_rng(1)
    if dtype is np.float32:
        samples = np.concatenate([SPECIAL, generator.uniform(-1.1, 1.1, 10_000)]).astype(dtype)
    else:
        limits = np.iinfo(dtype)
        samples = generator.integers(limits.min, limits.max, 10_012, dtype, endpoint=True)
        samples[:2] = limits.min, limits.max
    node = FormatConverterNode(target_format=target, dither=dither)
    (native, _), (fallback, _) = both([node], (samples.reshape(2, -1), 16_000))
    assert native.dtype == fallback.dtype
    assert native.tobytes() == fallback.tobytes()


@pytest.mark.parametrize("aggressiveness", [0, 1, 2, 3])
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("chunk", [None, 333])
def test_voice_detectors_agree_in_everything_they_say(
    aggressiveness: int, rate: int, chunk: int | None
) -> None:
    generator = np.random.default_rng(rate)
    loudness = np.repeat(10 ** generator.uniform(-4, -0.5, 100), rate // 40)
    samples = (loudness * generator.standard_normal(loudness.size)).astype(np.float32)
    node = VADNode(aggressiveness=aggressiveness, frame_duration_ms=20)
    if chunk is None:
        native, fallback = both([node], (samples, rate))
        native, fallback = [native], [fallback]
    else:
        native, fallback = both([node], lambda: ((c, rate) for c in chunks(samples, chunk)))
    assert [item[2] for item in native] == [item[2] for item in fallback]
    frames = [item[2]["speech_frames"] for item in native]
    assert 0 < sum(frames) < sum(item[2]["total_frames"] for item in native)


def test_utterances_agree() -> None:
    nodes = [
        VADNode(),
        VADTriggeredBuffer(
            min_speech_duration_s=0.3, silence_duration_s=0.2, pre_speech_buffer_s=0.1
        ),
    ]
    speech = speech_like()
    for chunk in (speech.size, 160, 1_000):
        native, fallback = both(nodes, lambda: iter([(c, 16_000) for c in chunks(speech, chunk)]))  # noqa: B023
        assert len(native) == 2
        for a, b in zip(native, fallback, strict=True):
            assert np.array_equal(a[0], b[0])
            assert a[1:] == b[1:]


@pytest.mark.parametrize(
    ("node", "items"),
    [
        (MultiplyNode(factor=2.5), [1, 2.0, True, [1, [2]], np.arange(4), np.float32(1.5), 2**62]),
        (AddNode(addend=0.1), [1, -1.5, [0.1, 0.2], np.ones((2, 2), np.float32), 10**15]),
        (CalculatorNode(operation="power", operand=0.5), [4, 2.0, 0, "9"]),
        (CalculatorNode(operation="modulo", operand=3), [7, -7, 7.5, "8"]),
        (CalculatorNode(), [{"operation": "divide", "args": [1, 3]}]),
        (CalculatorNode(), [{"operation": "add", "args": [1, 2, 9]}]),
    ],
)
def test_arithmetic_agrees_in_value_and_type(node: Any, items: list[Any]) -> None:
    for item in items:
        outcomes = []
        for use_rust in (True, False):
            try:
                outcomes.append(Pipeline([node]).run_sync([item], use_rust=use_rust))
            except NodeError as error:
                outcomes.append(str(error))
        native, fallback = outcomes
        assert type(native) is type(fallback), item
        if isinstance(native, np.ndarray):
            assert native.dtype == fallback.dtype
            assert np.array_equal(native, fallback)
        else:
            assert repr(native) == repr(fallback)


@pytest.mark.parametrize(
    ("nodes", "item"),
    [
        ([PassThroughNode(), AudioResampleNode()], "text"),
        ([AudioResampleNode()], np.zeros(4, np.float32)),
        ([VADNode(sample_rate=8_000)], (np.zeros((1, 8), np.float32), 16_000)),
        ([AudioTransform(output_channels=4)], (np.zeros((2, 8), np.float32), 16_000)),
        ([VADTriggeredBuffer()], (np.zeros((1, 8), np.float32), 16_000)),
        ([ExtractAudioDataNode()], 3),
        ([MultiplyNode()], "text"),
        ([MultiplyNode()], {"a": 1}),
        ([CalculatorNode(operation="divide", operand=0)], 1),
        ([CalculatorNode()], {"operation": "root", "args": [1, 2]}),
        ([CalculatorNode()], {"operation": "add", "args": [1]}),
        ([CalculatorNode()], 5),
    ],
)
def test_failures_have_the_same_words_and_kind(nodes: list[Any], item: Any) -> None:
    errors = []
    for use_rust in (True, False):
        with pytest.raises(NodeError) as caught:
            Pipeline(nodes, name="p").run_sync([item], use_rust=use_rust)
        errors.append(caught.value)
    native, fallback = errors
    assert str(native) == str(fallback)
    assert type(native) is type(fallback)
    for name in ("hint", "node_id", "node_type", "stage", "code", "partial_results"):
        assert getattr(native, name) == getattr(fallback, name)


# --- random pipelines


def random_nodes(rng: random.Random) -> list[Any]:
    """A chain of audio nodes; the last one may cut the stream."""
    nodes: list[Any] = []
    for _ in range(rng.randint(1, 4)):
        nodes.append(
            rng.choice(
                [
                    lambda: AudioResampleNode(
                        target_sample_rate=rng.choice([8_000, 16_000, 22_050, 48_000]),
                        quality=rng.choice(["low", "high"]),
                        mono=rng.random() < 0.3,
                    ),
                    lambda: VADNode(frame_duration_ms=rng.choice([10, 30])),
                    lambda: FormatConverterNode(target_format=rng.choice(["f32", "i16", "i32"])),
                    lambda: AudioTransform(output_sample_rate=24_000, output_channels=1),
                    PassThroughNode,
                ]
            )()
        )
    if rng.random() < 0.3:
        nodes.append(AudioBuffer(buffer_size_samples=rng.randint(1, 3_000)))
    if rng.random() < 0.2:
        nodes.append(ExtractAudioDataNode())
    return nodes


def random_input(rng: random.Random) -> Any:
    """A callable that gives the same input each time."""
    rate = rng.choice([8_000, 16_000, 44_100, 48_000])
    frames = rng.choice([0, 1, 37, rate // 10, rate // 2])
    shape = (frames,) if rng.random() < 0.3 else (rng.choice([1, 2]), frames)
    samples: Any = noise(shape, rng.randrange(1_000))
    scale = {"f32": None, "i16": 2**15, "i32": 2**31}[rng.choice(["f32", "i16", "i32"])]
    if scale is not None:
        samples = np.round(samples * scale).astype(np.int16 if scale == 2**15 else np.int32)

    def item(part: Any) -> Any:
        if rng_form == "dict":
            return {"audio_data": part, "sample_rate": rate, "metadata": {"k": [1, "x"]}}
        return (part, rate, {"k": 1}) if rng_form == "triple" else (part, rate)

    rng_form = rng.choice(["pair", "triple", "dict"])
    how = rng.choice(["one", "list", "stream"])
    size = rng.randint(1, 4_000)
    if how == "one":
        return lambda: item(samples)
    if how == "list":
        return lambda: [item(samples), item(samples[..., : frames // 2])]
    return lambda: (item(part) for part in chunks(samples, size) or [samples])


def assert_same(native: Any, fallback: Any) -> None:
    """Equal, but for what a filter's rounding may change: -100 dB, or one step of a format."""
    assert type(native) is type(fallback)
    if isinstance(native, np.ndarray):
        assert native.dtype == fallback.dtype
        assert native.shape == fallback.shape
        tolerance = {"f": 3e-5, "i": 1 if native.dtype == np.int16 else 2**31 * 3e-5}
        difference = np.abs(native.astype(np.float64) - fallback)
        assert difference.size == 0 or difference.max() <= tolerance[native.dtype.kind]
    elif isinstance(native, list | tuple):
        assert len(native) == len(fallback)
        for a, b in zip(native, fallback, strict=True):
            assert_same(a, b)
    elif isinstance(native, dict):
        assert native.keys() == fallback.keys()
        for key, value in native.items():
            assert_same(value, fallback[key])
    else:
        assert native == fallback


@pytest.mark.parametrize("seed", range(120))
def test_random_pipelines_give_the_same(seed: int) -> None:
    rng = random.Random(seed)
    nodes = random_nodes(rng)
    data = random_input(rng)
    outcomes: list[Any] = []
    for use_rust in (True, False):
        try:
            outcomes.append(Pipeline(nodes).run_sync(data(), use_rust=use_rust))
        except RemoteMediaError as error:
            outcomes.append((type(error), str(error)))
    assert_same(*outcomes)


@pytest.mark.parametrize("seed", range(40))
def test_random_graphs_give_the_same_in_the_same_order(seed: int) -> None:
    rng = random.Random(seed)
    count = rng.randint(1, 12)
    text = manifest(adders(count), random_edges(rng, count, rng.random() * 0.5))
    for entry in text["nodes"]:
        if rng.random() < 0.3:
            entry |= {"node_type": "BufferNode", "params": {"buffer_size": rng.randint(1, 5)}}
        elif rng.random() < 0.3:
            entry |= {"node_type": "PassThroughNode", "params": {}}
        entry["runtime_hint"] = rng.choice(["auto", "native", "python"])
    outcomes = []
    for use_rust in (True, False):
        try:
            outcomes.append(Pipeline.from_manifest(text).run_sync([*range(7)], use_rust=use_rust))
        except NodeError as error:  # a list of lists is no number
            outcomes.append((str(error), error.partial_results))
    assert outcomes[0] == outcomes[1]


def test_blocks_join_to_the_same_item() -> None:
    nodes = [
        {"id": "vad", "node_type": "VADNode", "params": {}},
        {"id": "out", "node_type": "PassThroughNode", "params": {}},
    ]
    text = {**VALID, "nodes": nodes, "connections": [{"from": "vad", "to": "out"}]}
    graph = build_graph(read_manifest(copy.deepcopy(text)))
    graph.resolve()
    native = runtime.native_module()
    packets = []
    rng = random.Random(3)
    for index in range(20):
        metadata = {
            "is_speech": rng.random() < 0.5,
            "speech_frames": rng.randint(0, 3),
            "speech_segments": [[index * 0.1, index * 0.1 + 0.1]] if rng.random() < 0.7 else [],
            "analysed_until_s": index * 0.1,
            "other": index,
        }
        packets.append(Packet(Audio(noise((2, 10 + index), index), 16_000), metadata))
    packets[-1].ends_clip = True
    packets[-1].metadata["is_speech"] = False  # others were speech
    joined = join_packets(graph, packets)
    other = native.join_packets(native.Graph(graph.to_manifest(), {}), packets)
    assert np.array_equal(joined.payload.samples, other.payload.samples)
    assert joined.metadata == other.metadata
    assert joined.metadata["is_speech"] is True
    assert joined.ends_clip
    assert other.ends_clip
    packets[3].payload.rate = 8_000
    for join in (
        lambda: join_packets(graph, packets),
        lambda: native.join_packets(native.Graph(graph.to_manifest(), {}), packets),
    ):
        with pytest.raises(RemoteMediaError, match="rate of a later block is 8000, expected 16000"):
            join()


# --- manifests


@pytest.fixture
def only_builtin_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hints that list the known types have none of the classes that other tests define."""
    monkeypatch.setattr(node, "_user_classes", {})


def outcome_in_python(values: Any) -> str:
    try:
        graph = build_graph(read_manifest(values))
    except ManifestError as error:
        return f"{error.pointer}|{error}|{error.hint}"
    return f"order {graph.info()}"


def outcome_natively(values: Any) -> str:
    """As Python sees it: nodes that run in Python are given to the native graph as such."""
    native = runtime.native_module()
    entries = values.get("nodes") if isinstance(values, dict) else None
    python = {
        entry["id"]: (lambda: None, "hint python", True, False)
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict)
        and isinstance(entry.get("id"), str)
        and entry.get("runtime_hint") in ("python", "cpython", "rust_python", "cpython_wasm")
    }
    try:
        graph = native.Graph(values, python)
    except ManifestError as error:
        return f"{error.pointer}|{error}|{error.hint}"
    return f"order {graph.info()}"


@pytest.mark.usefixtures("only_builtin_nodes")
@pytest.mark.parametrize(("path", "value"), [(row[0], row[1]) for row in BAD])
def test_mistakes_have_the_same_words(path: str, value: Any) -> None:
    values = changed(path, value)
    assert outcome_in_python(values) == outcome_natively(values)


BASE: dict[str, Any] = {
    "version": "v1",
    "metadata": {"name": "base"},
    "nodes": [
        {"id": "mic", "node_type": "MediaReaderNode", "params": {"path": "a.wav"}},
        {
            "id": "rate",
            "node_type": "AudioResampleNode",
            "params": {"target_sample_rate": 16_000, "quality": "high", "mono": True},
            "runtime_hint": "rust",
        },
        {"id": "vad", "node_type": "VADNode", "params": {"sample_rate": 16_000, "threshold": 0.1}},
        {
            "id": "fmt",
            "node_type": "FormatConverterNode",
            "params": {"target_format": "I16"},
            "retry": {"max_retries": 2, "multiplier": 1.5},
            "circuit_breaker": {"failure_threshold": 3},
            "timeout_ms": 50,
            "on_error": "skip",
            "queue": {"capacity": 8, "policy": "drop_oldest"},
        },
        {
            "id": "cut",
            "node_type": "VADTriggeredBuffer",
            "params": {"min_speech_duration_s": 1},
            "capabilities": {"cpu": {"cores": 2, "arch": "any"}, "memory_gb": 0.5},
            "execution": {"placement": "local"},
            "is_streaming": False,
        },
        {"id": "out", "node_type": "MediaWriterNode", "params": {"output_path": "b.wav"}},
        {"id": "tap", "node_type": "PassThrough", "runtime_hint": "python"},
    ],
    "connections": [
        {"from": "mic", "to": "rate"},
        {"from": "rate", "to": "vad", "output_port": "default"},
        {"from": "vad", "to": "cut"},
        {"from": "rate", "to": "fmt", "input_port": "default"},
        {"from": "fmt", "to": "out"},
        {"from": "vad", "to": "tap"},
    ],
}
WORDS = [
    "", "v1", "1.0", "default", "mic", "rate", "vad", "tap", "nowhere", "AddNode", "AddNod",
    "VADNode", "BufferNode", "native", "python", "gpu", "i16", "best", "a b", "é" * 90,
]  # fmt: skip
VALUES = [*WORDS, None, True, False, 0, 1, -1, 16_000, 8_000.0, 0.5, 1e15, 1.5e300, 2**53, [], {},
          [1], {"a": 1}, ["x"] * 40]  # fmt: skip
KEYS = [
    "id", "node_type", "type", "params", "runtime_hint", "from", "to", "output_port", "input_key",
    "quality", "qualty", "threshold", "energy_threshold", "target_rate", "input_rate", "docker",
    "retry", "circuit_breaker", "timeout_ms", "on_error", "max_retries", "initial_delay_ms",
    "queue", "capacity", "policy",
    "sample_rate", "edges", "config", "host", "is_streaming", "a/b~c",
]  # fmt: skip


CHARACTERS = ['"', "{", "]", ",", "1", "\n", "\\u", "é", " "]


def mutate(rng: random.Random, values: Any) -> None:
    """Change one place somewhere."""
    at = values
    while True:
        members = at.values() if isinstance(at, dict) else at
        inner = [one for one in members if one and isinstance(one, dict | list)]
        if not inner or rng.random() < 0.25:
            break
        at = rng.choice(inner)
    if isinstance(at, list):
        index = rng.randrange(len(at))
        action = rng.choice(["copy", "drop", "replace", "swap"])
        if action == "copy":
            at.insert(rng.randrange(len(at) + 1), copy.deepcopy(at[index]))
        elif action == "drop":
            del at[index]
        elif action == "swap":
            other = rng.randrange(len(at))
            at[index], at[other] = at[other], at[index]
        else:
            at[index] = copy.deepcopy(rng.choice(VALUES))
        return
    key = rng.choice(list(at))
    if rng.random() < 0.3:
        at[rng.choice(KEYS)] = copy.deepcopy(rng.choice(VALUES))
    elif rng.random() < 0.2:
        del at[key]
    else:
        at[key] = copy.deepcopy(rng.choice(VALUES))


@pytest.mark.usefixtures("only_builtin_nodes")
@pytest.mark.parametrize("part", range(10))
def test_mutated_manifests_are_judged_alike(part: int) -> None:
    rng = random.Random(part)
    accepted = 0
    for _ in range(150):
        values = copy.deepcopy(BASE)
        for _ in range(rng.randint(1, 2)):
            if values:
                mutate(rng, values)
        in_python = outcome_in_python(values)
        assert in_python == outcome_natively(values), json.dumps(values)
        accepted += in_python.startswith("order")
    assert 5 < accepted < 120  # both kinds were there


@pytest.mark.parametrize("part", range(10))
def test_mutated_texts_are_read_alike(part: int) -> None:
    native = runtime.native_module()
    rng = random.Random(1_000 + part)
    base = json.dumps(BASE, indent=1)
    accepted = 0
    for _ in range(150):
        text = list(base)
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(text))
            text[at : at + rng.randint(0, 2)] = rng.choice(CHARACTERS)
        outcomes = []
        for parse in (parse_in_python, native.parse_document):
            try:
                found = parse("".join(text), "json")
            except ManifestError as error:
                outcomes.append(("refused", error.line))
            else:
                outcomes.append(found if isinstance(found, tuple) else (found.root, found.lines))
        if outcomes[0][0] == "refused":
            assert outcomes[1][0] == "refused", "".join(text)
        else:
            assert outcomes[0] == outcomes[1], "".join(text)
            accepted += 1
    assert 5 < accepted < 145


YAML = """
# a comment
version: v1
metadata: {name: "x: y", description: |
    two
    lines
  }
nodes:
- id: a
  node_type: AddNode
  params:
    addend: 1_5
-   {id: b, node_type: 'PassThrough', params: {}}
-
  id: c
  "node_type": BufferNode
  params:

    buffer_size: +0x10
    other: [1.5, -.5e1, ~, "~", yes, true, !!str 12, >-
      folded
      text
      ]
connections: []
"""


def test_yaml_is_read_alike_with_lines() -> None:
    text = YAML.replace("description: |\n    two\n    lines\n  }", "description: 'two\n    lines'}")
    text = text.replace(">-\n      folded\n      text\n      ]", "'folded\n      text' ]")
    native = runtime.native_module()
    document = parse_in_python(text, "yaml")
    root, lines = native.parse_document(text, "yaml")
    assert document.root == root
    assert document.lines == lines
    assert [type(v) for v in root["nodes"][2]["params"]["other"]] == [
        float, float, type(None), str, str, bool, str, str,
    ]  # fmt: skip
