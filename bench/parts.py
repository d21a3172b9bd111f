"""The parts of the benchmark: each measures its peers in turns and checks what they give."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

import accuracy
import labelled_set
import python_peers
import speech_peers
from timing import Times, interleave, spread

__all__ = ["PARTS", "Bench", "say"]

ROOT: Final = Path(__file__).resolve().parents[1]
EXAMPLE: Final = ROOT / "examples/native_runtime/12_audio_preprocessing_benchmark.py"
SPEECH: Final = labelled_set.SPHINX / "librivox/sense_and_sensibility_01_austen_64kb-0870.wav"
LABELLED: Final = ROOT / "build/vad-set"
RECORDED: Final = LABELLED / "recorded-1-clean.wav"
STARTED: Final = time.monotonic()


@dataclass(frozen=True)
class Bench:
    """What a part needs to know: the folder of the programs, that of results, and how thorough."""

    programs: Path
    out: Path
    quick: bool


def say(what: str) -> None:
    """Show progress."""
    print(f"[{time.monotonic() - STARTED:4.0f} s] {what}", flush=True)


def program_output(command: list[str], error: str) -> str:
    """Run a program whose progress lines go to the terminal; give what it prints."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{error}: {command[0]} ended with {done.returncode}")
    return done.stdout


def c_resamplers(bench: Bench) -> dict[str, Any]:
    """Run the C and C++ libraries."""
    say("resamplers in C and C++")
    sizes = "--seconds 2 --rounds 3" if bench.quick else "--seconds 10 --rounds 15"
    command = [str(bench.programs / "resampler_peers"), *sizes.split()]
    text = program_output(command, "resamplers")
    report: dict[str, Any] = json.loads(text)
    return report


def kernels(bench: Bench) -> list[dict[str, Any]]:
    """Run our own kernels and graphs under Google Benchmark."""
    say("kernels and graphs in C++")
    path = bench.out / "kernels.json"
    sizes = ["--benchmark_repetitions=3", "--benchmark_min_time=0.002"] if bench.quick else []
    options = [f"--benchmark_out={path}", "--benchmark_out_format=json", *sizes]
    program_output([str(bench.programs / "remotemedia_bench"), *options], "kernels")
    rows: dict[str, dict[str, Any]] = {}
    for run in json.loads(path.read_text(encoding="utf-8"))["benchmarks"]:
        if run["run_type"] != "iteration":
            continue
        scale = {"ns": 1e-3, "us": 1.0, "ms": 1e3, "s": 1e6}[run["time_unit"]]
        entry = rows.setdefault(
            run["run_name"],
            {"name": run["run_name"], "times_us": [], "audio_ms": run.get("audio_ms")},
        )
        entry["times_us"].append(run["real_time"] * scale)
    return [summary(entry) for entry in rows.values()]


def summary(entry: dict[str, Any]) -> dict[str, Any]:
    """Give name, median and spread of one Google Benchmark entry's repetitions."""
    times: Times = list(entry["times_us"])
    return {
        "name": entry["name"],
        "median_us": statistics.median(entry["times_us"]),
        "spread": spread(times),
        "audio_ms": entry["audio_ms"],
    }


def format_kernels(bench: Bench) -> list[dict[str, Any]] | None:
    """Run the sample format kernels beside memcpy, where that program is built."""
    program = bench.programs / "format_ratios"
    if not program.exists():
        return None
    say("format kernels and memcpy")
    report = json.loads(program_output([str(program), "--json"], "formats"))
    return [
        {
            "name": kernel["kernel"],
            "memory": "L2" if kernel["samples"] <= 32_768 else "RAM",
            "ratio": kernel["memcpy_ratio"],
            "limit": kernel["limit_ratio"],
            "spread": kernel["spread"],
        }
        for kernel in report["kernels"]
    ]


def python_resamplers(bench: Bench) -> dict[str, Any]:
    """Run the resamplers of Python, and check them."""
    seconds, rounds = (2.0, 3) if bench.quick else (10.0, 15)
    found = {}
    for job in python_peers.JOBS:
        say(f"resamplers in Python: {job.name}")
        figures = python_peers.validate(job)
        calls = python_peers.resamplers(job, python_peers.music(job, seconds))
        found[job.name] = {
            "seconds": seconds,
            "figures": figures,
            "times_us": interleave(calls, rounds),
        }
    return found


def formats(bench: Bench) -> list[dict[str, Any]]:
    """Run sample formats beside NumPy."""
    found = []
    for samples in (32_768, 2**20 if bench.quick else 2**23):
        say(f"sample formats and NumPy: {samples} samples")
        python_peers.validate_formats(samples)
        for name, (ours, numpys) in python_peers.formats(samples).items():
            times = interleave({"ours": ours, "numpy": numpys}, 5 if bench.quick else 25)
            found.append(
                {
                    "name": name,
                    "samples": samples,
                    "ours_us": times["ours"],
                    "numpy_us": times["numpy"],
                }
            )
    return found


def speech(bench: Bench) -> dict[str, Any]:
    """Time the detectors on speech, and hold our Silero against ONNX Runtime."""
    say("voice activity: cost")
    x = labelled_set.read_wav(RECORDED).astype(np.float32)[: 10 * 16_000]
    x = x[: len(x) // speech_peers.WINDOW * speech_peers.WINDOW]  # nothing waits for the next call
    onnx, native = speech_peers.OnnxSilero(), speech_peers.native_silero()
    energy = speech_peers.audio.EnergyVAD(speech_peers.RATE, speech_peers.FRAME_MS)
    calls = {
        speech_peers.OUR_ENERGY: lambda: energy.process(x),
        "energy VAD in NumPy": lambda: speech_peers.numpy_energy()(x),
        "webrtcvad, mode 2": lambda: speech_peers.webrtc(2)(x),
        speech_peers.ORT_SILERO: lambda: onnx.process(x),
    }
    difference = None
    if native is not None:
        difference = float(np.max(np.abs(native.process(x) - onnx.process(x))))
        if not difference <= 1e-3:
            raise SystemExit(f"SileroVAD is {difference} from ONNX Runtime: not the same network")
        calls[speech_peers.OUR_SILERO] = lambda: native.process(x)
    frames = {
        name: len(x) // (speech_peers.WINDOW if "ilero" in name else speech_peers.FRAME)
        for name in calls
    }
    return {
        "seconds": len(x) / speech_peers.RATE,
        "times_us": interleave(calls, 5 if bench.quick else 25),
        "frames": frames,
        "frame_ms": {name: 1e3 * len(x) / speech_peers.RATE / n for name, n in frames.items()},
        "silero_max_difference": difference,
    }


def speech_accuracy(bench: Bench) -> dict[str, Any]:
    """Judge the detectors on the labelled set; a quick run takes one clip of each kind."""
    manifest = labelled_set.load_manifest(LABELLED)
    if manifest is None:
        manifest = labelled_set.make(LABELLED, say)
    clips = list(manifest["clips"])
    if bench.quick:
        clips = [clips[0], clips[-1]]
    judged = accuracy.measure(speech_peers.detectors(), LABELLED, manifest, clips, say)
    share = manifest["speech_share"]
    return {
        "data": {
            "sha256": manifest["sha256"],
            "files": len(manifest["files"]),
            "seconds": manifest["seconds_total"],
            "speech_share": share,
            "clips": clips,
        },
        "f1_of_always": 2 * share / (1 + share),
        "detectors": judged,
    }


def live_sessions(bench: Bench) -> list[dict[str, Any]]:
    """Run many live sessions on all cores, and some for long while others come and go."""
    cores = os.cpu_count() or 1
    sessions, seconds, soak_seconds = (100, 3, 6) if bench.quick else (500 * cores, 30, 600)
    runs = [
        (f"live sessions with {detector}", sessions, seconds, detector, 0.0)
        for detector in ("VADNode", "SileroVADNode")
    ]
    runs.append(("soak of live sessions", sessions // 5, soak_seconds, "VADNode", 0.1))
    found = []
    for name, count, length, detector, churn in runs:
        say(name)
        command = [str(bench.programs / "live_sessions"), "--sessions", str(count)]
        command += ["--seconds", str(length), "--threads", str(cores)]
        command += ["--detector", detector, "--churn", str(churn)]
        report = json.loads(program_output(command, name))
        found.append({"name": name, "churn_per_s": churn, **report})
    return found


def python_sessions(bench: Bench) -> dict[str, Any]:
    """Measure calls, runs and sessions of Python, beside Pipecat and beside a busy thread."""
    scripts = {
        "array_calls": "--rounds 10",
        "pipeline_runs": "--rounds 2 --runs 50 --executions 500",
        "voice_pipelines": "--rounds 2 --seconds 5",
        "busy_gil": "--rounds 1 --blocks 50 --sessions 100 --seconds 3",
    }
    always = {
        "voice_pipelines": [str(RECORDED)],
        "busy_gil": ["--programs", str(bench.programs)],
    }
    found = {}
    for name, quick_words in scripts.items():
        say(f"Python: {name}")
        words = [*always.get(name, ()), *(quick_words.split() if bench.quick else ())]
        command = [sys.executable, str(ROOT / "bench" / f"{name}.py"), *words]
        found[name] = json.loads(program_output(command, name))
    return found


def webrtc_servers(bench: Bench) -> dict[str, Any]:
    """Put a load on WebRTC servers, ours beside others."""
    say("WebRTC servers")
    sizes = ["--rounds", "1", "--seconds", "3"] if bench.quick else []
    command = [sys.executable, str(ROOT / "bench/webrtc_servers.py"), str(SPEECH), *sizes]
    command += ["--programs", str(bench.programs)]
    report: dict[str, Any] = json.loads(program_output(command, "WebRTC servers"))
    return report


def webrtc_sessions(bench: Bench) -> dict[str, Any]:
    """See what sessions of our server take and give."""
    say("WebRTC sessions")
    command = [sys.executable, str(ROOT / "bench/webrtc_sessions.py"), str(SPEECH)]
    command += ["--programs", str(bench.programs), *(["--quick"] if bench.quick else [])]
    report: dict[str, Any] = json.loads(program_output(command, "WebRTC sessions"))
    return report


def pipeline(bench: Bench) -> dict[str, Any]:
    """Run the example as a user does."""
    say("ten seconds of stereo for a speech model")
    command = [sys.executable, str(EXAMPLE), "--json", "--repeats", "5" if bench.quick else "60"]
    report: dict[str, Any] = json.loads(program_output(command, "the example"))
    return report


def python_memory(bench: Bench) -> dict[str, dict[str, float]] | None:
    """Give the peak memory of a process for each resampler of Python."""
    if bench.quick:
        return None
    job = python_peers.JOBS[0]
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.npy"
        np.save(clip, python_peers.music(job, 10.0))
        for name, code in MEMORY_CODE.items():
            say(f"memory in Python: {name}")
            text = program_output(
                [sys.executable, "-c", MEMORY_FRAME.format(str(clip), code)], name
            )
            before, after = (int(word) / 1024 for word in text.split())
            found[name] = {"peak_mib": after, "work_mib": after - before}
    return found


MEMORY_FRAME: Final = """
import numpy
def peak_kib():
    rows = open("/proc/self/status").read().splitlines()
    return next(row for row in rows if row.startswith("VmHWM")).split()[1]
x = numpy.load({0!r})[0]
before = peak_kib()
{1}
print(before, peak_kib())
"""
MEMORY_CODE: Final = {
    "remotemedia": "from remotemedia import audio; audio.resample(x, 44100, 16000)",
    "soxr": "import soxr; soxr.resample(x, 44100, 16000)",
    "librosa": "import librosa; librosa.resample(x, orig_sr=44100, target_sr=16000)",
    "resampy": "import resampy; resampy.resample(x, 44100, 16000)",
    "scipy": "from scipy.signal import resample_poly; resample_poly(x, 160, 441)",
}

# A part may run alone; the figures of the others stay as they are, with their date.
PARTS: Final[dict[str, dict[str, Callable[[Bench], Any]]]] = {
    "speech": {"accuracy": speech_accuracy, "speech": speech},
    "resampling": {
        "resamplers": c_resamplers,
        "python_resamplers": python_resamplers,
        "python_memory": python_memory,
    },
    "formats": {"formats": formats, "format_kernels": format_kernels},
    "example": {"pipeline": pipeline},
    "sessions": {"live_sessions": live_sessions, "python_sessions": python_sessions},
    "servers": {"webrtc_servers": webrtc_servers, "webrtc_sessions": webrtc_sessions},
    "kernels": {"kernels": kernels},
}
