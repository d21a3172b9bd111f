"""Prepare audio for a speech recogniser: 16 kHz mono, speech found, 16-bit samples.

Run it without arguments for a speech-like signal, or with the path of an audio file.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from remotemedia import Pipeline
from remotemedia.nodes.audio import AudioResampleNode, FormatConverterNode, VADNode

RATE = 48_000
VOICED_S = ((0.6, 1.8), (2.7, 4.2))


def speech_like() -> tuple[NDArray[np.float32], int]:
    """Five seconds of faint noise with two voiced passages: a 120 Hz buzz in syllables."""
    time_s = np.arange(5 * RATE) / RATE
    buzz = sum(np.sin(2 * np.pi * 120 * k * time_s) / k for k in range(1, 20))
    syllables = 0.6 + 0.4 * np.cos(2 * np.pi * 3 * time_s)
    voiced = np.zeros_like(time_s)
    for start, end in VOICED_S:
        voiced[(time_s >= start) & (time_s < end)] = 1.0
    noise = np.random.default_rng(7).standard_normal(time_s.size)
    signal = 0.2 * buzz * syllables * voiced + 0.001 * noise
    return signal[np.newaxis].astype(np.float32), RATE


async def main() -> None:
    """Run the pipeline once and print what it found and what it cost."""
    pipeline = Pipeline(name="speech_preparation", enable_metrics=True)
    pipeline.add_node(
        AudioResampleNode(target_sample_rate=16_000, quality="high", mono=True, name="resample")
    )
    pipeline.add_node(VADNode(sample_rate=16_000, frame_duration_ms=30, name="vad"))
    pipeline.add_node(FormatConverterNode(target_format="i16", name="format"))

    source = Path(sys.argv[1]) if len(sys.argv) > 1 else speech_like()
    samples, rate, metadata = await pipeline.run(source)

    print(f"out: {samples.dtype} {samples.shape} at {rate} Hz")
    print(f"speech in {metadata['speech_frames']} of {metadata['total_frames']} frames of 30 ms")
    for start, end in metadata["speech_segments"]:
        print(f"speech {start:.2f} s .. {end:.2f} s")
    for node in pipeline.get_metrics()["node_metrics"]:
        print(
            f"{node['node_id']:<12} ran={node['runtime']:<6} {node['execution_count']:>4} calls "
            f"{node['total_duration_us'] / 1e3:8.2f} ms"
        )


if __name__ == "__main__":
    asyncio.run(main())
