#!/usr/bin/env python3
"""Print what it costs that a node has a process of its own: per block, and to start.

Usage: isolation.py [--rounds N]

A block is 20 ms of mono float32 at 48 kHz, the node a gain; what calls it is what a session calls.
Blocks in this process and in the worker come in turns, so that a busy machine slows both. Times are
those of the wall clock, as two processes share the work; each result is compared with the gain of
NumPy before its time counts.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any, Final

import numpy as np

from remotemedia import Node
from remotemedia._packet import Audio, Executor, NodeContext, Packet

RATE: Final = 48_000
BLOCK_FRAMES: Final = RATE // 50
GAIN: Final = np.float32(0.5)
WARM_UP_BLOCKS: Final = 200
STARTS: Final = 7


class Gain(Node):
    """Half of the samples."""

    def process(self, data: Any) -> Any:
        """Scale one block."""
        samples, rate = data
        return samples * GAIN, rate


def started(node: Node) -> Executor:
    """Make what a session calls, initialised."""
    executor = node._make_executor()
    executor.initialize(NodeContext("gain", "Gain", "bench"))
    return executor


def time_of_block_us(executor: Executor, samples: Any) -> float:
    """Run one block; gives microseconds, after checking the result."""
    results: list[Packet] = []

    def emit(packet: Packet, _port: int = 0) -> bool:
        results.append(packet)
        return True

    packet = Packet(Audio(samples, RATE))
    start = time.perf_counter_ns()
    executor.process(packet, emit)
    spent_ns = time.perf_counter_ns() - start
    (result,) = results
    if not np.array_equal(result.payload.samples, samples * GAIN):
        raise SystemExit("a result is not the gain of its block")
    return spent_ns / 1e3


def times_of_blocks_us(rounds: int) -> dict[str, list[float]]:
    """Run blocks in turns; gives microseconds per block by where the node lives."""
    executors = {"in process": started(Gain()), "isolated": started(Gain(isolate=True))}
    times: dict[str, list[float]] = {name: [] for name in executors}
    random = np.random.default_rng(1)
    for number in range(rounds + WARM_UP_BLOCKS):
        samples = random.standard_normal(BLOCK_FRAMES, dtype=np.float32)
        for name, executor in executors.items():
            spent_us = time_of_block_us(executor, samples)
            if number >= WARM_UP_BLOCKS:
                times[name].append(spent_us)
    for executor in executors.values():
        executor.cleanup()
    return times


def times_of_starts_us() -> list[float]:
    """Start a worker until its node is initialised, several times."""
    times = []
    for _ in range(STARTS):
        start = time.perf_counter_ns()
        executor = started(Gain(isolate=True))
        times.append((time.perf_counter_ns() - start) / 1e3)
        executor.cleanup()
    return times


def show(name: str, times_us: list[float], unit: str, scale: float) -> None:
    """Print a row: median, quartiles and the 99th percentile."""
    low, median, high = (q / scale for q in statistics.quantiles(times_us, n=4))
    worst = float(np.percentile(times_us, 99)) / scale
    print(f"{name:<22}{median:>10.1f} {unit}   quartiles {low:.1f}..{high:.1f}   p99 {worst:.1f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3_000, help="blocks each")
    rounds = parser.parse_args().rounds
    times = times_of_blocks_us(rounds)
    print(f"one block of {BLOCK_FRAMES} frames, {rounds} each, all results checked")
    for name, values in times.items():
        show(name, values, "us", 1.0)
    differences = [b - a for a, b in zip(times["in process"], times["isolated"], strict=True)]
    show("isolation costs", differences, "us", 1.0)
    show("a worker's start", times_of_starts_us(), "ms", 1e3)


if __name__ == "__main__":
    main()
