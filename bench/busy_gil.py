"""Native nodes in a Python session, while another thread holds the GIL as often as it can.

Usage: python bench/busy_gil.py [--rounds N] [--blocks N]

Prints JSON: per round the p99.9 in microseconds of the nodes' processing, and of the whole call of
`push`, which has to wait for the GIL, alone and beside the other thread. The blocks come every
20 ms, as live ones do: back to back, caches would be warmer alone.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import numpy as np

from remotemedia import Pipeline
from remotemedia.nodes import AudioResampleNode, VADNode

RATE: Final = 48_000
FRAME: Final = RATE // 50


@contextmanager
def burning() -> Iterator[None]:
    """Run a thread of Python code that never waits."""
    stopping = threading.Event()
    started = threading.Event()

    def burn() -> None:
        count = 0
        started.set()
        while not stopping.is_set():
            count += 1

    thread = threading.Thread(target=burn)
    thread.start()
    started.wait()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def measure(blocks: int) -> tuple[float, float]:
    """Push a block every 20 ms; give the p99.9 of the processing, and of the calls."""
    rng = np.random.default_rng(1)
    block = rng.uniform(-0.5, 0.5, FRAME).astype(np.float32)
    pipeline = Pipeline(
        [AudioResampleNode(target_sample_rate=16_000), VADNode()], enable_metrics=True
    )
    calls = np.empty(blocks)
    with pipeline.session_sync() as session:
        results = iter(session)
        due = time.perf_counter()
        for i in range(blocks):
            due += FRAME / RATE
            time.sleep(max(0.0, due - time.perf_counter()))
            start = time.perf_counter_ns()
            session.push((block, RATE))
            calls[i] = (time.perf_counter_ns() - start) / 1_000
            next(results)
        metrics = session.get_metrics()
    assert metrics is not None
    nodes = metrics["node_metrics"]
    processing = sum(node["p999_duration_us"] for node in nodes)
    return float(processing), float(np.quantile(calls, 0.999))


def main() -> None:
    """Measure in turns, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--blocks", type=int, default=1_000)
    options = parser.parse_args()
    found: dict[str, dict[str, list[float]]] = {
        name: {"processing_us": [], "call_us": []} for name in ("alone", "beside a busy thread")
    }
    for number in range(options.rounds + 1):
        alone = measure(options.blocks)
        with burning():
            beside = measure(options.blocks)
        if number > 0:
            for name, (processing, call) in zip(found, (alone, beside), strict=True):
                found[name]["processing_us"].append(processing)
                found[name]["call_us"].append(call)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
