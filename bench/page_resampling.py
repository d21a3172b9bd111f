"""The page's sections on sample rates."""

from __future__ import annotations

from typing import Any, Final

from goals import REFERENCE, row
from markdown import percent, picture, table, time_text, x
from timing import median, times_faster

# The others are in results.json.
STREAMED: Final = (
    "44100 -> 16000 mono",
    "44100 -> 16000 stereo -> mono",
    "48000 -> 16000 mono",
    "48000 -> 16000 stereo -> mono",
)


def jobs_of(rows: list[dict[str, Any]]) -> list[str]:
    """List the jobs of a report in its order."""
    return list(dict.fromkeys(r["job"] for r in rows))


def offline(results: dict[str, Any], folder: str) -> str:
    """Show whole clips."""
    rows = results["resamplers"]["offline"]
    jobs = jobs_of(rows)
    peers = list(dict.fromkeys(r["peer"] for r in rows))
    seconds = results["resamplers"]["seconds"]

    def cell(peer: str, job: str) -> str:
        ours, reference = row(rows, job, peer), row(rows, job, REFERENCE)
        if ours is None or reference is None:
            return ""
        ratio = times_faster(reference["times_us"], ours["times_us"])
        per_second = median(ours["times_us"]) / seconds / 1e3
        return f"{x(ratio)} ({per_second:.3f}, {percent(ours['times_us'])})"

    body = table(("", *jobs), [(peer, *(cell(peer, job) for job in jobs)) for peer in peers])
    return f"""## Resampling whole clips

{seconds:.0f} s in one call. Times as fast as soxr HQ in the same layout (ms per second of audio,
spread). For stereo -> mono ours averages inside; the others get a mix in front, as their users
write it. Qualities differ: see below.

{picture(folder, "speed", "Speed of each resampler relative to soxr HQ")}
{picture(folder, "speed-quality", "Speed against the weakest of signal to noise and rejection")}
{body}"""


def streaming(results: dict[str, Any], folder: str) -> str:
    """Show 10 ms blocks."""
    rows = results["resamplers"]["streaming"]
    parts = [
        "## Resampling a live stream\n\nBlocks of 10 ms; microseconds per block. *Frames* is what "
        "a block gives (least and most), *lag* how far the output is behind the input after a "
        "block. *Constant work* is a loop of the same instructions for each block: how even a "
        "block can be on this machine.\n",
        picture(folder, "streaming", "Cost of one block of 10 ms: p50 to p99"),
    ]
    for job in STREAMED:
        reference = row(rows, job, REFERENCE)
        assert reference is not None
        body = [
            (
                r["peer"],
                x(times_faster(reference["mean_us"], r["mean_us"])),
                *(f"{median(r[key]):.2f}" for key in ("mean_us", "p50_us", "p90_us", "p99_us")),
                percent(r["mean_us"]),
                "..".join(str(n) for n in dict.fromkeys(r["frames_per_block"])),
                f"{r['lag_ms'][0]:.2f}..{r['lag_ms'][1]:.2f}",
            )
            for r in rows
            if r["job"] == job
        ]
        head = (job, "vs soxr HQ", "mean", "p50", "p90", "p99", "spread", "frames", "lag, ms")
        parts.append(table(head, body))
    return "\n".join(parts)


def quality(results: dict[str, Any]) -> str:
    """Show what each resampler does to tones."""
    rows = results["resamplers"].get("quality")
    if not rows:
        return ""
    parts = [
        "## Resampling quality\n\nPure tones at -1 dBFS through each library, fitted by least "
        "squares (`tests/dsp/tone_fit.h`). Ripple and signal to noise are the worst up to 0.9 of "
        "the new Nyquist frequency; rejection is that of the worst tone from the new Nyquist "
        "frequency, and from 5 % above it.\n"
    ]
    for job in jobs_of(rows):
        body = [
            (
                r["peer"],
                f"{r['ripple_db']:.4f}",
                f"{r['minus_3_db_hz']:.0f}",
                f"{r['signal_to_noise_db']:.1f}",
                f"{r['rejection_db']:.1f}",
                f"{r['rejection_5_percent_above_db']:.1f}",
            )
            for r in rows
            if r["job"] == job
        ]
        head = (job, "ripple, dB", "-3 dB at, Hz", "S/N, dB", "rejection, dB", "5 % above, dB")
        parts.append(table(head, body))
    return "\n".join(parts)


def python_resamplers(results: dict[str, Any]) -> str:
    """Show whole clips in Python."""
    parts = [
        "## Resampling from Python\n\nOne call on a whole clip, construction included, as users "
        "call them: `remotemedia.audio.resample` and its peers, librosa and resampy after their "
        "compilation. S/N of a tone at 997 Hz and rejection of one at 8.4 kHz.\n"
    ]
    for job, entry in results["python_resamplers"].items():
        times, figures = entry["times_us"], entry["figures"]
        body = [
            (
                name,
                x(times_faster(times[REFERENCE], own)),
                time_text(median(own)),
                percent(own),
                f"{figures[name]['signal_to_noise_db']:.0f}",
                f"{figures[name]['rejection_db']:.0f}",
            )
            for name, own in times.items()
        ]
        head = (
            f"{job}, {entry['seconds']:.0f} s",
            "vs soxr HQ",
            "time",
            "spread",
            "S/N",
            "rejection",
        )
        parts.append(table(head, body))
    return "\n".join(parts)
