"""Sessions in a process of Python, while another thread holds the GIL as often as it can.

Usage: python bench/busy_gil.py [--rounds N] [--blocks N] [--sessions N] [--seconds S]

Prints JSON. Of ten sessions that Python pushes: per round the p99.9 in microseconds of the nodes'
processing (the mean of the sessions') and of the whole call of `push`, alone and beside the other
thread. Blocks come every 20 ms, as live ones do: back to back, caches would be warmer alone. Of
many sessions that native threads push (bench/live_sessions.cc): p99.9 of the processing and of the
delay, also beside a thread that is as busy without the GIL, because any thread takes its share of
the processor.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from remotemedia import Pipeline
from remotemedia.nodes import AudioResampleNode, VADNode

RATE: Final = 48_000
FRAME: Final = RATE // 50
PUSHED: Final = 10  # sessions
PROGRAMS: Final = Path(__file__).resolve().parents[1] / "build/bench/bench"
ALONE, BESIDE_PYTHON, BESIDE_C = "alone", "beside a busy thread", "beside one without the GIL"


def hold_the_gil() -> None:
    """Run Python code, for less than a switch of threads."""
    for _ in range(10_000):
        pass


def work_without_the_gil() -> None:
    """Hash for some milliseconds, in C."""
    hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 10_000)


@contextmanager
def busy(work: Callable[[], None]) -> Iterator[None]:
    """Run a thread that never waits."""
    stopping = threading.Event()

    def run() -> None:
        while not stopping.is_set():
            work()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def p999_of(metrics: dict[str, Any] | None) -> int:
    """Microseconds of all nodes."""
    assert metrics is not None
    return sum(node["p999_duration_us"] for node in metrics["node_metrics"])


def measure(blocks: int) -> dict[str, float]:
    """Push a block of each session every 20 ms; give the p99.9 of the processing and the calls."""
    rng = np.random.default_rng(1)
    block = rng.uniform(-0.5, 0.5, FRAME).astype(np.float32)
    pipeline = Pipeline(
        [AudioResampleNode(target_sample_rate=16_000), VADNode()], enable_metrics=True
    )
    calls = np.empty(blocks * PUSHED)
    with ExitStack() as stack:
        sessions = [stack.enter_context(pipeline.session_sync()) for _ in range(PUSHED)]
        results = [iter(session) for session in sessions]
        due = time.perf_counter()
        for i in range(calls.size):
            due += FRAME / RATE / PUSHED
            time.sleep(max(0.0, due - time.perf_counter()))
            start = time.perf_counter_ns()
            sessions[i % PUSHED].push((block, RATE))
            calls[i] = (time.perf_counter_ns() - start) / 1_000
            next(results[i % PUSHED])
        processing = [p999_of(session.get_metrics()) for session in sessions]
    return {
        "processing_us": float(np.mean(processing)),
        "call_us": float(np.quantile(calls, 0.999)),
    }


def native_sessions(library: Path, sessions: int, seconds: float) -> None:
    """Run the program of many sessions in this process; it prints its report."""
    words = ["live_sessions", "--detector", "VADNode"]
    words += ["--sessions", str(sessions), "--seconds", str(seconds)]
    arguments = (ctypes.c_char_p * len(words))(*(word.encode() for word in words))
    code = ctypes.CDLL(str(library)).main(len(words), arguments)  # without the GIL
    ctypes.CDLL(None).fflush(None)
    if code != 0:
        raise SystemExit(f"live sessions ended with {code}")


def in_a_process(case: str, options: argparse.Namespace) -> dict[str, float]:
    """Give the p99.9 of many native sessions in a process of their own."""
    command = [sys.executable, __file__, "--case", case, "--programs", str(options.programs)]
    command += ["--sessions", str(options.sessions), "--seconds", str(options.seconds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    report = json.loads(done.stdout)
    return {"processing_us": report["call_us"]["p99_9"], "delay_us": report["delay_us"]["p99_9"]}


def one_case(options: argparse.Namespace) -> None:
    """Be the process of one case."""
    library = options.programs / "liblive_sessions_in_python.so"
    work = {BESIDE_PYTHON: hold_the_gil, BESIDE_C: work_without_the_gil}.get(options.case)
    if work is None:
        native_sessions(library, options.sessions, options.seconds)
    else:
        with busy(work):
            native_sessions(library, options.sessions, options.seconds)


def add(found: dict[str, list[float]], figures: dict[str, float]) -> None:
    """Append the figures of one round."""
    for name, figure in figures.items():
        found.setdefault(name, []).append(figure)


def main() -> None:
    """Measure in turns, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--blocks", type=int, default=1_000)
    parser.add_argument("--sessions", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--programs", type=Path, default=PROGRAMS)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case is not None:
        one_case(options)
        return
    pushed: dict[str, dict[str, list[float]]] = {ALONE: {}, BESIDE_PYTHON: {}}
    native: dict[str, dict[str, list[float]]] = {ALONE: {}, BESIDE_PYTHON: {}, BESIDE_C: {}}
    for number in range(options.rounds + 1):
        alone = measure(options.blocks)
        with busy(hold_the_gil):
            beside = measure(options.blocks)
        if number == 0:  # warms up
            continue
        add(pushed[ALONE], alone)
        add(pushed[BESIDE_PYTHON], beside)
        for case, figures in native.items():
            add(figures, in_a_process(case, options))
    report: dict[str, Any] = {"pushed by Python": pushed, "native sessions": native}
    report["sessions"] = options.sessions
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
