"""The section of docs/benchmarks.md on live sessions."""

from __future__ import annotations

from typing import Any, Final

from markdown import percent, table, time_text, x
from timing import median, times_faster

__all__ = ["live_sessions"]

OURS: Final = "remotemedia"
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
    return INTRO + table(head, body) + _python_sessions(results["python_sessions"])


PIPELINES: Final = """
### In Python

One voice in a pipeline of Python (`bench/voice_pipelines.py`): int16 frames of 20 ms at 48 kHz are
pushed by a coroutine, resampled to 16 kHz and judged by the Silero VAD. The time is the
processor's, of all threads, from the first frame to the last result. {agreement} of the frames get
the same decision, though the two have other rules for when speech begins and ends; Pipecat
{version} resamples with soxr VHQ and runs the network in ONNX Runtime, as it does by itself.

"""
BUSY: Final = """
A block every 20 ms through the resampler and the energy VAD, alone and while another thread of
the process runs Python code without a pause (`bench/busy_gil.py`). Native nodes do not need the
GIL: {sessions:,} sessions that native threads push, with the priority of a server's shards, share
the processors with that thread, as with one that does not hold the GIL. Where Python pushes,
here ten sessions, a short block for native nodes keeps the GIL while they work, as it would wait up
to 5 ms to get it back.

"""
CALLS: Final = """
A call of `remotemedia.audio` with a short array (`bench/array_calls.py`): checks, the border, the
kernel and the array that comes back. *No frames* is where the line through four sizes meets zero,
which still has what a kernel takes for each call.

"""
RUNS: Final = """
A run besides the work of its nodes (`bench/pipeline_runs.py`): a number through nodes that add one,
native, with metrics, in a pipeline that has run before.

"""
AT_ONCE: Final = """
Executions of nodes under way at the same time: native ones in sessions of 100 nodes each, and
coroutines, each in a run of its own, of which none goes on before the last has begun: one that
waits holds no thread. *Threads* are all of the process, while all wait.

"""


def _python_sessions(results: dict[str, Any]) -> str:
    voice = results["voice_pipelines"]
    times = voice["cpu_us"]
    version = voice["versions"]["Pipecat"]
    text = PIPELINES.format(agreement=f"{voice['agreement']:.0%}", version=version)
    text += table(
        ("", "a frame", "spread", "remotemedia is faster"),
        [
            (name, time_text(median(found)), percent(found), x(times_faster(found, times[OURS])))
            for name, found in times.items()
        ],
    )
    text += _busy(results["busy_gil"]) + _calls(results["array_calls"])
    return text + _runs(results["pipeline_runs"])


def _calls(found: dict[str, Any]) -> str:
    rows = [
        (
            name,
            *(time_text(entry["sizes"][size]["median_ns"] / 1e3) for size in _SIZES),
            time_text(entry["at_zero_ns"] / 1e3),
        )
        for name, entry in found["functions"].items()
    ]
    return CALLS + table(("", *(f"{size} frames" for size in _SIZES), "no frames"), rows)


_SIZES: Final = ("1", "160")


def _busy(found: dict[str, Any]) -> str:
    rows = [
        (f"{group}, {case}", *(_p999(figures, name) for name in _BUSY_FIGURES))
        for group in ("native sessions", "pushed by Python")
        for case, figures in found[group].items()
    ]
    text = BUSY.format(sessions=found["sessions"])
    return text + table(("p99.9 of", "processing", "delay", "call of push"), rows)


_BUSY_FIGURES: Final = ("processing_us", "delay_us", "call_us")


def _p999(figures: dict[str, list[float]], name: str) -> str:
    return time_text(median(figures[name])) if name in figures else ""


def _runs(found: dict[str, Any]) -> str:
    times = [
        (name, *(time_text(median(rounds)) for rounds in by_length.values()))
        for name, by_length in found["run_us"].items()
    ]
    lengths = next(iter(found["run_us"].values()))
    at_once = [
        (
            name,
            f"{found[name]['executions']:,}",
            f"{found[name]['seconds']:.2f} s",
            f"{found[name]['memory_mib']:.0f}",
            f"{found[name]['threads']:.0f}" if "threads" in found[name] else "",
        )
        for name in ("native nodes", "coroutines")
    ]
    text = RUNS + table(("", *(f"{length} nodes" for length in lengths)), times)
    return text + AT_ONCE + table(("", "at once", "time", "MiB", "threads"), at_once)
