"""The page's charts."""

from __future__ import annotations

from typing import Any, Final

import charts
from goals import REFERENCE, row
from markdown import x
from timing import median, times_faster

MAIN_JOB: Final = "44100 -> 16000 mono"


def pictures(results: dict[str, Any]) -> dict[str, str]:
    """Draw every chart."""
    offline_rows = [r for r in results["resamplers"]["offline"] if r["job"] == MAIN_JOB]
    reference = row(offline_rows, MAIN_JOB, REFERENCE)
    assert reference is not None
    ratios = {r["peer"]: times_faster(reference["times_us"], r["times_us"]) for r in offline_rows}
    ordered = sorted(ratios.items(), key=lambda item: -item[1])
    drawn = {
        "speed": charts.bars(
            f"Resampling {MAIN_JOB}, whole clips",
            "times as fast as soxr HQ; longer is faster",
            [(name, ratio, x(ratio)) for name, ratio in ordered],
            "remotemedia",
        ),
        "streaming": charts.ranges(
            f"One block of 10 ms, {MAIN_JOB}",
            "microseconds: bar from p50 to p99 (the number), dot at the mean; short is even",
            [
                (r["peer"], *(median(r[key]) for key in ("p50_us", "mean_us", "p99_us")))
                for r in results["resamplers"]["streaming"]
                if r["job"] == MAIN_JOB
            ],
            "remotemedia",
        ),
        "roc": roc_picture(results["accuracy"]["detectors"]),
        "pipeline": pipeline_picture(results["pipeline"]),
    }
    measured = results["resamplers"].get("quality", [])
    points = [
        (
            r["peer"],
            ratios[r["peer"]],
            min(r["signal_to_noise_db"], r["rejection_5_percent_above_db"]),
        )
        for r in measured
        if r["job"] == MAIN_JOB
    ]
    if points:
        drawn["speed-quality"] = charts.scatter(
            f"Speed and quality, {MAIN_JOB}",
            "right is faster (times soxr HQ), up is cleaner",
            "worse of in-band S/N and rejection 5 % above Nyquist, dB",
            points,
            "remotemedia",
        )
    return drawn


def roc_picture(detectors: dict[str, Any]) -> str:
    """Draw the detectors' curves and points."""
    lines = [
        (f"{name}: {entry['figures']['all']['auc']:.3f}", [(a, b) for a, b in entry["curve"]])
        for name, entry in detectors.items()
        if entry["curve"]
    ]
    points = [
        (name.replace("webrtcvad, ", ""), *entry["point"])
        for name, entry in detectors.items()
        if entry["point"]
    ]
    return charts.curves(
        "Speech found against false alarms, all noisy files",
        "up and left is better; the number is the area; dots are webrtcvad",
        lines,
        points,
    )


def pipeline_picture(entry: dict[str, Any]) -> str:
    """Draw the stages of each side."""
    rows = [
        (f"{vad}, {side}", list(result[side]["stages_ms"].items()))
        for vad, result in entry["results"].items()
        for side in ("native", "python")
        if side in result
    ]
    return charts.stacks(
        "Ten seconds of 44.1 kHz stereo to 16 kHz mono, VAD and int16",
        "milliseconds, shorter is faster",
        rows,
    )
