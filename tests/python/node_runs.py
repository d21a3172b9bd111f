"""Drives the executor of one node as a session drives it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remotemedia._items import give_item, parse_item
from remotemedia._packet import Executor, NodeContext, Packet
from remotemedia.node import Node

RATE = 16_000
Samples = NDArray[Any]


class Run:
    """One session of one node."""

    def __init__(self, node: Node) -> None:
        self.executor: Executor = node._make_executor()
        self.executor.initialize(NodeContext("n", node._type.name, "session"))
        self.packets: list[Packet] = []

    def emit(self, packet: Packet, port: int = 0) -> bool:
        assert port == 0
        self.packets.append(packet)
        return True

    def push(self, item: Any, *, ends_clip: bool = False) -> list[Packet]:
        return self.give(parse_item(item, ends_clip=ends_clip))

    def give(self, packet: Packet) -> list[Packet]:
        before = len(self.packets)
        self.executor.process(packet, self.emit)
        return self.packets[before:]

    def finish(self) -> list[Packet]:
        before = len(self.packets)
        self.executor.flush(self.emit)
        self.executor.cleanup()
        return self.packets[before:]


def run(node: Node, items: Iterable[Any], *, ends_clip: bool = False) -> list[Packet]:
    session = Run(node)
    for item in items:
        session.push(item, ends_clip=ends_clip)
    session.finish()
    return session.packets


def run_one(node: Node, item: Any) -> Any:
    """What a pipeline gives for one whole item."""
    packets = run(node, [item], ends_clip=True)
    assert len(packets) == 1
    return give_item(packets[0])


def cut(samples: Samples, sizes: Sequence[int]) -> list[Samples]:
    """The samples in chunks of the sizes, over and over."""
    chunks = []
    position = 0
    for size in itertools.cycle(sizes):
        if position >= samples.shape[-1]:
            return chunks
        chunks.append(np.ascontiguousarray(samples[..., position : position + size]))
        position += size
    raise AssertionError


def joined(packets: Iterable[Packet]) -> Samples:
    return np.concatenate([packet.payload.samples for packet in packets], axis=-1)


def noise(frames: int, channels: int = 1, seed: int = 1) -> NDArray[np.float32]:
    generator = np.random.default_rng(seed)
    return (0.1 * generator.standard_normal((channels, frames))).astype(np.float32)


def marked_by(spans: Iterable[tuple[float, float]], seconds: float) -> Samples:
    """Silence with bursts of full-scale alternation, which any energy detector finds."""
    samples = np.zeros((1, round(seconds * RATE)), np.float32)
    for begin, end in spans:
        frames = slice(round(begin * RATE), round(end * RATE))
        samples[0, frames] = np.where(np.arange(frames.stop - frames.start) % 2, 0.5, -0.5)
    return samples
