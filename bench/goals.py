"""What the project set itself to reach, held against one run's figures.

A goal whose parts are not in this build, or not in this run, has no verdict: it is neither met nor
missed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from busy_gil import ALONE, BESIDE_PYTHON
from page_webrtc import PACKETS_PER_S, sessions_per_core
from timing import median, times_faster

FORMATS: Final = "sample formats"
OURS: Final = "remotemedia high"
REFERENCE: Final = "soxr HQ"
# What calls of 16 samples do, in C++.
KERNELS_PER_CALL: Final = {
    "resample 48 to 16 kHz": "resample a clip 48000 -> 16000 mono high/16",
    "convert_format f32 to i16, dither": "format f32 -> i16 with dither, a clip/16",
}


@dataclass(frozen=True)
class Goal:
    """What should hold, and the unit in which it is measured."""

    area: str
    text: str
    unit: str


@dataclass(frozen=True)
class Verdict:
    """One goal."""

    area: str
    goal: str
    measured: str
    met: bool | None


def verdicts(results: dict[str, Any]) -> list[dict[str, Any]]:
    """Judge every goal."""
    found: list[Verdict] = []
    speed = (_offline, _streaming, _quality, _formats, _speech, _pipeline)
    for judge in (*speed, _sessions, _runs, _webrtc):
        found += judge(results)
    return [asdict(verdict) for verdict in found]


def at_least(area: str, goal: str, value: float | None, limit: float, unit: str = "x") -> Verdict:
    """Judge a value that should be high."""
    return _judge(Goal(area, goal, unit), value, lambda found: found >= limit)


def at_most(area: str, goal: str, value: float | None, limit: float, unit: str = "x") -> Verdict:
    """Judge a value that should be low."""
    return _judge(Goal(area, goal, unit), value, lambda found: found <= limit)


def _judge(goal: Goal, value: float | None, holds: Callable[[float], bool]) -> Verdict:
    if value is None:
        return Verdict(goal.area, goal.text, "not in this run", None)
    shown = f"{value:.1e}" if 0 < abs(value) < 0.001 else f"{value:.4g}"
    measured = f"{shown}x" if goal.unit == "x" else f"{shown} {goal.unit}".strip()
    return Verdict(goal.area, goal.text, measured, holds(value))


def row(rows: list[dict[str, Any]], job: str, peer: str) -> dict[str, Any] | None:
    """Find one peer's row for a job."""
    return next((r for r in rows if r["job"] == job and r["peer"] == peer), None)


def offline_ratio(
    results: dict[str, Any], job: str, peer: str = OURS, reference_job: str | None = None
) -> float | None:
    """Tell how many times as fast as soxr HQ a peer is; soxr may do another job."""
    rows = results["resamplers"]["offline"]
    ours, theirs = row(rows, job, peer), row(rows, reference_job or job, REFERENCE)
    if ours is None or theirs is None:
        return None
    if reference_job is None:
        return times_faster(theirs["times_us"], ours["times_us"])
    return median(theirs["times_us"]) / median(ours["times_us"])  # not of the same rounds


def _offline(results: dict[str, Any]) -> list[Verdict]:
    area = "resampling, offline"
    found = []
    for rate, mono, stereo in ((44_100, 1.3, 4.0), (48_000, 1.1, 2.4)):
        job = f"{rate} -> 16000"
        ratio = offline_ratio(results, f"{job} mono")
        found.append(at_least(area, f"{job} mono: {mono}x soxr HQ", ratio, mono))
        ratio = offline_ratio(results, f"{job} stereo -> mono", reference_job=f"{job} stereo")
        found.append(
            at_least(area, f"{job} stereo -> mono: {stereo}x soxr HQ in stereo", ratio, stereo)
        )
    return found


def _streaming(results: dict[str, Any]) -> list[Verdict]:
    area = "resampling, 10 ms blocks"
    rows = results["resamplers"]["streaming"]
    found = []
    for rate in (44_100, 48_000):
        job = f"{rate} -> 16000 mono"
        ours, theirs = row(rows, job, OURS), row(rows, job, REFERENCE)
        if ours is None or theirs is None:
            continue
        share = 1 / times_faster(theirs["mean_us"], ours["mean_us"])
        found.append(at_most(area, f"{job}: mean at most 1x soxr HQ's", share, 1.0))
        least, most = ours["frames_per_block"]
        exact = least == most == 160
        found.append(Verdict(area, f"{job}: exactly 160 frames a block", f"{least}..{most}", exact))
        low_ms, high_ms = ours["lag_ms"]
        fixed = high_ms - low_ms < 0.01 and high_ms <= 9
        found.append(
            Verdict(
                area,
                f"{job}: fixed delay of at most 9 ms",
                f"{low_ms:.2f}..{high_ms:.2f} ms",
                fixed,
            )
        )
        found.append(evenness(area, job, ours, row(rows, job, "constant work")))
    return found


def evenness(area: str, job: str, ours: dict[str, Any], constant: dict[str, Any] | None) -> Verdict:
    """Judge how even blocks are; tells how even the machine was, if that was measured."""

    def ratio(stream: dict[str, Any]) -> float:
        return median(stream["p99_us"]) / median(stream["p50_us"])

    verdict = at_most(area, f"{job}: p99 at most 1.3x p50", ratio(ours), 1.3)
    if constant is None:
        return verdict
    return replace(verdict, measured=f"{verdict.measured} (constant work {ratio(constant):.4g}x)")


def _quality(results: dict[str, Any]) -> list[Verdict]:
    area = 'quality "high"'
    rows = results["resamplers"].get("quality", [])
    found = []
    for rate in (44_100, 48_000):
        job = f"{rate} -> 16000"
        ours = row(rows, f"{job} mono", OURS) or {}
        found += [
            at_most(area, f"{job}: ripple <= 0.01 dB", ours.get("ripple_db"), 0.01, "dB"),
            at_least(area, f"{job}: -3 dB >= 7600 Hz", ours.get("minus_3_db_hz"), 7_600, "Hz"),
            at_least(
                area, f"{job}: S/N >= 130 dB in band", ours.get("signal_to_noise_db"), 130, "dB"
            ),
            at_least(
                area, f"{job}: rejection >= 126 dB from 8 kHz", ours.get("rejection_db"), 126, "dB"
            ),
            at_least(
                area,
                f"{job}: rejection >= 130 dB from 8.4 kHz",
                ours.get("rejection_5_percent_above_db"),
                130,
                "dB",
            ),
        ]
    return found


def _formats(results: dict[str, Any]) -> list[Verdict]:
    found = []
    for entry in results["formats"]:
        ratio = times_faster(entry["numpy_us"], entry["ours_us"])
        goal = f"{entry['name']}, {entry['samples']} samples: 5x NumPy"
        found.append(at_least(FORMATS, goal, ratio, 5.0))
    return found + format_kernels(results)


def format_kernels(results: dict[str, Any]) -> list[Verdict]:
    """Judge the kernels of sample formats; tells the limit where that misses the goal as well."""
    found = []
    for kernel in results.get("format_kernels") or []:
        limit = {"L2": 0.9, "RAM": 1.5}.get(kernel["memory"], 0.9)
        if "dither" in kernel["name"]:
            limit = 0.25
        goal = f"{kernel['name']} in {kernel['memory']}: {limit} of memcpy"
        verdict = at_least(FORMATS, goal, kernel["ratio"], limit)
        if kernel["limit"] < limit:
            measured = f"{verdict.measured} (limit {kernel['limit']:.4g}x)"
            verdict = replace(verdict, measured=measured)
        found.append(verdict)
    return found


def _speech(results: dict[str, Any]) -> list[Verdict]:
    speech, accuracy = results["speech"], results["accuracy"]["detectors"]
    energy_us = median(results["resamplers"]["energy_vad"]["level_frame_us"])
    ours = accuracy.get("remotemedia SileroVAD")
    theirs = accuracy["Silero, ONNX Runtime"]
    times = speech["times_us"]
    faster = difference = None
    if "remotemedia SileroVAD" in times:
        faster = times_faster(times["Silero, ONNX Runtime"], times["remotemedia SileroVAD"])
        difference = speech["silero_max_difference"]
    auc = accuracy["remotemedia EnergyVAD"]["figures"]["all"]["auc"]
    gap = abs(ours["figures"]["all"]["auc"] - theirs["figures"]["all"]["auc"]) if ours else None
    return [
        at_most("energy VAD", "at most 1 us per frame of 20 ms", energy_us, 1.0, "us"),
        at_least("energy VAD", "AUC at least 0.83", auc, 0.83, ""),
        at_least("Silero VAD", "7x ONNX Runtime per window", faster, 7.0),
        at_most("Silero VAD", "within 1e-5 of ONNX Runtime", difference, 1e-5, ""),
        at_most("Silero VAD", "AUC within 0.001 of ONNX Runtime", gap, 0.001, ""),
    ]


def _pipeline(results: dict[str, Any]) -> list[Verdict]:
    area = "10 s of stereo to 16 kHz, VAD, i16"
    found = []
    for vad, limit_ms, faster, peer in (
        ("energy", 1.5, 4.0, "soxr and NumPy"),
        ("silero", 6.0, 7.0, "soxr and ONNX Runtime"),
    ):
        entry = results["pipeline"]["results"].get(vad)
        native = entry["native"] if entry else {}
        found += [
            at_most(area, f"{vad}: at most {limit_ms} ms", native.get("median_ms"), limit_ms, "ms"),
            at_least(area, f"{vad}: {faster}x {peer}, warm", native.get("times_faster"), faster),
        ]
    return found


def _sessions(results: dict[str, Any]) -> list[Verdict]:
    """Judge live sessions; the numbers of a quick run are too small to say anything."""
    runs = {run["name"]: run for run in results["live_sessions"]}
    is_full = not results["quick"]
    found = [
        at_most(
            "live sessions",
            f"{run['sessions']:,} sessions, {run['detector']}: {what} p99.9 <= 5 ms",
            run[figure]["p99_9"] / 1_000 if is_full else None,
            5.0,
            "ms",
        )
        for run in runs.values()
        if not run["churn_per_s"]
        for what, figure in (("processing", "call_us"), ("delay", "delay_us"))
    ]
    soak = runs["soak of live sessions"]
    slope = soak["memory_slope_mib_per_min"] if is_full else None
    found.append(at_most("live sessions", "soak: memory grows by 0", slope, 0.05, "MiB a minute"))
    for who in ("native sessions", "pushed by Python"):
        cases = results["python_sessions"]["busy_gil"][who]
        alone, busy = (median(cases[case]["processing_us"]) for case in (ALONE, BESIDE_PYTHON))
        found.append(
            at_most(
                "live sessions",
                f"{who}: processing p99.9 beside a thread that holds the GIL, against alone",
                busy / alone if is_full else None,
                1.2,
            )
        )
    return found


def _runs(results: dict[str, Any]) -> list[Verdict]:
    """Judge what calls, nodes and runs take besides their work."""
    area = "besides the work"
    kernels = {row["name"]: row["median_us"] for row in results["kernels"]}
    found = [
        at_most(area, f"a call of {name} with an array", _around(name, entry, kernels), 1.0, "us")
        for name, entry in results["python_sessions"]["array_calls"]["functions"].items()
    ]
    ten_nodes = "graph pass-through nodes, metrics and trace on/10"
    a_node = "a native node and packet, metrics and trace on"
    found.append(at_most(area, a_node, kernels[ten_nodes] / 10, 1.0, "us"))
    runs = results["python_sessions"]["pipeline_runs"]
    found += [
        at_most(area, f"{name}, a native node, metrics on", median(rounds["1"]), 100.0, "us")
        for name, rounds in runs["run_us"].items()
    ]
    found += [
        at_most(area, f"metrics of 100 nodes as JSON, {where}", took_us, 1_000.0, "us")
        for where, took_us in (
            ("C++", kernels["graph metrics of pass-through nodes as JSON/100"]),
            ("Python", median(runs["metrics_json_us"])),
        )
    ]
    for name in ("native nodes", "coroutines"):
        count = None if results["quick"] else runs[name]["executions"]
        found.append(at_least(area, f"executions at once, {name}", count, 10_000, ""))
    return found


def _around(name: str, entry: dict[str, Any], kernels: dict[str, float]) -> float:
    """Give what a call takes around its kernel, in microseconds.

    Some kernels take time for each call, whatever its samples: they set a filter or noise up.
    """
    kernel = KERNELS_PER_CALL.get(name)
    if kernel is None:
        return float(entry["at_zero_ns"]) / 1e3
    return float(entry["sizes"]["16"]["median_ns"]) / 1e3 - kernels[kernel]


def _webrtc(results: dict[str, Any]) -> list[Verdict]:
    """Judge the server beside aiortc's and beside what its codec allows."""
    area = "WebRTC server"
    found = results["webrtc_servers"]
    echo, same_opus, listening = (
        found["modes"][mode] for mode in ("echo", "echo, same Opus", "receive-only")
    )
    ours = echo.get("remotemedia")
    heard = listening.get("remotemedia")
    sessions = results["webrtc_sessions"]
    ten = sessions["ten_sessions"]
    lossy = sessions["lossy"]
    slope = None if results["quick"] else sessions["soak"]["slope_kib_per_session"]
    share = codec_share(ours, found["live_opus"]) if ours else None
    delay_ms = ours["echo_delay_ms"]["p99"] if ours else None
    return [
        at_least(area, "echo: 7x aiortc's sessions on a core", _cheaper(echo), 7.0),
        at_least(area, "echo, same Opus: 4x aiortc's sessions", _cheaper(same_opus), 4.0),
        at_least(area, "receive-only: 15x aiortc's sessions on a core", _cheaper(listening), 15.0),
        at_least(
            area,
            "receive-only: sessions on a core",
            sessions_per_core(heard) if heard else None,
            400.0,
            "",
        ),
        at_least(area, "echo: 0.6 of the sessions that Opus alone allows, live", share, 0.6),
        at_most(area, "echo: heard after at most 120 ms, p99", delay_ms, 120.0, "ms"),
        at_most(area, "ten sessions: echo, p50", ten["echo_delay_ms"]["p50"], 100.0, "ms"),
        at_most(area, "ten sessions: first audio, p99", ten["first_audio_ms"]["p99"], 1e3, "ms"),
        at_most(area, "ten sessions: graph, p99 of 20 ms", ten["processing_p99_us"], 1e3, "us"),
        at_most(area, "memory of a session", sessions["memory"]["session_kib"], 1024.0, "KiB"),
        at_most(area, "memory left by a session that has ended", slope, 0.1, "KiB"),
        at_most(
            area,
            "a tenth lost, 60 ms of jitter: longest gap in speech",
            lossy["longest_gap_ms"],
            60.0,
            "ms",
        ),
    ]


def codec_share(ours: dict[str, Any], alone: dict[str, list[float]]) -> float:
    """Give what the codec alone takes of a server's processor time, in rounds of both."""
    of_a_core = [
        (decode_us + encode_us) * PACKETS_PER_S / 1e6
        for decode_us, encode_us in zip(alone["decode_us"], alone["encode_us"], strict=True)
    ]
    return times_faster(of_a_core, ours["core_share"])


def _cheaper(entries: dict[str, Any]) -> float | None:
    ours = entries.get("remotemedia")
    return times_faster(entries["aiortc"]["core_share"], ours["core_share"]) if ours else None
