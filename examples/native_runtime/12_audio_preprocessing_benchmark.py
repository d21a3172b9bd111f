"""Time the way from a recording to a speech model's input: native code against Python.

Ten seconds of 44.1 kHz stereo become 16 kHz mono, speech is found, and the samples become int16.
The native side runs through `remotemedia.audio` and through a `Pipeline`; as the whole clip is
there, it resamples offline. The Python side is what one would write without this package: soxr for
the rate, NumPy for the rest, and the Silero network on ONNX Runtime where both are installed. All
are warm and run in turns; the outputs are held against each other first. Run it without arguments,
or with the path of an audio file.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remotemedia import Pipeline, audio
from remotemedia.nodes import audio as nodes

Floats = NDArray[np.float32]

TARGET_RATE = 16_000
FRAME_MS = 30
THRESHOLD = 0.02
WINDOW = 512  # samples that the Silero network judges at once
SILERO_SHA256 = "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3"


def make_clip(rate: int = 44_100, seconds: float = 10.0) -> tuple[Floats, int]:
    """Make a buzz in syllables with pauses, over faint noise, louder on the left."""
    time_s = np.arange(int(rate * seconds)) / rate
    buzz = sum(np.sin(2 * np.pi * 120 * k * time_s) / k for k in range(1, 40))
    talking = (np.sin(2 * np.pi * 0.3 * time_s) > -0.2) * (0.6 + 0.4 * np.cos(6 * np.pi * time_s))
    noise = np.random.default_rng(7).standard_normal((2, time_s.size))
    clip = np.array([[0.2], [0.12]]) * buzz * talking + 0.0005 * noise
    return clip.astype(np.float32), rate


class NumpyEnergyVad:
    """An energy detector with a noise floor, whole clips at a time."""

    def __init__(self) -> None:
        self.frame = TARGET_RATE * FRAME_MS // 1000
        self.ratio = 10 ** (6 / 20)
        self.rise = 10 ** (0.1 * self.frame / TARGET_RATE)

    def process(self, mono: Floats) -> NDArray[np.bool_]:
        """One decision per frame."""
        frames = mono[: mono.size // self.frame * self.frame].reshape(-1, self.frame)
        levels = np.sqrt(np.einsum("ij,ij->i", frames, frames, dtype=np.float64) / self.frame)
        speech = np.zeros(levels.size, np.bool_)
        floor = THRESHOLD / self.ratio
        for i, level in enumerate(levels.tolist()):
            speech[i] = level > max(THRESHOLD, floor * self.ratio)
            floor = max(min(level, floor * self.rise), 1e-5)
        return speech


class OnnxSilero:
    """The Silero network on ONNX Runtime, one thread."""

    def __init__(self, model: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"]
        )

    def process(self, mono: Floats) -> Floats:
        """One probability per window of 512 samples."""
        state = np.zeros((2, 1, 128), np.float32)
        context = np.zeros((1, 64), np.float32)
        rate = np.array(TARGET_RATE, np.int64)
        found = np.empty(mono.size // WINDOW, np.float32)
        for i in range(found.size):
            window = mono[np.newaxis, i * WINDOW : (i + 1) * WINDOW]
            given = {"input": np.concatenate([context, window], 1), "state": state, "sr": rate}
            probability, state = self.session.run(None, given)
            context = window[:, -64:]
            found[i] = probability[0, 0]
        return found


def onnx_silero() -> OnnxSilero | None:
    """Give the network on ONNX Runtime, if that and the model are installed."""
    package = importlib.util.find_spec("silero_vad")
    if package is None or importlib.util.find_spec("onnxruntime") is None:
        return None
    model = Path((package.submodule_search_locations or ["."])[0]) / "data" / "silero_vad.onnx"
    if hashlib.sha256(model.read_bytes()).hexdigest() != SILERO_SHA256:
        raise SystemExit(f"{model} is another model than this example knows")
    return OnnxSilero(model)


def native_silero() -> Any:
    """Give our own network, or None where it or its model is missing; says why on stderr."""
    kind = getattr(audio, "SileroVAD", None)
    if kind is None:
        return None
    try:
        return kind(rate=TARGET_RATE)
    except (OSError, ValueError) as error:
        print(f"without SileroVAD: {error}", file=sys.stderr)
        return None


Stage = Callable[[Any], Any]


def native_stages(clip: Floats, rate: int, vad: str) -> dict[str, Stage]:
    """Give the three steps through `remotemedia.audio`; each takes what the first step gave."""
    silero = native_silero() if vad == "silero" else None

    def find_speech(mono: Floats) -> NDArray[Any]:
        if silero is None:
            return audio.EnergyVAD(TARGET_RATE, FRAME_MS, THRESHOLD).process(mono)
        silero.reset()
        probabilities: NDArray[Any] = silero.process(mono)
        return probabilities

    return {
        "resample": lambda _: audio.resample(clip, rate, TARGET_RATE, mono=True, mode="offline")[0],
        "vad": find_speech,
        "format": lambda mono: audio.convert_format(mono, "i16"),
    }


def python_stages(clip: Floats, rate: int, vad: str) -> dict[str, Stage]:
    """Give the same steps with soxr, NumPy and ONNX Runtime; the cheapest is to mix first."""
    import soxr

    detector = onnx_silero() if vad == "silero" else NumpyEnergyVad()
    assert detector is not None
    return {
        "resample": lambda _: soxr.resample(clip.mean(axis=0), rate, TARGET_RATE, "HQ"),
        "vad": detector.process,
        "format": lambda mono: np.clip(np.rint(mono * np.float32(32768)), -32768, 32767).astype(
            np.int16
        ),
    }


def pipeline_call(clip: Floats, rate: int, vad: str) -> Callable[[], Any]:
    """Give the same as a graph of three nodes."""
    pipeline = Pipeline(name="preprocessing")
    pipeline.add_node(
        nodes.AudioResampleNode(target_sample_rate=TARGET_RATE, mono=True, mode="offline")
    )
    if vad == "silero":
        pipeline.add_node(nodes.SileroVADNode())
    else:
        pipeline.add_node(nodes.VADNode(frame_duration_ms=FRAME_MS, energy_threshold=THRESHOLD))
    pipeline.add_node(nodes.FormatConverterNode(target_format="i16"))
    return lambda: pipeline.run_sync((clip, rate))


def run_stages(stages: dict[str, Stage]) -> tuple[dict[str, float], dict[str, Any]]:
    """Run the steps one after another; milliseconds and result of each."""
    times: dict[str, float] = {}
    results: dict[str, Any] = {}
    for name, stage in stages.items():
        given = results.get("resample")
        start = time.perf_counter_ns()
        results[name] = stage(given)
        times[name] = (time.perf_counter_ns() - start) / 1e6
    return times, results


def check_against(native: dict[str, Any], python: dict[str, Any], vad: str) -> dict[str, float]:
    """Hold the outputs against each other; gives how near they are, raises where they are not."""
    ours, theirs = native["resample"], python["resample"]
    if abs(ours.size - theirs.size) > 1 or native["format"].dtype != np.int16:
        raise SystemExit(f"{ours.size} and {theirs.size} frames: not the same work")
    n = min(ours.size, theirs.size)
    edge = min(1_000, n // 4)
    difference = (ours[edge : n - edge] - theirs[edge : n - edge]).astype(np.float64)
    level = math.sqrt(float(np.mean(theirs[edge : n - edge].astype(np.float64) ** 2)))
    noise = math.sqrt(float(np.mean(difference**2)))
    steps = native["format"][:n].astype(int) - python["format"][:n]
    windows = min(native["vad"].size, python["vad"].size)
    speech = [result["vad"][:windows] > 0.5 for result in (native, python)]
    agreement = {
        "resample_difference_db": 20 * math.log10(max(noise, 1e-12) / level) if level else -240.0,
        "same_vad_answers": float(np.mean(speech[0] == speech[1])) if windows else 1.0,
        "largest_int16_step": float(np.max(np.abs(steps[edge : n - edge]), initial=0)),
    }
    # Both filters leave the band below 7.2 kHz alone; from there to 8 kHz they fall differently.
    if agreement["resample_difference_db"] > -20 or agreement["same_vad_answers"] < 0.95:
        raise SystemExit(f"{vad}: native and Python results differ: {agreement}")
    return agreement


def summary(values: list[float]) -> dict[str, float]:
    """Median and spread: half of the distance between the quartiles, relative to the median."""
    middle = statistics.median(values)
    low, _, high = statistics.quantiles(values, n=4) if len(values) > 1 else [middle] * 3
    return {"median_ms": middle, "spread": (high - low) / 2 / middle}


def measure(clip: Floats, rate: int, vad: str, repeats: int) -> dict[str, Any]:
    """Time the native steps, the pipeline and the Python steps in turns."""
    sides = {"native": native_stages(clip, rate, vad)}
    if importlib.util.find_spec("soxr") is not None and (vad == "energy" or onnx_silero()):
        sides["python"] = python_stages(clip, rate, vad)
    pipeline = pipeline_call(clip, rate, vad)
    outputs = {side: run_stages(stages)[1] for side, stages in sides.items()}
    graph_samples = pipeline()[0]
    if not np.array_equal(np.ravel(graph_samples), outputs["native"]["format"]):
        raise SystemExit("the pipeline's samples are not those of the functions")
    stage_ms: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
    pipeline_ms: list[float] = []

    def run_pipeline() -> None:
        start = time.perf_counter_ns()
        pipeline()
        pipeline_ms.append((time.perf_counter_ns() - start) / 1e6)

    def run_side(side: str, stages: dict[str, Stage]) -> None:
        stage_ms[side].append(run_stages(stages)[0])

    turns = [*(partial(run_side, *side) for side in sides.items()), run_pipeline]
    for _ in range(repeats):
        for turn in turns:
            turn()
        turns.reverse()  # so that none always finds the caches of the same one before it
    totals = {side: [sum(row.values()) for row in rows] for side, rows in stage_ms.items()}
    result: dict[str, Any] = {
        side: {
            **summary(totals[side]),
            "stages_ms": {name: statistics.median(row[name] for row in rows) for name in rows[0]},
        }
        for side, rows in stage_ms.items()
    }
    result["pipeline"] = summary(pipeline_ms)
    if "python" in sides:
        for side, times in (("native", totals["native"]), ("pipeline", pipeline_ms)):
            pairs = zip(totals["python"], times, strict=True)
            result[side]["times_faster"] = statistics.median(p / t for p, t in pairs)
        result["agreement"] = check_against(outputs["native"], outputs["python"], vad)
    return result


def load(path: str | None) -> tuple[Floats, int]:
    """Give the file, or the clip of this example; two channels either way."""
    if path is None:
        return make_clip()
    clip, rate = audio.read(path)
    return np.ascontiguousarray(np.resize(clip, (2, clip.shape[1]))), rate


def peak_kib() -> int:
    """Give this process's own peak memory; what rusage says begins with the parent's."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    line = next(row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
    return int(line.split()[1])


def print_peak_memory(side: str, vad: str, clip_file: str, rate: int) -> None:
    """Do one side's work once in this process; print its peak memory before and after, in KiB."""
    clip = np.load(clip_file)
    before = peak_kib()
    stages = native_stages if side == "native" else python_stages
    run_stages(stages(clip, rate, vad))
    print(before, peak_kib())


def peak_memory(side: str, vad: str, clip: Floats, rate: int) -> dict[str, float]:
    """Peak memory of a fresh process that does one side's work, and how much of it the work took.

    The clip was there before; libraries that a side loads late count as its work.
    """
    with tempfile.TemporaryDirectory() as folder:
        clip_file = os.path.join(folder, "clip.npy")
        np.save(clip_file, clip)
        command = [sys.executable, __file__, clip_file, "--memory-of", side, vad, str(rate)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    before, after = (int(word) / 1024 for word in done.stdout.split())
    return {"peak_mib": after, "work_mib": after - before}


def report(results: dict[str, Any], seconds: float) -> None:
    """Print a table for each detector."""
    for vad, result in results.items():
        print(f"\n{vad} VAD, {seconds:.1f} s of audio")
        for side in ("native", "pipeline", "python"):
            if side not in result:
                continue
            row = result[side]
            stages = "  ".join(f"{name} {ms:.2f}" for name, ms in row.get("stages_ms", {}).items())
            faster = f"{row['times_faster']:5.1f}x" if "times_faster" in row else ""
            peak = f"peak {row['peak_mib']:.0f} MiB" if "peak_mib" in row else ""
            print(
                f"{side:<9} {row['median_ms']:8.2f} ms +-{100 * row['spread']:.0f} % "
                f"{faster:<7} {peak:<14} {stages}"
            )
        if "python" not in result:
            print("python    not measured: it needs soxr, and for Silero onnxruntime, silero-vad")


def main() -> None:
    """Measure what this machine has and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", help="audio file; without it, a clip of 10 s")
    parser.add_argument("--repeats", type=int, default=30, help="rounds that count (default 30)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--memory-of", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.repeats < 1:
        parser.error("--repeats must be 1 or more")
    if options.memory_of:
        side, vad, rate = options.memory_of
        print_peak_memory(side, vad, options.file, int(rate))
        return
    clip, rate = load(options.file)
    results = {}
    for vad in ["energy", *(["silero"] if native_silero() else [])]:
        results[vad] = measure(clip, rate, vad, options.repeats)
        for side in ("native", "python"):
            if side in results[vad]:
                results[vad][side].update(peak_memory(side, vad, clip, rate))
    seconds = clip.shape[1] / rate
    if options.json:
        print(json.dumps({"seconds": seconds, "rate": rate, "results": results}, indent=1))
    else:
        report(results, seconds)


if __name__ == "__main__":
    main()
