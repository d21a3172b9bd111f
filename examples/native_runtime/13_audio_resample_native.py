"""Change a sample rate with each quality, on native code and on the Python fallback.

Run it without arguments for a test tone, or with the path of an audio file. Times are medians of
warm runs on this machine.
"""

from __future__ import annotations

import statistics
import sys
import time

import numpy as np
from numpy.typing import NDArray

from remotemedia import Pipeline, audio
from remotemedia.nodes.audio import AudioResampleNode

TARGET_RATE = 16_000
REPEATS = 5


def make_tone(rate: int = 48_000, seconds: float = 2.0) -> tuple[NDArray[np.float32], int]:
    """1 kHz at half of full scale, which is -9.03 dB RMS at any sample rate."""
    time_s = np.arange(int(rate * seconds)) / rate
    tone = 0.5 * np.sin(2 * np.pi * 1000 * time_s)
    return tone[np.newaxis].astype(np.float32), rate


def level_db(samples: NDArray[np.float32]) -> float:
    """RMS of the middle half, in dB of full scale: the ends carry the filter's fade."""
    quarter = samples.shape[-1] // 4
    middle = samples[..., quarter : samples.shape[-1] - quarter].astype(np.float64)
    return float(10 * np.log10(np.mean(middle**2) + 1e-20))


def resample(samples: NDArray[np.float32], rate: int, quality: str, hint: str) -> None:
    """Run one pipeline REPEATS times after a first, unmeasured run, and print what came out."""
    node = AudioResampleNode(target_sample_rate=TARGET_RATE, quality=quality, runtime_hint=hint)
    pipeline = Pipeline([node], enable_metrics=True)
    result, _ = pipeline.run_sync((samples, rate))
    times_ms = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        pipeline.run_sync((samples, rate))
        times_ms.append(1e3 * (time.perf_counter() - start))
    ran_on = pipeline.get_metrics()["node_metrics"][0]["runtime"]
    print(
        f"quality={quality:<9} hint={hint:<6} ran={ran_on:<6} "
        f"frames={samples.shape[-1]}->{result.shape[-1]} "
        f"level={level_db(samples):.2f}->{level_db(result):.2f} dB "
        f"time={statistics.median(times_ms):.2f} ms"
    )


def main() -> None:
    """Compare qualities and runtimes on one clip."""
    samples, rate = audio.read(sys.argv[1]) if len(sys.argv) > 1 else make_tone()
    seconds = samples.shape[-1] / rate
    print(f"{samples.shape[0]} channel(s), {seconds:.2f} s, {rate} Hz -> {TARGET_RATE} Hz")
    for quality in ("low", "medium", "high", "very_high"):
        for hint in ("native", "python"):
            resample(samples, rate, quality, hint)


if __name__ == "__main__":
    main()
