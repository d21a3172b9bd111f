"""JSON values, envelopes and Python objects keep their value, or say why they cannot cross."""

from __future__ import annotations

import enum
import math
from typing import Any

import numpy as np
import pytest

from native_graphs import Run, audio_packet, chain, native, noise
from remotemedia._packet import Audio, Collected, Packet
from remotemedia.exceptions import ItemTypeError, NodeTypeError

pytestmark = pytest.mark.native_only


def through(packet: Packet, *nodes: Any) -> Packet:
    run = Run(chain(*(nodes or ("PassThroughNode",))))
    run.session.push(packet)
    [result] = run.packets
    return result


@pytest.mark.parametrize(
    "value",
    [None, True, False, 0, -(2**63), 2**63 - 1, 0.5, math.inf, "", "héllo 🎙 \0", [], {}],
    ids=repr,
)
def test_metadata_keeps_value_and_type(value: Any) -> None:
    metadata = {"top": value, "nested": {"list": [value, [value]]}}
    result = through(audio_packet(noise(10), metadata=metadata)).metadata
    assert result == metadata
    assert type(result["top"]) is type(value)
    assert list(result) == ["top", "nested"]


def test_metadata_is_copied_on_its_way() -> None:
    metadata = {"list": [1]}
    result = through(audio_packet(noise(10), metadata=metadata)).metadata
    result["list"].append(2)
    assert metadata == {"list": [1]}


def test_nan_in_metadata_passes_as_a_float() -> None:
    assert math.isnan(through(audio_packet(noise(10), metadata={"x": math.nan})).metadata["x"])


class Colour(enum.IntEnum):
    RED = 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((1, (2,)), [1, [2]]),
        (np.float32(0.5), 0.5),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.str_("text"), "text"),
        (Colour.RED, 3),
    ],
    ids=repr,
)
def test_what_means_a_json_value_becomes_one(value: Any, expected: Any) -> None:
    result = through(audio_packet(noise(10), metadata={"x": value})).metadata["x"]
    assert result == expected
    assert type(result) is type(expected)


def contains_itself() -> dict[str, Any]:
    loop: dict[str, Any] = {}
    loop["again"] = [loop]
    return loop


@pytest.mark.parametrize(
    ("metadata", "text"),
    [
        ({"count": 2**63}, r"metadata\['count'\] is 9223372036854775808, which does not fit 64"),
        ({"count": -(2**63) - 1}, "which does not fit 64 bits; pass it as a str or a float"),
        ({"count": 1 << 20_000}, "is an integer of 20001 bits, which does not fit 64 bits"),
        ({"a": [0, {"b": object()}]}, r"metadata\['a'\]\[1\]\['b'\] is object <object object at"),
        ({"x": noise(3)}, r"metadata\['x'\] is ndarray array\("),
        ({"x": {1: 2}}, r"metadata\['x'\] has the key 1, expected str keys"),
        ({"x": "\ud800"}, r"metadata\['x'\] holds a lone surrogate, .*'\\ud800'"),
        (contains_itself(), "metadata is nested more than 64 levels deep"),
        ([1], r"metadata is list \[1\], expected a dict"),
    ],
)
def test_what_is_no_json_value_is_refused_by_its_place(metadata: Any, text: str) -> None:
    with pytest.raises(ItemTypeError, match=text):
        through(audio_packet(noise(10), metadata=metadata))


def test_the_envelope_survives_the_way_through_both_languages() -> None:
    packet = audio_packet(
        noise(10),
        form="mapping",
        ends_clip=True,
        timestamp_ns=2**40,
        stream_id=7,
        generation=9,
        metadata={"k": 1},
    )
    result = through(packet)
    assert (result.form, result.ends_clip, result.timestamp_ns) == ("mapping", True, 2**40)
    assert (result.stream_id, result.metadata) == (7, {"k": 1})
    assert result.generation == 0  # the session's, which nobody has cancelled


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("timestamp_ns", "now", "timestamp_ns of the packet is str 'now'"),
        ("stream_id", -1, "stream_id of the packet is int -1"),
        ("port", 2**16, "port of the packet is int 65536"),
        ("form", "list", "form is 'list', expected 'tuple', 'mapping' or 'array'"),
    ],
)
def test_a_field_that_no_packet_can_have_is_refused(field: str, value: Any, text: str) -> None:
    with pytest.raises(ItemTypeError, match=text):
        through(Packet("text", **{field: value}))


def test_only_packets_can_be_pushed() -> None:
    with pytest.raises(ItemTypeError, match=r"expected a Packet, got list \[1\]"):
        Run(chain("PassThroughNode")).session.push([1])


@pytest.mark.parametrize("payload", [object(), {"a": object()}, b"bytes", 1 << 70, np.arange(3)])
def test_an_object_passes_as_itself(payload: Any) -> None:
    assert through(Packet(payload)).payload is payload


def test_text_and_collected_packets_keep_their_content() -> None:
    assert through(Packet("héllo")).payload == "héllo"
    samples, marker = noise(10), object()
    packets = [audio_packet(samples, metadata={"k": 1}), Packet("text"), Packet(marker)]
    result = through(Packet(Collected(packets))).payload
    assert isinstance(result, Collected)
    assert result.packets[0].payload.samples is samples
    assert result.packets[0].metadata == {"k": 1}
    assert [packet.payload for packet in result.packets[1:]] == ["text", marker]


def test_a_buffer_of_objects_gives_them_back_in_order() -> None:
    run = Run(chain(("BufferNode", {"buffer_size": 2})))
    objects = [object(), object()]
    for item in objects:
        run.session.push(Packet(item))
    [collected] = run.payloads
    assert [packet.payload for packet in collected.packets] == objects


@pytest.mark.parametrize("item", [{"operation": "add", "args": [1, 2]}])
def test_a_native_node_reads_python_objects_and_gives_plain_ones(item: Any) -> None:
    result = through(Packet(item), "CalculatorNode").payload
    assert result["result"] == 3
    assert type(result["result"]) is int
    assert type(result) is dict


@pytest.mark.parametrize(
    ("array", "dtype"),
    [
        (np.arange(4), np.int64),
        (np.arange(4, dtype=np.int16), np.int16),
        (noise(2, 3), np.float32),
        (noise(3).astype(np.float16), np.float16),
        (noise(3).astype(np.complex64), np.complex64),
    ],
)
def test_a_whole_factor_keeps_the_type_of_an_array(array: Any, dtype: Any) -> None:
    result = through(Packet(array), ("MultiplyNode", {"factor": 2})).payload
    assert result.dtype == dtype
    assert np.array_equal(result, array * 2)


@pytest.mark.parametrize(("dtype", "expected"), [("f4", "f4"), ("f8", "f8"), ("i4", "f8")])
def test_a_fraction_does_not_widen_floats(dtype: str, expected: str) -> None:
    array = np.arange(3).astype(dtype)
    result = through(Packet(array), ("AddNode", {"addend": 0.5})).payload
    assert result.dtype == np.dtype(expected)
    assert np.array_equal(result, array + 0.5)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3, 6.0), ([1, [2, 3]], [2, [4, 6]]), (np.float64(1.5), 3.0), ((1, 2), [2, 4])],
)
def test_numbers_and_lists_are_multiplied(value: Any, expected: Any) -> None:
    assert through(Packet(value), ("MultiplyNode", {"factor": 2})).payload == expected


@pytest.mark.parametrize("value", [np.array(["a"]), np.array([True]), object()])
def test_what_cannot_be_multiplied_is_refused_by_the_node(value: Any) -> None:
    with pytest.raises(NodeTypeError, match=r"the item is .*, no JSON value"):
        through(Packet(value), "MultiplyNode")


def test_what_numpy_refuses_is_the_cause_of_the_nodes_error() -> None:
    array = np.arange(3, dtype=np.uint8)
    with np.errstate(all="raise"), pytest.raises(RuntimeError, match="MultiplyNode") as failed:
        through(Packet(array.astype(np.float32)), ("MultiplyNode", {"factor": 3e38}))
    assert isinstance(failed.value.__cause__, FloatingPointError)


def test_blocks_join_to_the_item_of_the_whole_clip() -> None:
    graph = chain("AudioResampleNode", "VADNode")
    clip = noise(2, 24_000)
    whole, parts = Run(graph), Run(graph)
    whole.session.push(audio_packet(clip, 48_000, ends_clip=True))
    for start in range(0, 24_000, 4_000):
        part = np.ascontiguousarray(clip[:, start : start + 4_000])
        parts.session.push(audio_packet(part, 48_000))
    parts.session.finish()
    joined = native().join_packets(graph, parts.packets)
    [expected] = whole.packets
    assert np.array_equal(joined.payload.samples, expected.payload.samples)
    assert joined.metadata == expected.metadata


def test_no_blocks_join_to_an_empty_packet() -> None:
    assert native().join_packets(chain("PassThroughNode"), []).payload is None


def test_blocks_of_different_rates_are_refused() -> None:
    blocks = [Packet(Audio(noise(10), rate)) for rate in (16_000, 8_000)]
    with pytest.raises(ValueError, match="rate of a later block is 8000, expected 16000 Hz"):
        native().join_packets(chain("PassThroughNode"), blocks)
