"""The codec between items and packets."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from remotemedia._items import (
    give_item,
    is_audio_item,
    is_audio_tuple,
    json_value,
    parse_item,
    require_audio,
    require_value,
    take_result,
)
from remotemedia._packet import Audio, Collected, Packet

SAMPLES = np.array([[0.0, 0.5, -0.5]], np.float32)


@pytest.mark.parametrize(
    "item",
    [
        (SAMPLES, 16_000),
        (SAMPLES[0], 8_000, {"speaker": "a", "levels": [1, 2.5, None, True]}),
        {"audio_data": SAMPLES, "sample_rate": 48_000},
        {"audio_data": SAMPLES, "sample_rate": 48_000, "metadata": {"k": "v"}},
        "text",
        ("not", "audio"),
        {"audio": 1},
        [1, 2, 3],
        7,
        SAMPLES,
        b"bytes",
    ],
)
def test_an_item_comes_back_in_the_form_it_came_in(item: Any) -> None:
    given = give_item(parse_item(item))
    assert type(given) is type(item)
    if is_audio_tuple(item):
        assert given[0] is item[0]
        assert given[1:] == item[1:]
    elif is_audio_item(item):
        assert given["audio_data"] is SAMPLES
        assert {**given, "audio_data": 0} == {**item, "audio_data": 0}
    else:
        assert given is item


def test_samples_are_borrowed_and_float64_and_strided_ones_are_converted() -> None:
    assert parse_item((SAMPLES, 16_000)).payload.samples is SAMPLES
    assert parse_item((np.zeros((1, 4)), 16_000)).payload.samples.dtype == np.float32
    frames_first = np.zeros((4, 2), np.int16)
    assert parse_item((frames_first.T, 16_000)).payload.samples.flags.c_contiguous


def test_empty_metadata_is_not_shown() -> None:
    assert len(give_item(parse_item((SAMPLES, 16_000, {})))) == 2
    assert len(give_item(parse_item((SAMPLES, 16_000, None)))) == 2


def test_the_rate_may_be_a_numpy_integer_but_no_float_and_no_bool() -> None:
    packet = parse_item((SAMPLES, np.int32(16_000)))
    assert type(packet.payload.rate) is int
    for rate in (16_000.0, True, "16000", None):
        assert not is_audio_tuple((SAMPLES, rate))
        assert parse_item((SAMPLES, rate)).payload[1] is rate


def test_a_rate_in_khz_is_refused_with_a_hint() -> None:
    with pytest.raises(ValueError, match=r"sample_rate is 48, expected 8000\.\.192000 Hz.*not kHz"):
        parse_item((SAMPLES, 48))


def test_wrong_samples_are_type_errors_that_name_what_is_wrong() -> None:
    with pytest.raises(TypeError, match="dtype complex128"):
        parse_item((np.zeros((1, 3), np.complex128), 16_000))
    with pytest.raises(TypeError, match="transpose it"):
        parse_item((np.zeros((480, 2), np.float32), 16_000))
    with pytest.raises(TypeError, match="expected a numpy array"):
        parse_item({"audio_data": [0.0, 1.0], "sample_rate": 16_000})


def test_none_is_no_item() -> None:
    with pytest.raises(TypeError, match="an item is None"):
        parse_item(None)


def test_the_mapping_form_needs_its_keys_and_takes_no_others() -> None:
    with pytest.raises(TypeError, match="no sample_rate"):
        parse_item({"audio_data": SAMPLES})
    with pytest.raises(TypeError, match=r"the key 'speaker'.*put it into \"metadata\""):
        parse_item({"audio_data": SAMPLES, "sample_rate": 16_000, "speaker": "a"})


def test_metadata_is_copied_and_numpy_scalars_become_numbers() -> None:
    given = {"level": np.float32(0.5), "count": np.int64(3), "flag": np.True_, "pair": (1, 2)}
    metadata = parse_item((SAMPLES, 16_000, given)).metadata
    assert metadata == {"level": 0.5, "count": 3, "flag": True, "pair": [1, 2]}
    assert [type(value) for value in metadata.values()] == [float, int, bool, list]
    metadata["level"] = 0
    assert given["level"] == 0.5


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"a": {"b": [0, {1}]}}, r"metadata\['a'\]\['b'\]\[1\] is set \{1\}, no JSON value"),
        ({"x": SAMPLES}, r"metadata\['x'\] is ndarray .*no JSON value"),
        ({3: "x"}, "metadata has the key 3, expected str keys"),
        ({"n": 2**63}, r"metadata\['n'\] is 9223372036854775808, which does not fit 64 bits"),
        ({"n": 10**6000}, "an integer of 19932 bits"),
        ({"t": "\ud800"}, "lone surrogate"),
        ("speech", "metadata is str 'speech', expected a dict"),
    ],
)
def test_metadata_that_is_no_json_is_refused_by_its_path(metadata: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        parse_item((SAMPLES, 16_000, metadata))


def test_metadata_that_contains_itself_is_refused() -> None:
    endless: dict[str, Any] = {}
    endless["self"] = endless
    with pytest.raises(TypeError, match="nested more than 64 levels"):
        parse_item((SAMPLES, 16_000, endless))


def test_json_values_keep_nan_and_the_extremes_of_64_bits() -> None:
    assert math.isnan(json_value(math.nan, "x"))
    assert json_value([-(2**63), 2**63 - 1], "x") == [-(2**63), 2**63 - 1]


def test_the_flag_of_a_clip_is_set_on_request() -> None:
    assert parse_item("text", ends_clip=True).ends_clip
    assert not parse_item((SAMPLES, 16_000)).ends_clip


def test_a_collected_packet_is_the_list_of_its_items() -> None:
    packets = [parse_item("a"), parse_item((SAMPLES, 16_000)), parse_item(3)]
    items = give_item(Packet(Collected(packets)))
    assert items[0] == "a"
    assert items[1][0] is SAMPLES
    assert items[2] == 3


def test_a_bare_array_of_an_extract_node_is_given_as_it_is() -> None:
    assert give_item(Packet(Audio(SAMPLES[0], 16_000), {"k": 1}, form="array")).shape == (3,)


ORIGIN = Packet("in", {"session_id": "s"}, ends_clip=True, timestamp_ns=5, stream_id=2)


@pytest.mark.parametrize("result", ["out", (SAMPLES, 8_000), (SAMPLES, 8_000, None), [1], {"a": 1}])
def test_a_result_without_metadata_keeps_that_of_its_origin(result: Any) -> None:
    packet = take_result(result, ORIGIN)
    assert packet.metadata == {"session_id": "s"}
    assert (packet.ends_clip, packet.timestamp_ns, packet.stream_id) == (True, 5, 2)
    packet.metadata["session_id"] = "changed"
    assert ORIGIN.metadata == {"session_id": "s"}


@pytest.mark.parametrize("metadata", [{}, {"new": 1}])
def test_a_result_with_metadata_replaces_that_of_its_origin(metadata: dict[str, Any]) -> None:
    assert take_result((SAMPLES, 8_000, metadata), ORIGIN).metadata == metadata
    mapping = {"audio_data": SAMPLES, "sample_rate": 8_000, "metadata": metadata}
    packet = take_result(mapping, ORIGIN)
    assert packet.metadata == metadata
    assert packet.form == "mapping"


@pytest.mark.parametrize(
    ("packet", "got"),
    [
        (Packet("x"), "text"),
        (Packet(SAMPLES), "ndarray"),
        (Packet((SAMPLES, 16_000.0)), "tuple"),
        (Packet(Audio(SAMPLES[0], 16_000), form="array"), "a bare array"),
        (Packet(Collected([])), "list"),
        (Packet(), "none"),
    ],
)
def test_what_is_no_audio_is_refused_with_the_accepted_forms(packet: Packet, got: str) -> None:
    with pytest.raises(TypeError, match=rf"got {got}; pass \(array, sample_rate\)"):
        require_audio(packet)


def test_values_of_lists_of_packets_are_lists_and_audio_has_none() -> None:
    assert require_value(Packet(Collected([Packet(1), Packet("a")]))) == [1, "a"]
    with pytest.raises(TypeError, match="expected a number, text, list or object, got audio"):
        require_value(Packet(Audio(SAMPLES, 16_000)))
