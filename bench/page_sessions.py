"""The section of docs/benchmarks.md on live sessions."""

from __future__ import annotations

from typing import Any, Final

from markdown import table, time_text

__all__ = ["live_sessions"]

INTRO: Final = """## Live sessions

Each session is given 20 ms of 48 kHz every 20 ms, evenly spread over that time, resamples it to
16 kHz and looks for speech, in one process (`bench/live_sessions.cc`); at the end each has to have
given all of its audio. *Delay* is from the moment a block was due to its results, so it includes
the wait for other sessions of the same thread and for other programs; *call* is the work on the
block alone. The first second is not counted. In the soak a tenth of the sessions is closed and
opened anew each second, and the slope is that of the memory over the last two thirds of the time.

"""


def live_sessions(results: dict[str, Any]) -> str:
    """Show how late blocks were, what the sessions cost, and how the memory moved."""
    body = [
        (
            f"{run['name']}: {run['sessions']:,}, {run['seconds']:.0f} s",
            *(time_text(run["delay_us"][name]) for name in ("p50", "p99", "p99_9")),
            time_text(run["call_us"]["p50"]),
            time_text(run["call_us"]["p99_9"]),
            f"{run['cores_used']:.2f}",
            f"{run['memory_mib']:.0f}",
            f"{run['memory_slope_mib_per_min']:.2f}" if run["churn_per_s"] else "",
        )
        for run in results["live_sessions"]
    ]
    head = ("", "delay p50", "p99", "p99.9", "call p50", "p99.9", "cores", "MiB", "MiB a minute")
    return INTRO + table(head, body)
