"""A node in a process of its own gives what it gives in this one: packets, state, order."""

from __future__ import annotations

import asyncio
import datetime
from typing import Any

import numpy as np
import pytest

import isolated_nodes
from node_runs import RATE, Run
from remotemedia import Node, Pipeline
from remotemedia._items import parse_item
from remotemedia._packet import Audio, Collected, Packet
from remotemedia.nodes import AudioResampleNode, PassThroughNode
from signals import tone

RAMP = np.arange(24, dtype=np.float32) / 32
FORMS = [
    isolated_nodes.Sync,
    isolated_nodes.Coroutine,
    isolated_nodes.Generator,
    isolated_nodes.AsyncGenerator,
    isolated_nodes.Streaming,
    isolated_nodes.Holding,
]


def read_only(array: Any) -> Any:
    array.setflags(write=False)
    return array


ITEMS: list[Any] = [
    "text",
    7,
    2.5,
    True,
    b"bytes",
    bytearray(b"bytes"),
    {"a": [1, {"b": None}], "array": np.arange(3)},
    [1, "two", (3, 4)],
    ("pair", {"session_id": "other"}),
    {1, 2},
    datetime.date(2026, 1, 31),
    np.arange(6.0).reshape(2, 3),
    np.array([1 + 2j]),
    np.array(["a", {"b": 1}], dtype=object),
    np.zeros(0),
    np.float32(1.5),
    (RAMP, RATE),
    (RAMP.reshape(2, 12), RATE, {"key": [1, "x"]}),
    (np.asfortranarray(RAMP.reshape(2, 12)), RATE),
    (RAMP.reshape(2, 12)[:, ::3], RATE),
    (read_only(RAMP.copy()), RATE),
    ((RAMP * 32).astype(np.int16), RATE),
    ((RAMP * 32).astype(np.int32), RATE, {}),
    (np.zeros(0, np.float32), RATE),
    {"audio_data": RAMP, "sample_rate": RATE, "metadata": {"k": 1}},
]


def packets() -> list[Packet]:
    made = [parse_item(item, ends_clip=index % 2 == 0) for index, item in enumerate(ITEMS)]
    made[0].metadata = {"session_id": "another", "deep": {"k": [1.5]}}
    made[1].timestamp_ns, made[1].sequence, made[1].generation = 5, 6, 7
    made.append(Packet(Audio(RAMP, RATE), form="array"))
    made.append(Packet(Collected([parse_item((RAMP, RATE, {"n": 1})), parse_item("text")])))
    made.append(Packet(None))
    return made


def plain(value: Any) -> Any:
    """Give a value in a form that `==` compares, with what it does not look at in arrays."""
    if isinstance(value, np.ndarray):
        return "array", value.dtype.str, value.shape, value.flags.writeable, value.tolist()
    if isinstance(value, Packet):
        return [plain(getattr(value, name)) for name in Packet.__slots__]
    if isinstance(value, Audio | Collected):
        return type(value).__name__, [plain(getattr(value, n)) for n in type(value).__slots__]
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return type(value).__name__, [plain(member) for member in value]
    return type(value).__name__, value


def calls(node: Node) -> list[Any]:
    """What each call of a session gives."""
    session = Run(node)
    given = [plain(session.give(packet)) for packet in packets()]
    return [*given, plain(session.finish())]


@pytest.mark.parametrize("form", FORMS)
def test_each_call_gives_the_same_packets(form: type[Node]) -> None:
    assert calls(form(isolate=True)) == calls(form())


def test_a_pipeline_of_several_gives_the_same(use_rust: bool) -> None:
    items = [(tone(seconds=0.1), 48_000, {"k": 1}), (tone(seconds=0.05), 48_000)]
    results = []
    for isolate in (False, True):
        nodes = [
            AudioResampleNode(target_sample_rate=RATE),
            isolated_nodes.AsyncGenerator(isolate=isolate),
            PassThroughNode(),
            isolated_nodes.Streaming(isolate=isolate),
        ]
        pipeline = Pipeline(nodes, enable_metrics=True)
        results.append(plain(pipeline.run_sync(items, use_rust=use_rust)))
        counts = [m["execution_count"] for m in pipeline.get_metrics()["node_metrics"]]
        results.append(counts)
    assert results[:2] == results[2:]


def test_a_receiver_ends_the_call_of_a_generator_at_its_next_result() -> None:
    given: list[Any] = []

    def take_one(packet: Packet, _port: int = 0) -> bool:
        given.append(packet.payload)
        return False

    def fail(_packet: Packet, _port: int = 0) -> bool:
        raise error

    error = LookupError("of the receiver")
    session = Run(isolated_nodes.Commanded(isolate=True))
    session.executor.process(Packet("emit_then count"), take_one)
    assert given == ["first"]
    with pytest.raises(LookupError) as caught:
        session.executor.process(Packet("emit_then count"), fail)
    assert caught.value is error
    assert session.push("count")[0].payload == 3
    session.finish()


def test_an_async_session_gives_the_same_while_its_loop_runs() -> None:
    async def main(isolate: bool) -> list[Any]:
        pipeline = Pipeline([isolated_nodes.Coroutine(isolate=isolate)])
        async with pipeline.session() as session:
            await session.push("a")
            await session.push((RAMP, RATE))
            await session.finish()
            return [plain(item) async for item in session]

    assert asyncio.run(main(True)) == asyncio.run(main(False))


def test_an_array_that_a_node_keeps_is_its_own() -> None:
    """The memory in between is used again; what arrived is not."""
    session = Run(isolated_nodes.Holding(isolate=True))
    for value in (1, 2):
        session.push((np.full(1_000, value, np.float32), RATE))
    (packet,) = session.push("end")
    assert (packet.payload.samples == 2).all()
    assert (session.packets[0].payload.samples == 1).all()
    session.finish()
