"""What runs of pipelines take besides the work of their nodes, and how many can be under way.

Usage: python bench/pipeline_runs.py [--rounds N] [--runs N] [--executions N]

Prints JSON: microseconds of a run, per round, of graphs of native nodes that pass a number on, with
metrics; of the metrics of 100 such nodes as JSON; and the seconds, threads and memory of many
executions of nodes at once, each of which waits until all of them have begun.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

from remotemedia import Node, Pipeline
from remotemedia.nodes import AddNode

LENGTHS: Final = (1, 3, 100)


def chain(length: int) -> Pipeline:
    """Give a pipeline that adds its length to a number."""
    return Pipeline([AddNode(1) for _ in range(length)], enable_metrics=True)


def check(pipeline: Pipeline, result: Any) -> None:
    """Hold the result and the metrics of one run against what they have to be."""
    metrics = pipeline.get_metrics()
    assert metrics is not None
    counts = [node["execution_count"] for node in metrics["node_metrics"]]
    if result != pipeline.node_count or counts != [1] * pipeline.node_count:
        raise SystemExit(f"a run gave {result}, after calls of nodes: {counts}")


def run_blocking(pipeline: Pipeline, runs: int) -> float:
    """Give the seconds of so many runs."""
    start = time.perf_counter()
    for _ in range(runs):
        result = pipeline.run_sync(0)
    seconds = time.perf_counter() - start
    check(pipeline, result)
    return seconds


async def run_awaited(pipeline: Pipeline, runs: int) -> float:
    """Give the seconds of so many runs, one after the other."""
    start = time.perf_counter()
    for _ in range(runs):
        result = await pipeline.run(0)
    seconds = time.perf_counter() - start
    check(pipeline, result)
    return seconds


def overhead(rounds: int, runs: int) -> dict[str, dict[str, list[float]]]:
    """Measure in turns; the first round warms up."""
    pipelines = {length: chain(length) for length in LENGTHS}
    found: dict[str, dict[str, list[float]]] = {
        name: {str(length): [] for length in LENGTHS} for name in ("run_sync", "await run")
    }
    for number in range(rounds + 1):
        for length, pipeline in pipelines.items():
            times = {
                "run_sync": run_blocking(pipeline, runs),
                "await run": asyncio.run(run_awaited(pipeline, runs)),
            }
            for name, seconds in times.items():
                if number > 0:
                    found[name][str(length)].append(seconds / runs * 1e6)
    return found


def metrics_as_json(rounds: int, calls: int) -> list[float]:
    """Give the microseconds of the metrics of the longest graph as JSON, per round."""
    found = []
    with chain(LENGTHS[-1]).session_sync() as session:
        session.push(0)
        next(iter(session))
        for _ in range(rounds):
            start = time.perf_counter()
            for _ in range(calls):
                text = session.get_metrics_json()
            found.append((time.perf_counter() - start) / calls * 1e6)
        if text is None or json.loads(text).keys() != session.get_metrics().keys():
            raise SystemExit(f"the metrics as JSON are {text}")
    return found


class Meet(Node):
    """Waits until as many calls are under way as are expected."""

    def __init__(self, expected: int) -> None:
        super().__init__()
        self.expected = expected
        self.begun = 0
        self.threads = 0
        self.all_here = asyncio.Event()

    async def process(self, data: Any) -> Any:
        """Give the data back."""
        self.begun += 1
        if self.begun == self.expected:
            self.threads = status_of("Threads")
            self.all_here.set()
        await self.all_here.wait()
        return data


async def at_once(executions: int) -> dict[str, float]:
    """Let so many calls of a coroutine wait for each other, each in a run of its own."""
    meet = Meet(executions)
    before = memory_mib("VmRSS")
    start = time.perf_counter()
    results = await asyncio.gather(*(Pipeline([meet]).run(i) for i in range(executions)))
    seconds = time.perf_counter() - start
    if results != list(range(executions)):
        raise SystemExit("runs at once gave other results than what they were given")
    return {
        "executions": executions,
        "seconds": seconds,
        "threads": meet.threads,
        "memory_mib": memory_mib("VmHWM") - before,
    }


async def native_at_once(graphs: int, length: int) -> dict[str, float]:
    """Open so many sessions of so many native nodes, and let all of them work."""
    before = memory_mib("VmRSS")
    async with AsyncExitStack() as stack:
        sessions = [await stack.enter_async_context(chain(length).session()) for _ in range(graphs)]
        start = time.perf_counter()
        await asyncio.gather(*(session.push(0) for session in sessions))
        results = [await anext(session) for session in sessions]
        seconds = time.perf_counter() - start
        memory = memory_mib("VmHWM") - before
    if results != [length] * graphs:
        raise SystemExit(f"sessions at once gave {set(results)}, not {length}")
    return {"executions": graphs * length, "seconds": seconds, "memory_mib": memory}


def memory_mib(name: str) -> float:
    """Read a size of /proc/self/status."""
    return status_of(name) / 1024


def status_of(name: str) -> int:
    """Read a line of /proc/self/status."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise SystemExit(f"/proc/self/status has no {name}")


def main() -> None:
    """Measure, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--executions", type=int, default=10_000)
    options = parser.parse_args()
    found: dict[str, Any] = {"run_us": overhead(options.rounds, options.runs)}
    found["metrics_json_us"] = metrics_as_json(options.rounds, options.runs)
    found["native nodes"] = asyncio.run(native_at_once(options.executions // 100, 100))
    found["coroutines"] = asyncio.run(at_once(options.executions))
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
