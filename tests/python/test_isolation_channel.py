"""Messages between two processes: whole at any size, bounded, and never taken from strangers."""

from __future__ import annotations

import os
import pickle
import socket
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from remotemedia import ItemTypeError
from remotemedia._isolation import channel as messages
from remotemedia._isolation.channel import (
    BLOCK_BYTES,
    Channel,
    MessageSizeError,
    StrangeMessageError,
    pack,
)
from remotemedia._isolation.failures import pack_packet
from remotemedia._packet import Packet

SIZES = [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES, 2_500_000]


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel, socket.socket]]:
    """Both ends, and the socket of the second one."""
    memory = os.memfd_create("test")
    os.ftruncate(memory, 2 * BLOCK_BYTES)
    ours, theirs = socket.socketpair()
    first = Channel(ours, memory, is_worker=False)
    second = Channel(theirs, memory, is_worker=True)
    os.close(memory)
    yield first, second, theirs
    first.close()
    second.close()


def sent(ends: tuple[Channel, Channel, Any], message: Any) -> Any:
    """What arrives at the second end, and comes back to the first one."""
    first, second, _ = ends
    frame = pack(message)
    thread = threading.Thread(target=lambda: second.send(pack(second.receive().unpack())))
    thread.start()
    first.send(frame)
    answer = first.receive().unpack()
    thread.join()
    return answer


@pytest.mark.parametrize("size", SIZES)
def test_arrays_arrive_whole_at_any_size(ends: Any, size: int) -> None:
    data = np.random.default_rng(size).integers(0, 256, size, np.uint8)
    assert (sent(ends, data) == data).all()


def test_many_arrays_of_random_sizes_arrive_in_order(ends: Any) -> None:
    random = np.random.default_rng(7)
    for _ in range(20):
        sizes = random.integers(0, 700_000, random.integers(1, 9))
        data = [random.integers(0, 256, size, np.uint8) for size in sizes]
        arrived = sent(ends, {"arrays": data, "text": "x" * int(sizes[0])})
        assert arrived["text"] == "x" * int(sizes[0])
        assert all((a == b).all() for a, b in zip(arrived["arrays"], data, strict=True))


def test_more_arrays_than_a_message_has_room_for_travel_inside_it(
    ends: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "_MAX_BUFFERS", 10)
    data = [np.full(1, i) for i in range(11)]
    assert pack(data).buffers == []
    assert [int(array[0]) for array in sent(ends, data)] == list(range(11))


def test_what_arrives_has_memory_of_its_own_that_is_as_writable_as_it_was(ends: Any) -> None:
    locked = np.zeros(5)
    locked.setflags(write=False)
    first = sent(ends, [np.ones(5), locked])
    sent(ends, [np.full(5, 9.0), locked])
    assert first[0].tolist() == [1.0] * 5
    assert [array.flags.writeable for array in first] == [True, False]


def test_a_message_above_the_limit_is_refused(monkeypatch: Any) -> None:
    monkeypatch.setattr(messages, "MAX_MESSAGE_BYTES", 10_000)
    with pytest.raises(MessageSizeError, match="bytes, at most 10000 can be sent"):
        pack(np.zeros(10_001, np.uint8))
    packet = Packet("x" * 10_001)
    with pytest.raises(ItemTypeError, match=r"an item .str. cannot leave .* at most 10000"):
        pack_packet(packet, packet, "an item", "leave")


def head(magic: int, count: int, size: int) -> bytes:
    return messages._HEAD.pack(magic, count, size)


@pytest.mark.parametrize(
    "data",
    [
        b"a line that a library wrote\n" * 4,
        head(messages._MAGIC, 1 << 20, 1),
        head(messages._MAGIC, 0, 1 << 60),
        head(messages._MAGIC, 1, 10) + messages._BUFFER.pack(1 << 60, False),
    ],
)
def test_what_is_no_message_is_refused_before_memory_is_taken(ends: Any, data: bytes) -> None:
    first, _, their_socket = ends
    their_socket.sendall(data)
    with pytest.raises(StrangeMessageError):
        first.receive()


def test_a_stranger_between_two_parts_is_refused(ends: Any) -> None:
    first, second, their_socket = ends
    thread = threading.Thread(target=lambda: (second.receive, their_socket.sendall(b"?")))
    thread.start()
    with pytest.raises(StrangeMessageError):
        first.send(pack(np.zeros(2 * BLOCK_BYTES, np.uint8)))
    thread.join()


@pytest.mark.parametrize("sent_bytes", [0, 3, 20])
def test_an_end_inside_a_message_is_an_end(ends: Any, sent_bytes: int) -> None:
    first, second, their_socket = ends
    their_socket.sendall((head(messages._MAGIC, 0, 50) + pickle.dumps("x" * 40))[:sent_bytes])
    second.close()
    with pytest.raises(EOFError):
        first.receive()
