"""Times that can be compared: warm, turn by turn, median and spread.

On a shared machine a time moves by half from one second to the next, and everything that runs in
that second moves with it. So what is to be compared runs in turns, a time is the CPU's (that of all
threads of this process, so that a second thread is no gift), and a ratio is the median of the
rounds' own ratios.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

Times = list[float | None]

SLOW_US: Final = 200_000.0  # above it a call runs in every third round only
SAMPLE_US: Final = 400.0  # shorter calls run several times for one reading of the clock


def interleave(calls: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, Times]:
    """Run the calls in turns after two rounds that do not count; give microseconds per call.

    None stands where a slow call sat out a round.
    """
    slow: dict[str, bool] = {}
    counts: dict[str, int] = {}
    for name, call in calls.items():
        call()  # what is made once: compilation, filters, caches
        once_us = _time_us(call, 1)
        slow[name] = once_us > SLOW_US
        counts[name] = max(1, round(SAMPLE_US / max(once_us, 1.0)))
    times: dict[str, Times] = {name: [] for name in calls}
    for number in range(rounds):
        for name, call in calls.items():
            rests = slow[name] and number % 3 != 0
            times[name].append(None if rests else _time_us(call, counts[name]))
    return times


def _time_us(call: Callable[[], Any], count: int) -> float:
    start = time.process_time_ns()
    for _ in range(count):
        call()
    return (time.process_time_ns() - start) / 1e3 / count


def median(times: Times) -> float:
    """Give the middle of the rounds that ran."""
    return statistics.median(_present(times))


def spread(times: Times) -> float:
    """Give half of the distance between the quartiles, relative to the median."""
    present = sorted(_present(times))
    if len(present) < 4:
        return (present[-1] - present[0]) / 2 / median(times)
    low, _, high = statistics.quantiles(present, n=4)
    return (high - low) / 2 / median(times)


def times_faster(reference: Times, times: Times) -> float:
    """Tell how many times as long the reference takes: the median over rounds where both ran."""
    pairs = zip(reference, times, strict=True)
    return statistics.median(r / t for r, t in pairs if r is not None and t is not None)


def _present(times: Times) -> list[float]:
    return [value for value in times if value is not None]
