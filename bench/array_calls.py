"""What a call of `remotemedia.audio` with a short array costs, in nanoseconds, as JSON.

A kernel takes next to nothing for a few samples, so what is left is the way through Python: checks,
the border, the array that comes back. `at_zero_ns` is where the line through the medians over all
sizes meets zero samples, which is an upper bound of it: what a kernel itself takes for each call,
such as the filter that `resample` sets up for its clip, is in there too (goals.py subtracts that).

usage: array_calls.py [--rounds N]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np

from remotemedia import audio, runtime

SIZES: Final = (1, 16, 160, 480)
# Of one reading of the clock: long enough for it, short enough to fall between interruptions.
CALLS: Final = 200
WARM_UP: Final = 1_000

Call = Callable[[], Any]
Key = tuple[str, int]  # name and frames


def calls_of(size: int) -> dict[str, Call]:
    """Give what is measured, with arrays of `size` frames."""
    rng = np.random.default_rng(1)
    x = rng.uniform(-0.5, 0.5, size).astype(np.float32)
    stereo = np.stack([x, x])
    integers = (x * 32767).astype(np.int16)
    return {
        "convert_format f32 to i16": partial(audio.convert_format, x, "i16"),
        "convert_format i16 to f32": partial(audio.convert_format, integers, "f32"),
        "convert_format f32 to f32": partial(audio.convert_format, x, "f32"),
        "convert_format f32 to f64": partial(audio.convert_format, x, "f64"),
        "convert_format f64 to f32": partial(audio.convert_format, x.astype(np.float64), "f32"),
        "convert_format f32 to i16, dither": partial(audio.convert_format, x, "i16", dither=True),
        "to_mono stereo": partial(audio.to_mono, stereo),
        "to_mono mono": partial(audio.to_mono, x),
        "resample 48 to 16 kHz": partial(audio.resample, x, 48_000, 16_000),
        "Resampler.process 48 to 16 kHz": partial(audio.Resampler(48_000, 16_000).process, x),
        "EnergyVAD.process": partial(audio.EnergyVAD(16_000).process, x),
        "EnergyVAD.levels": partial(audio.EnergyVAD(16_000).levels, x),
    }


def measure(calls: dict[Key, Call], rounds: int) -> dict[Key, list[float]]:
    """Run the calls in turns; give nanoseconds per call."""
    times: dict[Key, list[float]] = {key: [] for key in calls}
    for call in calls.values():
        _time_ns(call, WARM_UP)
    for _ in range(rounds):
        for key, call in calls.items():
            times[key].append(_time_ns(call, CALLS))
    return times


def _time_ns(call: Call, count: int) -> float:
    start = time.perf_counter_ns()
    for _ in range(count):
        call()
    return (time.perf_counter_ns() - start) / count


def summary(times: list[float]) -> dict[str, float]:
    """Give median, best, and half of the distance between the quartiles relative to the median."""
    low, median, high = statistics.quantiles(times, n=4)
    return {
        "median_ns": round(median, 1),
        "best_ns": round(min(times), 1),
        "spread": round((high - low) / 2 / median, 4),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200, help="readings of the clock per call")
    rounds = max(4, parser.parse_args().rounds)
    runtime.native_module()  # refuses to measure the fallback
    calls = {(name, size): call for size in SIZES for name, call in calls_of(size).items()}
    functions: dict[str, dict[str, Any]] = {}
    for (name, size), times in measure(calls, rounds).items():
        functions.setdefault(name, {"sizes": {}})["sizes"][str(size)] = summary(times)
    for entry in functions.values():
        medians = [entry["sizes"][str(size)]["median_ns"] for size in SIZES]
        entry["at_zero_ns"] = round(statistics.linear_regression(SIZES, medians).intercept, 1)
    empty_ns = statistics.median(measure({("", 0): lambda: None}, rounds)["", 0])
    print(json.dumps({"empty_call_ns": round(empty_ns, 1), "functions": functions}, indent=2))


if __name__ == "__main__":
    main()
