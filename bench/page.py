"""Writes docs/benchmarks.md and its charts from the results."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from markdown import percent, table, time_text, x
from page_resampling import offline, python_resamplers, quality, streaming
from page_sessions import live_sessions
from page_speech import preprocessing, voice_activity
from page_webrtc import webrtc_servers, webrtc_sessions
from pictures import MAIN_JOB, pictures
from timing import median, times_faster

INTRO: Final = """# Benchmarks

Made by `make bench` (`bench/run.py`); not to be edited by hand. Every figure is from one machine,
and what a table compares from one run: all peers warm, one thread each, taking turns, their outputs
checked for length, level and purity before the clock starts. Times are CPU time (percentiles of
blocks and the section on ten seconds of stereo: wall time). On a shared machine they move by half;
a ratio is the median over the rounds' own ratios, so it holds when the machine is slow. *Spread* is
half of the distance between the quartiles, relative to the median. All figures of the run are in
`results.json`, which it leaves in `build/bench`.
"""


def write(results: dict[str, Any], page: Path, folder: Path) -> None:
    """Write the page and, into `folder`, the charts that it shows."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = folder.relative_to(page.parent).as_posix()
    for name, svg in pictures(results).items():
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
    sections = [
        INTRO,
        machine(results),
        goals_table(results),
        offline(results, shown),
        streaming(results, shown),
        quality(results),
        python_resamplers(results),
        formats(results),
        voice_activity(results, shown),
        preprocessing(results, shown),
        memory(results),
        live_sessions(results),
        webrtc_servers(results),
        webrtc_sessions(results),
        kernels(results),
    ]
    page.write_text("\n".join(section for section in sections if section), encoding="utf-8")


def machine(results: dict[str, Any]) -> str:
    """Say what the figures were measured on."""
    about = results["machine"]
    libraries = sorted(set(results["resamplers"]["libraries"].values()))
    packages = [
        f"{name} {version or '(not installed)'}" for name, version in about["packages"].items()
    ]
    note = "" if not results["quick"] else "\n**A quick run: few rounds, for checking only.**\n"
    return f"""{note}
## Machine

- {about["cpu"]}, {about["cores"]} cores, {about["memory_gib"]:.0f} GiB; instruction set in use: \
{results["resamplers"]["simd_target"]}
- {about["system"]}, Python {about["python"]}; measured on \
{days(results["dates"])}
- C libraries: {", ".join(libraries)}
- Python packages: {", ".join(packages)}
"""


def days(dates: dict[str, str]) -> str:
    """Say when the parts were measured: the last day, and what is older."""
    last = max(dates.values())
    older = [f"{name} on {day}" for name, day in dates.items() if day != last]
    return "; ".join([last, *older])


def goals_table(results: dict[str, Any]) -> str:
    """Show every goal with its verdict."""
    words = {True: "yes", False: "**no**", None: "-"}
    rows = [(g["area"], g["goal"], g["measured"], words[g["met"]]) for g in results["goals"]]
    return "## Goals\n\n" + table(("area", "goal", "measured", "met"), rows)


def formats(results: dict[str, Any]) -> str:
    """Show sample formats against NumPy and memcpy."""
    body = [
        (
            entry["name"],
            f"{entry['samples']:,}",
            x(times_faster(entry["numpy_us"], entry["ours_us"])),
            time_text(median(entry["ours_us"])),
            time_text(median(entry["numpy_us"])),
            percent(entry["ours_us"]),
        )
        for entry in results["formats"]
    ]
    head = ("conversion", "samples", "vs NumPy", "ours", "NumPy", "spread")
    text = (
        "## Sample formats\n\nThrough `remotemedia.audio`, allocation of the result included.\n\n"
    )
    text += table(head, body)
    kernels_found = results.get("format_kernels")
    if kernels_found:
        body = [
            (k["name"], k["memory"], f"{k['ratio']:.2f}", f"{k['limit']:.2f}")
            for k in kernels_found
        ]
        text += (
            "\nThe kernels alone: speed relative to `memcpy` of as many bytes. The limit is what a "
            "loop reaches that only reads and writes them; with data in RAM the caches are emptied "
            "before each call.\n\n"
        )
        text += table(("kernel", "data in", "of memcpy", "limit"), body)
    return text


def memory(results: dict[str, Any]) -> str:
    """Show what engines hold."""
    body = [
        (r["peer"], f"{r['first_bytes'] / 1024:.0f}", f"{r['next_bytes'] / 1024:.1f}")
        for r in results["resamplers"]["memory"]
    ]
    head = (f"{MAIN_JOB}, KiB", "first engine", "each further one")
    text = "## Memory\n\nHeap held by one stream; ours share the filter of a ratio.\n\n"
    text += table(head, body)
    peaks = results.get("python_memory")
    if peaks:
        body = [
            (name, f"{own['peak_mib']:.0f}", f"{own['work_mib']:.0f}")
            for name, own in peaks.items()
        ]
        text += (
            "\nA Python process that resamples 10 s once: peak, and what it took beyond NumPy and "
        )
        text += "the clip.\n\n"
        text += table(("", "peak, MiB", "import and work, MiB"), body)
    return text


def kernels(results: dict[str, Any]) -> str:
    """Show Google Benchmark's rows."""
    body = [
        (
            entry["name"],
            time_text(entry["median_us"]),
            f"{100 * entry['spread']:.0f} %",
            f"{entry['median_us'] / entry['audio_ms'] / 10:.4f} %" if entry["audio_ms"] else "",
        )
        for entry in results["kernels"]
    ]
    text = "## Kernels and graphs in C++\n\nLoad is the share of the audio's own time.\n\n"
    return text + table(("", "median", "spread", "load"), body)
